# SPDX-License-Identifier: BSD-2-Clause
"""Debian's own kernel as a guest, at its console: what it says, typing, power off, restart, two vCPUs, two of them; the
same unpacked, through PVH."""
import hashlib
import random
import re
import string
import time
from contextlib import contextmanager

import pexpect
import pytest
from harness import (BUILD, ROOT, Partition, Slot, compile_text, emulate, frame, images_of, in_turn, processors, run_qemu,
                     system)
from linux_guest import linux, write_archive

NEXT_CONSOLE = "\x1dc"
PROMPT = "/ # "
# What the kernel does not say on the emulator itself, and why it does here.
SAID_BECAUSE = {"clocksource: Long readout interval": "the machine that runs the emulator was busy for a second"}


CLOCK_OFF_S = 30  # the RTC has whole seconds; a busy machine takes its time to answer


def counter(label="counter"):
    return Partition(label, "counter64.elf", "seed=1 uart=0x3f8")


class Terminal:
    """A system whose COM1 is typed at."""

    def __init__(self, directory, text=None, dtb=None, options="", files=(), **machine):
        """`files` are loaded besides those in build/guests."""
        dtb = dtb or compile_text(text, directory)
        images = [path for path in images_of(dtb) if path.exists()]
        command = emulate.qemu_command(BUILD, memory=512, modules=[dtb, *images, *files], cpus=emulate.cpu_count(dtb),
                                       options=f"on-end=qemu-exit {options}".strip(), serial=("stdio",),
                                       more=("-monitor", "none"), **machine)
        self.child = pexpect.spawn(command[0], command[1:], timeout=300, encoding="latin-1", echo=False)
        self.child.delaybeforesend = None

    def wait_for(self, text):
        self.child.expect_exact(text)
        return self.child.before

    def focus(self, label):
        """Goes to the next console until it is the one of that label."""
        self.child.send(NEXT_CONSOLE)
        self.wait_for("shikiri: console: ")
        while self.child.readline().strip() != label:
            self.child.send(NEXT_CONSOLE)
            self.wait_for("shikiri: console: ")

    def ask(self, line):
        """What a command prints. Escape sequences of the shell's line editor are left out."""
        self.child.send(f"{line}\n")
        answer = re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", self.wait_for(PROMPT)).replace("\r", "")
        return answer.split("\n", 1)[1]


@contextmanager
def terminal(directory, *arguments, **machine):
    it = Terminal(directory, *arguments, **machine)
    try:
        yield it
    finally:
        it.child.close(force=True)


def boot(it, label="linux"):
    it.wait_for("TSC ticks since entry")
    it.focus(label)
    it.wait_for(PROMPT)


def test_shell(tmp_path):
    """The example: a shell that answers, a clock that is steady, no complaint, and a neighbour that outlives it."""
    with terminal(tmp_path, dtb=emulate.compile_dts(ROOT / "dts/examples/linux.dts", BUILD)) as it:
        boot(it)
        assert it.ask("uname -a").startswith("Linux (none) 6.1.0-")
        assert it.ask("nproc") == "1\n"
        interrupts = it.ask("cat /proc/interrupts")
        assert re.search(r"LOC: +[1-9]", interrupts) and re.search(r"[1-9]\d* +IO-APIC +4-edge +ttyS0", interrupts)
        assert abs(int(it.ask("date +%s")) - time.time()) < CLOCK_OFF_S
        complaints = re.findall(r"^<[0-4]>\[ *[0-9.]+\] (.*)$", it.ask("dmesg -r"), re.MULTILINE)
        assert all(complaint.startswith(tuple(SAID_BECAUSE)) for complaint in complaints), complaints
        assert "kvm-clock" in it.ask("cat /sys/devices/system/clocksource/clocksource0/available_clocksource")
        assert it.ask("cat /sys/devices/system/clocksource/clocksource0/current_clocksource").strip() in ("kvm-clock", "tsc")
        assert "Mem:" in it.ask("free")
        it.child.send("poweroff -f\n")
        it.wait_for("shikiri: partition linux ended with status 0")
        it.focus("the lines of all partitions")
        it.wait_for("counter: seed 1 round")


def test_no_byte_is_lost(tmp_path):
    """4 KiB typed at once, and 100 KiB of output."""
    letters = "".join(random.Random(1).choices(string.ascii_letters, k=63))
    pasted = f"{letters}\n" * 64
    with terminal(tmp_path, system(linux())) as it:
        boot(it)
        it.ask("dmesg -n 1")  # so that the kernel does not say anything in between
        it.child.send("stty -echo; head -c 4096 | md5sum; stty echo\n")
        it.child.expect("stty echo\r*\n")
        it.child.send(pasted)
        it.wait_for(hashlib.md5(pasted.encode()).hexdigest())
        it.wait_for(PROMPT)
        numbers = it.ask("seq 1 20000 | head -c 102400")
        want = "".join(f"{i}\n" for i in range(1, 20001))[:102400]
        assert numbers == want, f"{len(numbers)} characters, {len(want)} wanted"


def test_two_vcpus(tmp_path):
    """On a processor each; both are at work, and take interrupts."""
    both = processors({0: in_turn(0, 1, slot_us=5000), 1: in_turn(0, 2, slot_us=5000)})
    text = system(linux(extra="vcpus = <2>;"), counter("left"), counter("right"), schedule=both)
    with terminal(tmp_path, text) as it:
        boot(it)
        assert it.ask("nproc") == "2\n"
        it.ask("for i in 1 2; do (x=0; while [ $x -lt 2000 ]; do x=$((x+1)); done) & done; wait")
        timers = re.search(r"LOC: +(\d+) +(\d+)", it.ask("cat /proc/interrupts"))
        assert min(map(int, timers.groups())) > 20
        for online, count in ((0, 1), (1, 2)):  # it halts for ever, and is started again
            it.ask(f"echo {online} > /sys/devices/system/cpu/cpu1/online")
            assert it.ask("nproc") == f"{count}\n"
        assert not re.search("stall|lockup|unstable|skew", it.ask("dmesg"))
        it.child.send("poweroff -f\n")
        it.wait_for("shikiri: partition linux ended with status 0")


def test_half_share(tmp_path):
    """With half of each frame of 10 ms a second's sleep is never short, and a frame too long at most."""
    text = system(linux(), Partition("beat", "beat.elf", "uart=0x3f8"), schedule=frame(10000, [Slot(0, 5000, 0), Slot(5000, 5000, 1)]))
    with terminal(tmp_path, text, icount=True) as it:
        boot(it)
        it.ask("dmesg -n 1")
        it.ask("for i in $(seq 0 11); do echo mark $i > /dev/kmsg; sleep 1; done")
        marks = [float(at) for at in re.findall(r"\[ *([\d.]+)\] mark", it.ask("dmesg | grep mark; echo"))]
        sleeps = [after - before for before, after in zip(marks, marks[1:])]
        assert len(sleeps) >= 10 and min(sleeps) >= 1 and max(sleeps) <= 1.01, sleeps


def test_restart(tmp_path):
    """The kernel starts anew, with both of its vCPUs, again and again; its neighbour runs on."""
    text = system(linux(extra="vcpus = <2>;"), counter(), schedule=processors({0: in_turn(0, 1, slot_us=5000), 1: in_turn(0)}))
    with terminal(tmp_path, text) as it:
        boot(it)
        for _ in range(2):
            it.ask("mkdir /left; dmesg -n 1")
            it.child.send("reboot -f\n")
            it.wait_for("shikiri: partition linux starts anew")
            it.wait_for(PROMPT)
            assert it.ask("nproc") == "2\n" and "left" not in it.ask("ls /")
        it.child.send("poweroff -f\n")
        it.wait_for("shikiri: partition linux ended with status 0")
        it.focus("the lines of all partitions")
        it.wait_for("counter: seed 1 round")


def test_two_systems(tmp_path):
    """Two kernels side by side, and the focus switched between them; what one has said is shown on the way back."""
    with terminal(tmp_path, dtb=emulate.compile_dts(ROOT / "dts/examples/two-linux.dts", BUILD)) as it:
        boot(it, "one")
        it.ask("hostname first")
        it.ask("echo said by $((40+2))")
        it.child.send("\x1dB")  # by its letter
        it.wait_for("shikiri: console: two")
        it.wait_for(PROMPT)
        assert it.ask("hostname") != "first\n"
        it.ask("hostname second")
        it.child.send("\x1db")
        it.child.send("h")  # of the magic keys, which a break opens
        it.wait_for("sysrq: HELP")
        it.child.send("\x1dl")
        for letter, label in ("A", "one"), ("B", "two"):
            it.child.expect(rf"shikiri: {letter} {label} +runs +(\d+) % of a processor")
            assert 0 < int(it.child.match[1]) <= 100
        it.focus("one")
        it.wait_for("said by 42")
        it.wait_for(PROMPT)
        assert it.ask("hostname") == "first\n"
        it.child.send("poweroff -f\n")
        it.wait_for("shikiri: partition one ended with status 0")
        it.focus("two")
        it.wait_for("hostname second")
        it.wait_for(PROMPT)
        assert it.ask("hostname").endswith("second\n")


@pytest.mark.parametrize("image, loader_type", [("vmlinux", 0xb0), ("vmlinuz", 0xff)])
def test_archives(tmp_path, image, loader_type):
    """Two archives are one ramdisk, with what is in the one and in the other. Unpacked the kernel starts through PVH, where it
    takes the first module alone, so there they are joined to one file."""
    ramdisk = BUILD / "guests/initramfs.gz"
    more = write_archive(tmp_path / "more.gz", "told", b"by the second archive\n")
    names = '"initramfs.gz", "more.gz"'
    if image == "vmlinux":
        more = tmp_path / "both.gz"
        more.write_bytes(ramdisk.read_bytes() + (tmp_path / "more.gz").read_bytes())
        names = '"both.gz"'
    text = system(linux(image=image, modules=names, bootargs="console=ttyS0 by=modules"), counter())
    with terminal(tmp_path, text, files=[more]) as it:
        boot(it)
        assert it.ask("cat /told") == "by the second archive\n"
        assert "by=modules" in it.ask("cat /proc/cmdline")
        assert it.ask("cat /proc/sys/kernel/bootloader_type") == f"{loader_type}\n"
        assert re.search(r"[1-9]\d* +IO-APIC +4-edge +ttyS0", it.ask("cat /proc/interrupts"))  # by the ACPI tables
        it.child.send("reboot -f\n")
        it.wait_for("shikiri: partition linux starts anew")
        it.wait_for(PROMPT)
        assert it.ask("cat /told") == "by the second archive\n"
        it.child.send("poweroff -f\n")
        it.wait_for("shikiri: partition linux ended with status 0")


def test_beside_a_control_loop():
    """A kernel that boots up to its shell moves no slot of a loop at 1 kHz, to the instruction."""
    text = system(Partition("beat", "beat.elf", "uart=0x3f8 report=1000"), linux(),
                  schedule=frame(1000, [Slot(0, 300, 0), Slot(300, 700, 1)]))
    result = run_qemu(text, icount=True, options="end-after-ms=3050", memory=512)
    late = re.search(r"(\d+) missed, \d+ spent on output; late by (\d+) ticks at most", result.serial)
    assert "Run /init as init process" in result.serial and "built-in shell" in result.serial
    assert int(late[1]) == 0 and int(late[2]) <= 12, late[0]
    assert re.fullmatch(r"beat: slots 3000 late \d+ to \d+ period \d+ irregular 0", result.of("beat")[-1])
