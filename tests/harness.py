# SPDX-License-Identifier: BSD-2-Clause
"""What scenarios and benchmarks share: systems written as a few words, runs in an emulator, and
what they print."""
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import emulate  # noqa: E402

BUILD = ROOT / "build"
GUESTS = BUILD / "guests"
DONE, REFUSED, PANIC = emulate.DONE, emulate.REFUSED, emulate.PANIC
TIMEOUT = 240  # seconds, of one run

CONSOLE = """isa { compatible = "isa"; #address-cells = <2>; #size-cells = <1>;
    serial@3f8 { compatible = "shikiri,console"; reg = <1 0x3f8 8>; }; };"""
COM2 = """isa { compatible = "isa"; #address-cells = <2>; #size-cells = <1>;
    serial@2f8 { compatible = "ns16550a"; reg = <1 0x2f8 8>; }; };"""
VGA = 'vga { compatible = "shikiri,vga-text"; };'


@dataclass
class Partition:
    """One partition node; `memory` holds the lines of extra memory properties or nodes."""
    label: str
    image: str
    bootargs: str = ""
    mib: int = 4
    devices: str = CONSOLE
    extra: str = ""
    memory: str = ""

    def node(self, number):
        size = self.mib * 1024 * 1024
        return f"""partition@{number:x} {{ compatible = "shikiri,partition"; reg = <{number}>;
    label = "{self.label}"; image = "{self.image}"; bootargs = "{self.bootargs}"; {self.extra}
    #address-cells = <2>; #size-cells = <2>;
    memory@0 {{ device_type = "memory"; reg = <0 0 0 {size:#x}>; {self.memory} }};
    {self.devices} }};
"""


COUNTED = "#address-cells = <1>; #size-cells = <0>;"


def reference(number):
    """A phandle of a partition, by its number."""
    return f"<&{{/partitions/partition@{number:x}}}>"


def in_turn(*numbers, slot_us=1000):
    """A round-robin schedule of some partitions."""
    return (f'schedule {{ compatible = "shikiri,round-robin"; slot-us = <{slot_us}>; '
            f'partitions = {", ".join(map(reference, numbers))}; }};')


@dataclass
class Slot:
    """A slot of a frame; partitions by their numbers."""
    offset_us: int
    duration_us: int
    partition: int
    background: int = None
    pad_us: int = 0

    def node(self, number):
        more = f"background = {reference(self.background)}; " if self.background is not None else ""
        more += f"pad-us = <{self.pad_us}>; " if self.pad_us else ""
        return (f"slot@{number:x} {{ reg = <{number}>; offset-us = <{self.offset_us}>; "
                f"duration-us = <{self.duration_us}>; partition = {reference(self.partition)}; {more}}};\n")


def frame(frame_us, *plans):
    """A cyclic schedule; a plan is a list of slots."""
    nodes = "".join(f"plan@{i} {{ reg = <{i}>; {COUNTED}\n" + "".join(s.node(j) for j, s in enumerate(plan)) + "};\n"
                    for i, plan in enumerate(plans))
    return f'schedule {{ compatible = "shikiri,cyclic"; frame-us = <{frame_us}>; {COUNTED}\n{nodes}}};'


def processors(schedules):
    """The /cpus node: a schedule for each processor number."""
    nodes = "".join(f'cpu@{n:x} {{ device_type = "cpu"; reg = <{n}>; {s} }};\n' for n, s in schedules.items())
    return f"cpus {{ {COUNTED}\n{nodes}}};"


def system(*partitions, slot_us=1000, schedule=None):
    """The text of a .dts; without a schedule, all partitions share one processor in turn."""
    nodes = "".join(partition.node(i) for i, partition in enumerate(partitions))
    schedule = schedule or f'schedule {{ compatible = "shikiri,round-robin"; slot-us = <{slot_us}>; }};'
    return f"""/dts-v1/;
/ {{ compatible = "shikiri,system";
{schedule}
partitions {{ #address-cells = <1>; #size-cells = <0>;
{nodes}}}; }};
"""


@dataclass
class Result:
    """What a run left behind."""
    status: int
    serial: str  # COM1, line ends as \n
    com2: str = ""
    raw: bytes = b""
    lines: list = field(default_factory=list)
    verdict: object = None  # what both say, see assert_agreement()

    def __post_init__(self):
        self.lines = self.serial.splitlines()

    def errors(self):
        """The texts of the error lines."""
        return [line.removeprefix("shikiri: error: ") for line in self.lines if line.startswith("shikiri: error: ")]

    def certificate(self):
        """The hash of the first certificate that was printed, or None."""
        match = re.search(r"^shikiri: certificate ([0-9a-f]{64})$", self.serial, re.MULTILINE)
        return match and match[1]

    def of(self, label):
        """What a partition printed."""
        return [line.split(" | ", 1)[1] for line in self.lines if re.match(rf"{re.escape(label)} *\| ", line)]

    def summary(self):
        """The closing table: label, or label/number of a vCPU -> state, run time in us, switches, exits by name."""
        rows = {}
        for line in self.lines:
            match = re.match(r"shikiri: (\S+) +(runs|halted|ended|faulted) +(\d+) +\d+ +(\d+)", line)
            if match:
                rows[match[1]] = (match[2], int(match[3]), int(match[4]), {})
            match = re.match(r"shikiri: (\S+) +(write CR8|write DR7|#?\w+) +(\d+) +\d+ +2\^", line)
            if match:
                rows[match[1]][3][match[2]] = int(match[3])
        return rows


def compile_text(text, directory, name="system"):
    """Compiles the text of a .dts in a directory and returns the blob's path."""
    source = Path(directory) / f"{name}.dts"
    source.write_text(text)
    return emulate.compile_dts(source, directory)


def images_of(dtb):
    return [GUESTS / name for name in emulate.image_names(dtb)]


def symbol(name, image=BUILD / "shikiri.sym.elf"):
    """The address of a function of the hypervisor, or of a guest."""
    table = subprocess.run(["nm", image], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {name}$", table, re.MULTILINE)[1], 16)


def call_checker(config, images, board, *options):
    """Runs shikiri-check on a system, as a finished process."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "board.dts"
        path.write_text(board)
        done = subprocess.run([BUILD / "shikiri-check", *options, "--board", path, config, *images],
                              capture_output=True, text=True, errors="replace")
    assert done.returncode in (0, 1), done.stderr
    return done


def errors_of_checker(done):
    return re.findall(r"^(.+?): error: (.*)$", done.stderr, re.MULTILINE)


def check_system(config, images, board=emulate.board(256, 4)):
    """What shikiri-check says of a system: its exit status, and the errors as place and message."""
    done = call_checker(config, images, board, "--quiet")
    assert not done.stdout
    return done.returncode, errors_of_checker(done)


@dataclass
class Verdict:
    """What is said of a system: errors, or where its windows lie and the hash of its certificate."""
    errors: list
    windows: list  # label, host address, KiB, guest-physical address, rights
    certificate: str


def verdict_of_checker(blob, images, board):
    done = call_checker(blob, images, board)
    rows = re.findall(r"^  0x(\w+) - 0x(\w+) .*?B  (\S+): 0x(\w+), (r..)(?:, fixed)?$", done.stdout, re.MULTILINE)
    windows = sorted((label, int(base, 16), (int(last, 16) + 1 - int(base, 16)) // 1024, int(gpa, 16), rights)
                     for base, last, label, gpa, rights in rows)
    match = re.search(r"^certificate ([0-9a-f]{64})$", done.stdout, re.MULTILINE)
    errors = [message for _, message in errors_of_checker(done)]
    assert done.returncode == (1 if errors else 0)
    return Verdict(errors, windows, match and match[1])


def verdict_of_hypervisor(result):
    """None when it has not come to look at a system."""
    errors = [error for error in result.errors() if re.match(r"/|device tree: |machine: |certificate: .* of module ", error)]
    rows = re.findall(r"^shikiri: partition (\S+): (\d+) KiB at 0x(\w+) is memory at 0x(\w+)(, read-only)?(, no execute)?$",
                      result.serial, re.MULTILINE)
    windows = sorted((label, int(base, 16), int(kib), int(gpa, 16), f"r{'-' if fixed else 'w'}{'-' if data else 'x'}")
                     for label, kib, gpa, base, fixed, data in rows)
    if not errors and not result.certificate():
        return None
    return Verdict(errors, [] if errors else windows, None if errors else result.certificate())


def is_blob(path):
    return Path(path).read_bytes()[:4] == b"\xd0\x0d\xfe\xed"


def assert_agreement(result, modules, board):
    """Of a system that the hypervisor has looked at, the checker says the same, to the letter and to the hash. Returns
    what both say, or None."""
    blobs = [module for module in modules if is_blob(module)]
    said = verdict_of_hypervisor(result)
    if len(blobs) != 1 or not said:
        return None
    wanted = verdict_of_checker(blobs[0], [module for module in modules if module not in blobs], board)
    if said != wanted:
        raise AssertionError(f"they disagree; the hypervisor: {said}\nshikiri-check: {wanted}")
    return said


def spawn(command, timeout=TIMEOUT):
    """Runs a command with a time limit and returns its exit status."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        try:
            output, _ = run.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run did not end within {timeout} seconds: {' '.join(map(str, command))}") from None
        finally:
            run.kill()  # whatever ends this program
    return run.returncode, output.decode(errors="replace")


def outcome(serial):
    """How a run ended by what it said, as QEMU's exit status; None when it said nothing about that."""
    for status, words in ((PANIC, "panic: "), (REFUSED, "error: "), (DONE, "all partitions stopped "),
                          (DONE, "the run ended ")):
        if re.search(rf"^shikiri: {words}", serial, re.MULTILINE):
            return status
    return None


def run_qemu(text=None, dtb=None, modules=None, options="", iso=None, more=(), timeout=TIMEOUT, build=BUILD,
             statuses=(DONE, REFUSED), log=None, **machine):
    """Boots a system in QEMU until it ends by itself, in one of `statuses`. Give the .dts as text, a blob, or all
    modules. COM1 can go to a file that stays."""
    with tempfile.TemporaryDirectory() as directory:
        if text is not None:
            dtb = compile_text(text, directory)
        if modules is None:
            modules = [dtb, *images_of(dtb)] if dtb else []
        com1, com2 = Path(log or f"{directory}/com1"), Path(directory) / "com2"
        if dtb:
            machine.setdefault("cpus", emulate.cpu_count(dtb))
        command = emulate.qemu_command(build, modules=modules, options=f"on-end=qemu-exit {options}".strip(), iso=iso,
                                       serial=(f"file:{com1}", f"file:{com2}"), more=("-monitor", "none", *more),
                                       **machine)
        try:
            status, output = spawn(command, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{com1.read_text(errors='replace')[-3000:]}") from None
        raw = com1.read_bytes() if com1.exists() else b""
        result = Result(status, raw.decode(errors="replace").replace("\r\n", "\n"),
                        com2.read_text(errors="replace") if com2.exists() else "", raw)
        if status not in statuses or status != outcome(result.serial):
            raise AssertionError(f"QEMU ended with {status}, want one of {statuses}\n{output}\n{result.serial[-4000:]}")
        shape = {name: machine[name] for name in ("memory", "cpus", "low") if name in machine}
        result.verdict = assert_agreement(result, modules, emulate.board(**shape))
        return result


def run_bochs(text, cpu, timeout=TIMEOUT, statuses=(DONE,), commands=()):
    """Boots a system from an ISO in Bochs until it ends by itself, in one of `statuses`; `commands` are its
    debugger's."""
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        dtb = compile_text(text, directory)
        iso = emulate.make_iso(BUILD, directory / "system.iso", [dtb, *images_of(dtb)], "on-end=bochs-shutdown")
        serial, com2 = directory / "com1", directory / "com2"
        config, script = directory / "bochsrc", directory / "commands"
        config.write_text(emulate.bochs_config(iso, serial, directory / "log", cpu, com2_file=com2, cpus=emulate.cpu_count(dtb)))
        script.write_text("\n".join([*commands, *["c"] * 5, ""]))
        try:
            _, output = spawn(["bochs", "-q", "-f", config, "-rc", script], timeout)
        except AssertionError as error:
            log = (directory / "log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"{error}\n{serial.read_text(errors='replace')[-3000:]}\n{log}") from None
        assert serial.exists(), output[-3000:]
        raw = serial.read_bytes()
        text = raw.decode(errors="replace").replace("\r\n", "\n")
        result = Result(outcome(text), text, com2.read_text(errors="replace") if com2.exists() else "", raw)
        if result.status not in statuses:
            raise AssertionError(f"Bochs ended with {result.status}, want one of {statuses}\n{text[-4000:]}")
        return result
