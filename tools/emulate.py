#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots a system in an emulator: compiles its .dts, finds its images, and composes QEMU's command
line, a GRUB ISO, or a Bochs configuration. `make run`, `make iso` and `make check-config` are this
program; the tests import it."""
import argparse
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# With -icount, processors run in turn, each until the next timer of any device. This one fires every microsecond.
SHORT_TURNS = ["-netdev", "hubport,id=turns,hubid=0", "-object", "filter-buffer,id=turn,netdev=turns,queue=all,interval=1"]
ROM_DIRECTORIES = ("/usr/share/seabios", "/usr/share/bochs", "/usr/share/vgabios")
VNC_FIRST_PORT, VNC_PORTS = 5900, 100
POLL_MS = 100
MIB, GIB = 1 << 20, 1 << 30
LOW_RAM_MOST, LOW_RAM_IF_MORE = 0xe0000000, 0xc0000000  # RAM below 4 GiB
FIRMWARE_BYTES = 128 * 1024  # at the end of that
UARTS = (0x3f8, 0x2f8)
LEAST_MEMORY_MIB = 2  # with less QEMU says nothing and does not start
# QEMU's exit status when the hypervisor ends the run (hv/cpu/machine.h).
DONE, REFUSED, PANIC = 33, 35, 37
# Under -icount QEMU's clock jumps when all processors halt, from where it is when another thread of QEMU sees that, which may
# be some instructions early. A hypervisor that never halts them makes runs exact.
EXACT_IDLE = "idle=poll"
# What QEMU says of no interest: that it is ended, what it was given only as a timer, what emulation lacks of a processor.
NOISE = ("qemu-system-x86_64: terminating on signal",
         "qemu-system-x86_64: warning: hub port turns has no peer",  # the timer of qemu_command()
         "qemu-system-x86_64: warning: netdev turns has no peer",
         "qemu-system-x86_64: warning: TCG doesn't support requested feature:")


class Problem(Exception):
    """Something the user can mend; its text says what."""


def count(number, thing):
    return f"{number} {thing}{'' if number == 1 else 's'}"


def examples_hint(config):
    """The file that was meant, or which examples there are."""
    examples = ROOT / "dts/examples"
    for path in (Path(f"{config}.dts"), examples / f"{Path(config).stem}.dts"):
        if path.is_file():
            return f"did you mean {os.path.relpath(path)}?"
    return "the examples are " + ", ".join(os.path.relpath(path) for path in sorted(examples.glob("*.dts")))


def check_config(config):
    """A configuration is a .dts or .dtb that is there."""
    if not str(config).strip():
        raise Problem(f"CONFIG: found nothing, want a .dts or .dtb; {examples_hint(config)}")
    found = "a directory" if Path(config).is_dir() else "no such file" if not Path(config).is_file() else None
    if found:
        raise Problem(f"CONFIG: found {config}, {found}, want a .dts or .dtb; {examples_hint(config)}")
    if Path(config).suffix not in (".dts", ".dtb"):
        raise Problem(f"CONFIG: found {config}, want a name that ends with .dts or .dtb; {examples_hint(config)}")


def compile_dts(config, build):
    """Compiles a .dts (a .dtb is copied) and returns the path of the blob. Of dtc only errors are shown: the
    hypervisor's own checks say what its warnings would say."""
    check_config(config)
    config = Path(config)
    dtb = Path(build) / (re.sub(r"[^\w.+-]", "_", config.stem) + ".dtb")  # in command lines and GRUB's menu
    dtb.parent.mkdir(parents=True, exist_ok=True)
    if config.suffix == ".dtb":
        if config.resolve() != dtb.resolve():
            shutil.copyfile(config, dtb)
        return dtb
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", dtb, config], capture_output=True, text=True)
    if done.returncode != 0:
        raise Problem(f"{config}: refused by dtc:\n{done.stderr}")
    return dtb


def source_of(dtb):
    """The blob as text."""
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dtb], capture_output=True, text=True,
                          errors="replace").stdout


def image_names(dtb):
    """The values of all image and modules properties, each once, in order."""
    values = re.findall(r'\b(?:image|modules) = (".*");$', source_of(dtb), re.MULTILINE)
    return list(dict.fromkeys(name for value in values for name in value.strip('"').split(r"\0")))


def cpu_count(dtb):
    """How many processors the system wants: one more than the highest number."""
    return max([int(number, 16) for number in re.findall(r"\bcpu@([0-9a-f]+) {", source_of(dtb))], default=0) + 1


def check_files(arguments):
    """What IMAGES and CERTIFICATE name is there."""
    wanted = [("IMAGES", path, "a guest's ELF file or a certificate") for path in arguments.images]
    if arguments.certificate:
        wanted.append(("CERTIFICATE", arguments.certificate, "one by shikiri-check --certificate"))
    for variable, path, want in wanted:
        if not Path(path).is_file():
            found = "a directory" if Path(path).is_dir() else "no such file"
            raise Problem(f"{variable}: found {path}, {found}, want {want}")


def given_files(arguments):
    """The user's own, all of which become modules."""
    return arguments.images + ([arguments.certificate] if arguments.certificate else [])


def find_images(dtb, config, build, given=()):
    """The files to load beside the blob: given ones (images, certificates), and then those that are beside the .dts or
    among the example guests. As shikiri-check does it, which says what is missing."""
    found = [Path(path) for path in given]
    for name in image_names(dtb):
        if "," in name:
            raise Problem(f'{config}: found "{name}", want a name without commas, as QEMU has them between names')
        places = [Path(config).parent / name, Path(build) / "guests" / name]
        if name not in [path.name for path in found]:
            found += [place for place in places if place.is_file()][:1]
    return found


def plain_path(path, directory):
    """The path, or that of a link to it where QEMU would split the path at a space or comma."""
    if not re.search("[, ]", str(path)):
        return path
    directory.mkdir(parents=True, exist_ok=True)
    link = directory / re.sub("[, ]", "-", Path(path).name)
    link.unlink(missing_ok=True)
    link.symlink_to(Path(path).resolve())
    return link


def processors(cpus, cpu, icount):
    """QEMU's words for several processors. With -icount they run in turn, and where one has used its turn up, the next in
    QEMU's list gets none: it would starve for as long as the other computes. So behind each comes one that sleeps; these have
    the highest numbers, which no system uses."""
    if not icount:
        return ["-smp", str(cpus)]
    most = 2 * cpus - 1
    numbers = [number for i in range(1, cpus) for number in (cpus - 1 + i, i)]
    return ["-smp", f"1,sockets={most},maxcpus={most}", *SHORT_TURNS, *[word for number in numbers for word in (
        "-device", f"{cpu.split(',')[0]}-x86_64-cpu,socket-id={number},core-id=0,thread-id=0")]]


def qemu_command(build, cpu="max", memory=256, icount=False, options="", modules=(), iso=None,
                 serial=("mon:stdio",), display="none", cpus=1, low=None, more=()):
    """QEMU with Shikiri by -kernel, or with an ISO. Of the memory, `low` MiB at most are below 4 GiB."""
    command = ["qemu-system-x86_64", "-M", f"pc,max-ram-below-4g={low}M" if low else "pc", "-cpu", cpu, "-m", str(memory), "-no-reboot", "-nic", "none",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    command += processors(cpus, cpu, icount) if cpus > 1 else []
    command += ["-display", display] if display else []
    for line in serial:
        command += ["-serial", line]
    if icount:
        command += ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"]
    if iso:
        command += ["-cdrom", str(iso), "-boot", "d"]
    else:
        command += ["-kernel", str(Path(build) / "shikiri.elf"), "-append", options]
        if modules:
            command += ["-initrd", ",".join(str(module) for module in modules)]
    return command + list(more)


def grub_menu(modules, options, multiboot):
    """One entry that starts at once."""
    load, module = ("multiboot2", "module2") if multiboot == 2 else ("multiboot", "module")
    names = [f"  {module} /boot/{path.name} {path.name}" for path in modules]
    return "\n".join(["set timeout=0", "set default=0", 'menuentry "Shikiri" {',
                      f"  {load} /boot/shikiri.elf shikiri {options}", *names, "}", ""])


def make_iso(build, output, modules, options="", multiboot=2):
    """A bootable CD image with GRUB, Shikiri and the modules."""
    tree = Path(str(output) + ".d")
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "boot" / "grub").mkdir(parents=True)
    for path in [Path(build) / "shikiri.elf", *modules]:
        shutil.copy(path, tree / "boot" / Path(path).name)
    (tree / "boot" / "grub" / "grub.cfg").write_text(grub_menu([Path(m) for m in modules], options, multiboot))
    done = subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o", output, tree],
                          capture_output=True, text=True)
    shutil.rmtree(tree)
    if done.returncode != 0:
        raise Problem(f"grub-mkrescue failed:\n{done.stdout}{done.stderr}")
    return output


def find_rom(name):
    for directory in ROM_DIRECTORIES:
        path = Path(directory) / name
        if path.is_file():
            return path
    raise Problem(f"found no {name}, want the packages seabios and bochsbios: run make deps")


def bochs_config(iso, serial_file, log_file, cpu="ryzen", memory=256, com2_file=None, cpus=1):
    """A Bochs configuration without a screen, which ends when port 0x8900 is told "Shutdown"."""
    return "\n".join([
        'display_library: rfb, options="timeout=0"',
        f"romimage: file={find_rom('bios.bin' if cpus == 1 else 'BIOS-bochs-latest')}",  # SeaBIOS has no MADT here
        f"vgaromimage: file={find_rom('vgabios-isavga.bin')}",
        f"memory: guest={memory}, host={memory}",
        f"cpu: model={cpu}, count={cpus}, ips=50000000, reset_on_triple_fault=0",
        "clock: sync=none",
        f"ata0-master: type=cdrom, path={iso}, status=inserted",
        "boot: cdrom",
        f"com1: enabled=1, mode=file, dev={serial_file}",
        f"com2: enabled=1, mode=file, dev={com2_file or '/dev/null'}",
        "panic: action=report" + "".join(f", cpu{i}=report" for i in range(cpus)),
        "error: action=report",
        "info: action=ignore",
        f"log: {log_file}",
        ""])


def board(memory=256, cpus=1, low=None):
    """The .dts of QEMU's machine "pc" with that much memory and so many processors (None: as many as a system wants), as
    dts/boards/qemu-pc.dts is for 256 MiB; `low` as in qemu_command()."""
    memory_bytes = memory * MIB
    low_bytes = low * MIB if low else memory_bytes if memory_bytes < LOW_RAM_MOST else LOW_RAM_IF_MORE
    ranges = [(MIB, low_bytes - FIRMWARE_BYTES - MIB), (4 * GIB, memory_bytes - low_bytes)]
    cells = ", ".join(f"<{base >> 32:#x} {base & 0xffffffff:#x} {size >> 32:#x} {size & 0xffffffff:#x}>"
                      for base, size in ranges if size)
    uarts = " ".join(f'serial@{port:x} {{ compatible = "ns16550a"; reg = <1 {port:#x} 8>; }};' for port in UARTS)
    processors = f"processors = <{cpus}>;" if cpus else ""
    return f"""/dts-v1/;
/ {{ compatible = "shikiri,board"; model = "QEMU pc, {memory} MiB"; {processors} #address-cells = <2>; #size-cells = <2>;
memory@100000 {{ device_type = "memory"; reg = {cells}; }};
isa {{ compatible = "isa"; #address-cells = <2>; #size-cells = <1>; {uarts} }}; }};
"""


def check(arguments, *options):
    """Lets shikiri-check tell with file and line what the hypervisor would refuse, and what is odd."""
    with tempfile.NamedTemporaryFile("w", prefix=f"qemu-pc-{arguments.memory}-", suffix=".dts") as file:
        file.write(board(arguments.memory, None))
        file.flush()
        done = subprocess.run([Path(arguments.build) / "shikiri-check", "--board", file.name, *options,
                               arguments.config, *given_files(arguments)])
    if done.returncode != 0:
        raise Problem(f"{arguments.config}: refused for the errors above")


def collect_modules(arguments):
    """The blob, the images and the certificate: what a boot loader has to load."""
    check_config(arguments.config)
    check_files(arguments)
    try:
        dtb = compile_dts(arguments.config, arguments.build)
    except Problem:
        check(arguments, "--quiet")
        raise
    if not arguments.unchecked:
        check(arguments, "--quiet")
    images = find_images(dtb, arguments.config, arguments.build, given_files(arguments))
    return [dtb, *[plain_path(path, dtb.with_suffix(".images")) for path in images]]


def qemu_has_window():
    done = subprocess.run(["qemu-system-x86_64", "-display", "help"], capture_output=True, text=True)
    return bool({"gtk", "sdl"} & set(done.stdout.split()))


def free_vnc_display():
    """The first VNC display of this machine whose port is free."""
    for number in range(VNC_PORTS):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", VNC_FIRST_PORT + number))
                return number
            except OSError:
                continue
    raise Problem(f"SCREEN: found no free port from {VNC_FIRST_PORT}, want one for vnc")


def choose_screen(choice):
    """QEMU's -display for a choice, and what the user should know of it."""
    has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if choice == "vnc":
        number = free_vnc_display()
        return f"vnc=127.0.0.1:{number}", f"The screen is at VNC 127.0.0.1:{VNC_FIRST_PORT + number}."
    if choice == "curses":
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise Problem("SCREEN: found curses without a terminal, want vnc or none")
        return "curses", "The screen is this terminal; Esc 2 and quit end."
    if choice == "window" and not has_display:
        raise Problem("SCREEN: found window without DISPLAY, want vnc, curses or none")
    if choice == "window" and not qemu_has_window():
        raise Problem("SCREEN: found window, and QEMU without one, want vnc, curses or none; apt-get install "
                      "qemu-system-gui")
    if choice == "window" or (choice is None and has_display and qemu_has_window()):
        return None, "The screen is QEMU's window."
    return "none", "The screen is not shown: SCREEN=vnc or SCREEN=curses does."


def machine(arguments, base, interactive, **boot):
    """QEMU's command line, and what to tell the user first. What goes to files is named after `base`."""
    com1, com2 = base.with_suffix(".com1.log"), base.with_suffix(".com2.log")
    display, advice = choose_screen(arguments.screen)
    if display == "curses":
        serial, monitor, where, end = f"file:{com1}", [], f"COM1 goes to {com1}", ""
    elif interactive:
        serial, monitor, where = "mon:stdio", [], "COM1 is below"
        end = " Ctrl-] c shows the next console, Ctrl-] ? all keys, Ctrl-A x ends."
    else:
        serial, monitor, where, end = "stdio", ["-monitor", "none"], "COM1 is below", " Ctrl-C ends."
    if arguments.seconds:
        end = f" Ends after {count(arguments.seconds, 'second')}."
    command = qemu_command(arguments.build, arguments.cpu, arguments.memory, arguments.icount,
                           serial=(serial, f"file:{com2}"), display=display, more=monitor + arguments.qemu, **boot)
    return command, f"{where}, COM2 goes to {com2}. {advice}{end}"


def pass_messages(stream):
    """Hands QEMU's messages on but for the noise."""
    for line in stream:
        if not line.startswith(NOISE):
            sys.stderr.write(line)
            sys.stderr.flush()


def wait_for_end(qemu, seconds):
    """Waits until QEMU ends, the time is over, or nobody reads the output any more; False for the latter two."""
    deadline = time.monotonic() + (seconds or float("inf"))
    output = select.poll()
    output.register(sys.stdout, 0)  # reports errors alone
    while qemu.poll() is None:
        if output.poll(POLL_MS) or time.monotonic() >= deadline:
            return False
    return True


def run_qemu(command, seconds, interactive):
    """QEMU's exit status, or None when it did not end by itself: it never outlives this program."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    with subprocess.Popen(command, stdin=None if interactive else subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, errors="replace") as qemu:
        messages = threading.Thread(target=pass_messages, args=(qemu.stderr,))
        messages.start()
        try:
            ended = wait_for_end(qemu, seconds)
        except KeyboardInterrupt:
            ended = False
        if not ended:
            qemu.terminate()
        status = qemu.wait()
        messages.join()
    return status if ended else None


def show_com2(path):
    if path.is_file() and path.stat().st_size:
        print(f"--- last lines of COM2 ({path})")
        print("\n".join(path.read_text(errors="replace").splitlines()[-3:]))


def judge(status, config):
    """What QEMU's exit status means, as this program's own."""
    if status in (None, 0, DONE):
        return 0
    raise Problem({
        REFUSED: f"{config}: refused by the hypervisor for the errors above, no partition has started",
        PANIC: f"{config}: the hypervisor has stopped with a panic, which is a bug of its own (docs/debugging.md)",
    }.get(status, f"{config}: QEMU has ended with status {status}"))


def run(arguments):
    """Boots the configuration in QEMU with COM1 on the terminal."""
    dtb, *images = collect_modules(arguments)
    interactive = sys.stdin.isatty() and (not arguments.seconds or arguments.screen == "curses")
    command, advice = machine(arguments, dtb, interactive, modules=[dtb, *images], cpus=cpu_count(dtb),
                              options=" ".join(["on-end=qemu-exit", *([EXACT_IDLE] if arguments.icount else []),
                                                arguments.options]).strip())
    if arguments.show:
        print(shlex.join(command))
    print(advice, flush=True)
    com2 = dtb.with_suffix(".com2.log")
    com2.unlink(missing_ok=True)
    status = run_qemu(command, arguments.seconds, interactive)
    if status is None and arguments.seconds:
        print(f"\nended after {count(arguments.seconds, 'second')}\n"
              "without the closing summary, which OPTIONS=end-after-ms=N gives after that time of the system's own clock")
    show_com2(com2)
    sys.stdout.flush()
    return judge(status, arguments.config)


def iso(arguments):
    """Leaves build/NAME.iso."""
    dtb, *images = collect_modules(arguments)
    output = dtb.with_suffix(".iso")
    make_iso(arguments.build, output, [dtb, *images], arguments.options)
    command, advice = machine(arguments, dtb, True, iso=output, cpus=cpu_count(dtb))
    print(f"{output}: {output.stat().st_size // 1024} KiB; boot it with:\n{shlex.join(command)}\n{advice}")
    return 0


def show_map(arguments):
    """Checks the configuration and shows what it is."""
    check_config(arguments.config)
    check_files(arguments)
    files = [("--svg", arguments.svg), ("--board", arguments.board)]
    check(arguments, *[word for option, file in files if file for word in (option, file)])
    return 0


def whole_number(variable, unit, least):
    """A reader of a number that counts something."""
    def read(text):
        if not re.fullmatch("[0-9]{1,9}", text) or int(text) < least:
            raise Problem(f"{variable}: found {text}, want a whole number of {unit}, at least {least}")
        return int(text)
    return read


def words(variable):
    """A reader of words in one string, quoted as for the shell."""
    def read(text):
        try:
            return shlex.split(text)
        except ValueError as error:
            raise Problem(f"{variable}: found {text} ({error}), want words, quoted as for the shell") from None
    return read


def one_of(variable, choices):
    """A reader of a name."""
    def read(text):
        if text not in choices:
            raise Problem(f"{variable}: found {text}, want {', '.join(choices[:-1])} or {choices[-1]}")
        return text
    return read


def add_machine(parser):
    """The options that say what is booted, and in what."""
    parser.add_argument("--build", default="build", help="where shikiri.elf and guests/ are")
    parser.add_argument("--images", type=words("IMAGES"), default=[], help="guest images that are elsewhere")
    parser.add_argument("--certificate", type=Path, help="start no other system than this certificate's")
    parser.add_argument("--options", default="", help="the hypervisor's command line")
    parser.add_argument("--cpu", default="max", help="QEMU's CPU model: max, EPYC, ...")
    parser.add_argument("--memory", type=whole_number("MEMORY", "mebibytes", LEAST_MEMORY_MIB), default=256,
                        help="the machine's memory in MiB")
    parser.add_argument("--qemu", type=words("QEMU"), default=[], help="more options for QEMU")
    parser.add_argument("--seconds", type=whole_number("SECONDS", "seconds", 1), help="end after so many seconds")
    parser.add_argument("--unchecked", action="store_true", help="let the hypervisor itself find the errors")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add_machine(parser)
    parser.add_argument("--icount", action="store_true", help="time is the number of instructions: runs repeat")
    parser.add_argument("--screen", type=one_of("SCREEN", ["window", "vnc", "curses", "none"]), help="how to show it")
    parser.add_argument("--show", action="store_true", help="show QEMU's command line")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run", help=run.__doc__)
    command.add_argument("config")
    command.set_defaults(function=run)
    command = commands.add_parser("iso", help=iso.__doc__)
    command.add_argument("config")
    command.set_defaults(function=iso)
    command = commands.add_parser("check", help=show_map.__doc__)
    command.add_argument("--svg", help="draw it into a file")
    command.add_argument("--board", help="another machine than QEMU's with --memory")
    command.add_argument("config")
    command.set_defaults(function=show_map)
    return parser.parse_args()


def call(read):
    """Reads the arguments of a program and runs the function among them; returns its exit status."""
    try:
        arguments = read()
        return arguments.function(arguments)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except FileNotFoundError as missing:
        print(f"error: found no {missing.filename}, want it; make deps all makes it", file=sys.stderr)
        return 2
    except BrokenPipeError:  # nobody reads on, as in "make run | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(call(read_arguments))
