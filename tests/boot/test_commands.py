# SPDX-License-Identifier: BSD-2-Clause
"""The commands as a user types them: make run and make iso, with good and bad values, and what they print."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager

import pytest
from harness import CONSOLE, GUESTS, ROOT, VGA, Partition, compile_text, system

TIMEOUT = 120  # seconds, of one command
EXAMPLES = "the examples are " + ", ".join(
    f"dts/examples/{path.name}" for path in sorted((ROOT / "dts/examples").glob("*.dts")))
COUNTER = Partition("one", "counter64.elf", "seed=1 rounds=3 uart=0x3f8")


def environment():
    """Without what a make around the tests and the user's desktop would change."""
    mine = ("MAKEFLAGS MFLAGS MAKELEVEL DISPLAY WAYLAND_DISPLAY "
            "V CONFIG IMAGES SECONDS OPTIONS SCREEN CPU MEMORY ICOUNT UNCHECKED QEMU SVG CERTIFICATE BOARD FOR_MS FROM FOR RUNS").split()
    return {key: value for key, value in os.environ.items() if key not in mine}


def make(target, *options, **variables):
    """`make TARGET VARIABLE=value ...`: exit status, standard output, standard error without make's own line."""
    done = subprocess.run(["make", target, *options, *[f"{name}={value}" for name, value in variables.items()]],
                          cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT)
    return done.returncode, done.stdout, re.sub(r"make: .*\n", "", done.stderr)


def write_system(directory, *partitions, name=None):
    """A .dts of a name that no scenario beside uses, as build/ has files of that name."""
    directory.mkdir(exist_ok=True)
    config = directory / (name or f"{directory.name}.dts")
    config.write_text(system(*partitions))
    return config


@pytest.mark.parametrize("variable, value, message", [
    ("SECONDS", "-1", "SECONDS: found -1, want a whole number of seconds, at least 1"),
    ("SECONDS", "0", "SECONDS: found 0, want a whole number of seconds, at least 1"),
    ("SECONDS", "abc", "SECONDS: found abc, want a whole number of seconds, at least 1"),
    ("MEMORY", "abc", "MEMORY: found abc, want a whole number of mebibytes, at least 2"),
    ("MEMORY", "512M", "MEMORY: found 512M, want a whole number of mebibytes, at least 2"),
    ("SCREEN", "big", "SCREEN: found big, want window, vnc, curses or none"),
    ("SCREEN", "window", "SCREEN: found window without DISPLAY, want vnc, curses or none"),
    ("SCREEN", "curses", "SCREEN: found curses without a terminal, want vnc or none"),
    ("IMAGES", "gone.elf", "IMAGES: found gone.elf, no such file, want a guest's ELF file or a certificate"),
    ("IMAGES", "docs", "IMAGES: found docs, a directory, want a guest's ELF file or a certificate"),
    ("CERTIFICATE", "gone.cert",
     "CERTIFICATE: found gone.cert, no such file, want one by shikiri-check --certificate"),
    ("QEMU", "-d 'int", "QEMU: found -d 'int (No closing quotation), want words, quoted as for the shell"),
    ("CONFIG", "", f"CONFIG: found nothing, want a .dts or .dtb; {EXAMPLES}"),
    ("CONFIG", "gone.dts", f"CONFIG: found gone.dts, no such file, want a .dts or .dtb; {EXAMPLES}"),
    ("CONFIG", "my dir/it's.dts", f"CONFIG: found my dir/it's.dts, no such file, want a .dts or .dtb; {EXAMPLES}"),
    ("CONFIG", "dts/examples", f"CONFIG: found dts/examples, a directory, want a .dts or .dtb; {EXAMPLES}"),
    ("CONFIG", "hello",
     "CONFIG: found hello, no such file, want a .dts or .dtb; did you mean dts/examples/hello.dts?"),
    ("CONFIG", "README.md", f"CONFIG: found README.md, want a name that ends with .dts or .dtb; {EXAMPLES}"),
])
def test_bad_value(variable, value, message):
    """One line says what is wrong, and nothing starts."""
    assert make("run", **{variable: value}) == (2, "", f"error: {message}\n")


def test_paths_with_spaces(tmp_path):
    """A .dts and an image anywhere, whatever is in their directories' names."""
    config = write_system(tmp_path / "my, dir", Partition("one", "mine.elf", COUNTER.bootargs), name="it's mine.dts")
    images = tmp_path / "its images, too"
    images.mkdir()
    shutil.copy(GUESTS / "counter64.elf", images / "mine.elf")
    status, output, errors = make("run", CONFIG=config, IMAGES=shlex.quote(str(images / "mine.elf")))
    assert (status, errors) == (0, "")
    assert "partition one ended with status 0" in output


def test_blob_and_options_for_the_hypervisor(tmp_path):
    """A .dtb runs as its .dts does, and two runs under ICOUNT=1 are alike, with every record of the trace."""
    config = write_system(tmp_path, COUNTER, Partition("two", "counter32.elf", "seed=2 rounds=3"))
    blob = config.with_suffix(".dtb")  # of the same name: its length moves the TSC
    subprocess.run(["dtc", "-q", "-o", blob, config], check=True)
    first, second = [make("run", CONFIG=path, ICOUNT=1, OPTIONS="trace=print") for path in (config, blob)]
    assert first[0] == 0 and first[2] == "" and first[1].count("shikiri: trace 0: ") > 1
    assert first == second


def test_options_for_qemu(tmp_path):
    log = tmp_path / "resets.log"
    status, output, errors = make("run", CONFIG=write_system(tmp_path, COUNTER), QEMU=f"-d cpu_reset -D {log}", V=1)
    assert (status, errors) == (0, "")
    assert "CPU Reset" in log.read_text()
    assert shlex.split(output.splitlines()[0])[-4:] == ["-d", "cpu_reset", "-D", str(log)]


def test_timed_end(tmp_path):
    """Nothing but what belongs to it is printed, whatever the processor lacks under TCG."""
    config = shutil.copy(ROOT / "dts/examples/trio.dts", tmp_path / "timed.dts")  # its logs are no other run's
    status, output, errors = make("run", CONFIG=config, SECONDS=15, CPU="EPYC")
    lines = output.splitlines()
    assert (status, errors) == (0, "")
    assert lines[0].endswith("Ends after 15 seconds.") and "ended after 15 seconds" in lines
    assert "Shikiri 0.1, a partitioning hypervisor" in lines
    assert lines[-1].startswith("counter: seed 1 round ")  # COM2


@contextmanager
def started(config, *options):
    """tools/emulate.py run, as make does it, with a limit that only a failure reaches."""
    command = ["/usr/bin/python3", "tools/emulate.py", "--seconds", str(TIMEOUT), *options, "run", str(config)]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.terminate()
            program.communicate(timeout=TIMEOUT)


def line_with(stream, text):
    """Reads up to a line that has the text, and returns it."""
    for line in stream:
        if text in line:
            return line
    raise AssertionError(f"the output ended before {text}")


@pytest.mark.parametrize("end", ["reader", "signal"])
def test_early_end(tmp_path, end):
    """When nobody reads on, as in `make run | head`, or by a signal: in silence, and QEMU goes too."""
    with started(write_system(tmp_path, Partition("one", "hog.elf"))) as program:
        line_with(program.stdout, "partitioning hypervisor")
        qemu = subprocess.run(["ps", "-o", "pid=", "--ppid", str(program.pid)], capture_output=True, text=True).stdout
        if end == "reader":
            program.stdout.close()
        else:
            program.send_signal(signal.SIGTERM)
        status = program.wait(timeout=TIMEOUT / 2)
        assert (status, program.stderr.read()) == (0, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(qemu), 0)


@pytest.mark.parametrize("command", ["run", "iso"])
def test_checked(tmp_path, command):
    """shikiri-check tells a mistake with its place, and nothing is booted or left behind."""
    config = write_system(tmp_path, Partition("a b", "counter64.elf"))
    line = next(i for i, text in enumerate(config.read_text().splitlines(), 1) if "label" in text)
    status, output, errors = make(command, CONFIG=config)
    assert (status, output) == (2, "")
    assert re.fullmatch(rf"{config}:{line}: error: /partitions/partition@0/label: found \"a b\", want .*\n1 error\n"
                        rf"error: {config}: refused for the errors above\n", errors)


def test_memory_is_checked(tmp_path):
    """The checker knows how much memory the machine has."""
    config = write_system(tmp_path, Partition("a", "counter64.elf", "rounds=1", mib=400))
    assert ", which fit into the RAM that is left" in make("run", CONFIG=config)[2]
    assert make("run", CONFIG=config, MEMORY=512)[0] == 0


def test_refused(tmp_path):
    """The last line says that it was the configuration."""
    config = write_system(tmp_path, Partition("a b", "counter64.elf"))
    status, output, errors = make("run", CONFIG=config, UNCHECKED=1)
    assert (status, errors) == (2, f"error: {config}: refused by the hypervisor for the errors above, no partition "
                                   "has started\n")
    assert 'label: found "a b", want 1 to 15 letters' in output


def test_blob_with_odd_characters(tmp_path):
    """What dtc would not even print is refused by the hypervisor's own words."""
    blob = compile_text(system(COUNTER), tmp_path, "odd")
    blob.write_bytes(blob.read_bytes().replace(b"slot-us", b"slo\xed-us"))
    status, output, said = make("run", CONFIG=blob, SECONDS=5, UNCHECKED=1)
    assert status != 0 and "Traceback" not in said
    assert "shikiri: error: /schedule/slo?-us: found an unknown property, want none" in output, output + said


def test_dtc(tmp_path):
    """A mistake in the syntax is told in shikiri-check's words, and no warning of dtc: the hypervisor says those better."""
    config = write_system(tmp_path, COUNTER)
    text = config.read_text()  # the third line has the schedule
    config.write_text(text.replace("reg = <0>;", ""))
    assert "Warning" in subprocess.run(["dtc", "-o", os.devnull, config], capture_output=True, text=True).stderr
    status, output, errors = make("run", CONFIG=config)
    assert "/partition@0/reg: found nothing, want 0 to 4294967295" in errors and "Warning" not in output + errors
    config.write_text(text.replace("slot-us", "= slot-us"))
    for unchecked in (0, 1):
        assert make("run", CONFIG=config, UNCHECKED=unchecked) == (
            2, "", f"{config}:3: error: syntax error\n1 error\n"
                   f"error: {config}: refused for the errors above\n")


def test_image_name(tmp_path):
    config = write_system(tmp_path, Partition("one", "a,b.elf"))
    shutil.copy(GUESTS / "hog.elf", tmp_path / "a,b.elf")
    assert make("run", CONFIG=config) == (
        2, "", f'error: {config}: found "a,b.elf", want a name without commas, as QEMU has them between names\n')


def test_missing_images(tmp_path):
    """All of them are named, with places; those that are given, beside the .dts and among the examples are found."""
    config = write_system(tmp_path, Partition("one", "given.elf"), Partition("two", "gone.elf"),
                          Partition("three", "hog.elf"), Partition("four", "lost.elf"))
    given = tmp_path / "more" / "given.elf"
    given.parent.mkdir()
    shutil.copy(GUESTS / "hog.elf", given)
    lines = {name: i for i, text in enumerate(config.read_text().splitlines(), 1)
             for name in re.findall('image = "([a-z]+).elf"', text)}
    errors = make("run", CONFIG=config, IMAGES=given)[2].splitlines()
    assert [line for line in errors if ": error: " in line] == [
        f"{config}:{lines[name]}: error: /partitions/partition@{number}/image: found no file \"{name}.elf\", want it "
        "loaded as a module; loaded are: given.elf, hog.elf" for number, name in ((1, "gone"), (3, "lost"))]


def test_warnings(tmp_path):
    """What shikiri-check finds odd is said before the run, but for how much memory is left."""
    config = write_system(tmp_path, Partition("one", "counter64.elf", "rounds=1", devices=CONSOLE))
    config.write_text(config.read_text().replace("slot-us = <1000>", "slot-us = <99>"))
    status, output, errors = make("run", CONFIG=config)
    assert status == 0 and "partition one ended with status 0" in output
    assert re.fullmatch(rf"{config}:3: warning: /schedule/slot-us: found 99, .* \[short-slot\]\n1 warning\n", errors)


@pytest.mark.parametrize("variable", ["IMAGES", "CERTIFICATE"])
def test_certificate(tmp_path, variable):
    """The system of a certificate starts; another one is refused before the run, and by the hypervisor itself."""
    config, certificate = write_system(tmp_path, COUNTER), tmp_path / "my, own.cert"
    subprocess.run([ROOT / "build/shikiri-check", "--quiet", "--certificate", certificate, config], check=True)
    text = certificate.read_text()
    given = {variable: shlex.quote(str(certificate)) if variable == "IMAGES" else certificate}
    status, output, errors = make("run", CONFIG=config, **given)
    assert (status, errors) == (0, "") and "partition one ended with status 0" in output
    certificate.write_text(text.replace(" rwx", " r-x"))
    difference = text.splitlines()[2]
    message = f"certificate: found {difference}, want {difference.replace('rwx', 'r-x')}, as line 3 of module"
    assert make("run", CONFIG=config, **given) == (
        2, "", f"{certificate}:3: error: {message} my, own.cert says\n1 error\nerror: {config}: refused for the errors above\n")
    status, output, errors = make("run", CONFIG=config, UNCHECKED=1, **given)
    assert status == 2 and "no partition has started" in errors
    assert f"shikiri: error: {message} my--own.cert says\n" in output


def test_check_config(tmp_path):
    """The map, and the files that are asked for; of the machine that is asked for."""
    config = write_system(tmp_path, COUNTER)
    picture, certificate = tmp_path / "my picture.svg", tmp_path / "my.cert"
    status, output, errors = make("check-config", CONFIG=config, SVG=picture, MEMORY=512)
    assert status == 0 and "QEMU pc, 512 MiB" in output and "[unused-ram]" in errors
    assert picture.read_text().startswith("<svg ")
    certificate.write_text("shikiri-certificate 1\n")
    assert f"{certificate}:2: error: certificate: found partition 0" in make(
        "check-config", CONFIG=config, CERTIFICATE=certificate)[2]
    assert "(docs/checking.md)" in make("help")[1] and "SVG=file" in make("help")[1]
    config.write_text(config.read_text().replace("slot-us = <1000>", "slot-us = <1>"))
    status, output, errors = make("check-config", CONFIG=config)
    assert (status, output) == (2, "") and f"{config}:3: error: /schedule/slot-us: found 1, " in errors


def test_vnc(tmp_path):
    """SCREEN=vnc shows the screen where it says."""
    with started(write_system(tmp_path, Partition("one", "bounce.elf", devices=VGA)), "--screen", "vnc") as program:
        first = line_with(program.stdout, "The screen is at VNC")
        line_with(program.stdout, "1 partition, 1 screen")
        host, port = re.search(r"VNC (\S+):(\d+)\.", first).groups()
        with socket.create_connection((host, int(port)), timeout=10) as screen:
            assert screen.recv(4) == b"RFB "


def test_iso(tmp_path):
    """The command that make iso prints boots it, with COM2 and the memory that was asked for."""
    config = write_system(tmp_path, COUNTER, Partition("two", "counter64.elf", "seed=2 rounds=3 uart=0x2f8",
                                                       devices=CONSOLE.replace("3f8", "2f8").replace(
                                                           "shikiri,console", "ns16550a")), name="my iso.dts")
    status, output, errors = make("iso", CONFIG=config, OPTIONS="on-end=qemu-exit", MEMORY=96)
    assert (status, errors) == (0, "")
    command = shlex.split(output.splitlines()[1])
    assert command[command.index("-m") + 1] == "96"
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 33 and "partition two ended with status 0" in done.stdout
    assert (ROOT / "build/my_iso.com2.log").read_text().rstrip().endswith("ok")


def test_short_lines(tmp_path):
    """A build prints a short line a file; V=1 shows the command."""
    target = f"{tmp_path}/hv/lib/log.c.o"
    assert make(target, BUILD=tmp_path)[1] == "  CC     hv/lib/log.c\n"
    assert " -c hv/lib/log.c -o " in make(target, "--always-make", BUILD=tmp_path, V=1)[1]
