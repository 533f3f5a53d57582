#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots a system in an emulator: compiles its .dts, finds its images, and composes QEMU's command
line, a GRUB ISO, or a Bochs configuration. `make run` and `make iso` are this program; the tests
import it."""
import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROM_DIRECTORIES = ("/usr/share/seabios", "/usr/share/bochs", "/usr/share/vgabios")


class Problem(Exception):
    """Something the user can mend; its text says what."""


def compile_dts(config, build):
    """Compiles a .dts (a .dtb is taken as it is) and returns the path of the blob."""
    config = Path(config)
    if not config.is_file():
        raise Problem(f"{config}: found no such file, want a .dts or .dtb")
    if config.suffix == ".dtb":
        return config
    dtb = Path(build) / (config.stem + ".dtb")
    dtb.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["dtc", "-I", "dts", "-O", "dtb", "-o", dtb, config], capture_output=True, text=True)
    if done.stderr:
        sys.stderr.write(done.stderr)
    if done.returncode != 0:
        raise Problem(f"{config}: dtc finds it wrong")
    return dtb


def image_names(dtb):
    """The values of all image properties, each once, in order."""
    done = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dtb], capture_output=True, text=True)
    return list(dict.fromkeys(re.findall(r'\bimage = "([^"]+)"', done.stdout)))


def find_images(dtb, config, build, extra=()):
    """Where the images of a system are: named ones first, then beside the .dts, then the example guests."""
    named = {Path(path).name: Path(path) for path in extra}
    found = []
    for name in image_names(dtb):
        places = [named.get(name), Path(config).parent / name, Path(build) / "guests" / name]
        path = next((place for place in places if place and place.is_file()), None)
        if path is None:
            raise Problem(f'{config}: found no file "{name}", want it beside the .dts or in IMAGES')
        found.append(path)
    return found


def qemu_command(build, cpu="max", memory=256, icount=False, options="", modules=(), iso=None,
                 serial=("mon:stdio",), display="none", more=()):
    """QEMU with Shikiri by -kernel, or with an ISO."""
    command = ["qemu-system-x86_64", "-M", "pc", "-cpu", cpu, "-m", str(memory), "-no-reboot", "-nic", "none",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
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


def bochs_config(iso, serial_file, log_file, cpu="ryzen", memory=256, com2_file=None):
    """A Bochs configuration without a screen, which ends when port 0x8900 is told "Shutdown"."""
    return "\n".join([
        'display_library: rfb, options="timeout=0"',
        f"romimage: file={find_rom('bios.bin')}",
        f"vgaromimage: file={find_rom('vgabios-isavga.bin')}",
        f"memory: guest={memory}, host={memory}",
        f"cpu: model={cpu}, count=1, ips=50000000, reset_on_triple_fault=0",
        "clock: sync=none",
        f"ata0-master: type=cdrom, path={iso}, status=inserted",
        "boot: cdrom",
        f"com1: enabled=1, mode=file, dev={serial_file}",
        f"com2: enabled=1, mode=file, dev={com2_file or '/dev/null'}",
        "panic: action=report, cpu0=report",
        "error: action=report",
        "info: action=ignore",
        f"log: {log_file}",
        ""])


def run(arguments):
    """Boots the configuration in QEMU with COM1 on the terminal."""
    dtb = compile_dts(arguments.config, arguments.build)
    modules = [dtb, *find_images(dtb, arguments.config, arguments.build, arguments.images)]
    com2 = Path(arguments.build) / (dtb.stem + ".com2.log")
    window = bool(os.environ.get("DISPLAY"))
    interactive = sys.stdin.isatty() and not arguments.seconds
    command = qemu_command(arguments.build, arguments.cpu, arguments.memory, modules=modules,
                           options="on-end=qemu-exit",
                           serial=("mon:stdio" if interactive else "stdio", f"file:{com2}"),
                           display=None if window else "none",
                           more=() if interactive else ("-monitor", "none"))
    print(f"COM1 is below, COM2 goes to {com2}. " +
          ("The screen is QEMU's window. " if window else "No display: the screen is not shown. ") +
          ("Ctrl-] and a digit change the screen, Ctrl-A x ends." if interactive else
           f"Ends after {arguments.seconds} seconds." if arguments.seconds else "Ctrl-C ends."), flush=True)
    with subprocess.Popen(command, stdin=None if interactive else subprocess.DEVNULL) as qemu:
        try:
            status = qemu.wait(timeout=arguments.seconds)
        except subprocess.TimeoutExpired:
            qemu.terminate()
            qemu.wait()
            print(f"\nended after {arguments.seconds} seconds")
            return 0
        except KeyboardInterrupt:
            qemu.terminate()
            qemu.wait()
            return 0
    if com2.is_file() and com2.stat().st_size:
        print(f"--- last lines of COM2 ({com2})")
        print("\n".join(com2.read_text(errors="replace").splitlines()[-3:]))
    return 0 if status in (0, 33) else 1  # 33: all partitions stopped (hv/cpu/machine.h)


def iso(arguments):
    """Leaves build/NAME.iso."""
    dtb = compile_dts(arguments.config, arguments.build)
    modules = [dtb, *find_images(dtb, arguments.config, arguments.build, arguments.images)]
    output = Path(arguments.build) / (dtb.stem + ".iso")
    make_iso(arguments.build, output, modules, arguments.options)
    print(f"{output}: {output.stat().st_size // 1024} KiB; boot it with: qemu-system-x86_64 -cpu max -m 256 "
          f"-serial stdio -cdrom {output}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="where shikiri.elf and guests/ are")
    parser.add_argument("--images", nargs="*", default=[], help="guest images that are elsewhere")
    parser.add_argument("--cpu", default="max", help="QEMU's CPU model: max, EPYC, ...")
    parser.add_argument("--memory", type=int, default=256, help="the machine's memory in MiB")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run", help=run.__doc__)
    command.add_argument("config")
    command.add_argument("--seconds", type=int, help="end after so many seconds")
    command.set_defaults(function=run)
    command = commands.add_parser("iso", help=iso.__doc__)
    command.add_argument("config")
    command.add_argument("--options", default="", help="the hypervisor's command line")
    command.set_defaults(function=iso)
    arguments = parser.parse_args()
    try:
        return arguments.function(arguments)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
