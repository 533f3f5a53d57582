# SPDX-License-Identifier: BSD-2-Clause
"""The examples that no other scenario boots, and what a person types on COM1."""
import re
import sys

import pexpect
from harness import BUILD, ROOT, emulate
from live import Machine

# Seconds for four emulated processors to show a thousand slots each: with a thread for each, slots pass on a busy machine.
PATIENCE = 900


def example(name):
    return emulate.compile_dts(ROOT / "dts/examples" / f"{name}.dts", BUILD)


def test_trio():
    with Machine(dtb=example("trio")) as machine:
        machine.wait_for(lambda: len(machine.serial().of("lines")) > 1, "lines on COM1")
        machine.wait_for(lambda: machine.page(0)[0].startswith(" bounce"), "the screen")
        machine.wait_for(lambda: "counter: seed 1 round" in machine.com2(), "text on COM2")
        assert "seed 1" not in machine.serial().serial


def beat_line(machine, label, slots):
    """A beat guest's line after so many slots, as numbers: slots, late from, to, period, irregular."""
    line = next((line for line in machine.serial().of(label) if line.startswith(f"beat: slots {slots} ")), None)
    return line and [int(number) for number in re.findall(r"\d+", line)]


def test_frames():
    """Both loops' slots start at their offsets, beside a logger and a hog."""
    with Machine(dtb=example("frames"), icount=True) as machine:
        fast = machine.wait_for(lambda: beat_line(machine, "loop1k", 1000), "1,000 slots", 240)
        slow = machine.wait_for(lambda: beat_line(machine, "loop100", 100), "100 slots", 240)
        assert len(machine.serial().of("logger")) > 0
    for _, late_min, late_max, _, irregular in (fast, slow):
        assert late_max <= 100 and late_max - late_min <= 12 and irregular == 0


def test_linux_and_rt():
    """Debian's kernel gets to its first process beside a control loop whose slots start at their offsets, and a screen."""
    with Machine(dtb=example("linux-and-rt"), icount=True, memory=512) as machine:
        machine.wait_for(lambda: "Run /init as init process" in machine.serial().serial, "the first process")
        _, late_min, late_max, _, irregular = machine.wait_for(lambda: beat_line(machine, "loop", 2000), "2,000 slots")
        assert late_max <= 100 and late_max - late_min <= 12 and irregular == 0
        assert machine.page(0)[0].startswith(" bounce")


def test_quad():
    """All four processors get on through changes of the plan."""
    with Machine(dtb=example("quad")) as machine:
        for label in ("beat1", "beat2", "beat3", "count0", "count1", "count2"):
            machine.wait_for(lambda: machine.serial().of(label), label, PATIENCE)
        machine.wait_for(lambda: machine.serial().of("control"), "control", PATIENCE)
        assert "WRONG" not in machine.serial().serial and "faulted" not in machine.serial().serial


def test_pair():
    """Both vCPUs count, beside a neighbour on each processor."""
    with Machine(dtb=example("pair")) as machine:
        for seed in (1, 2):
            machine.wait_for(lambda: f"counter: seed {seed} round" in "\n".join(machine.serial().of("pair")), "a vCPU", 240)
        for label in ("left", "right"):
            machine.wait_for(lambda: machine.serial().of(label), label, 240)
        assert "WRONG" not in machine.serial().serial


def test_crowd():
    """Every one of the 20 counters gets on beside the hogs."""
    counters = [f"counter{i}" for i in range(32) if i % 8 and i % 4 != 2]
    with Machine(dtb=example("crowd")) as machine:
        machine.wait_for(lambda: all(len(machine.serial().of(c)) > 1 for c in counters), "all counters", 120)
        assert "WRONG" not in machine.serial().serial and "faulted" not in machine.serial().serial


def test_keys_on_com1():
    """make run is interactive: Ctrl-] and a digit are understood, and anything else is explained."""
    child = pexpect.spawn(sys.executable, [str(ROOT / "tools/emulate.py"), "--build", str(BUILD), "run",
                                           str(ROOT / "dts/examples/eight-screens.dts")], timeout=60)
    try:
        child.expect("8 partitions, 8 screens")
        child.send("\x1d2")
        child.send("\x1d9")
        child.expect("keys: Ctrl-] and l lists .* one of 8 screens")
    finally:
        child.send("\x01x")  # ends QEMU
        child.expect(pexpect.EOF)
        child.close()


def test_memtest():
    """Memtest86+ knows its clock by the PIT, has been through all of its memory but for the last test, which takes minutes,
    and has found nothing wrong; its neighbour's memory is its own."""
    with Machine(dtb=example("memtest")) as machine:
        machine.wait_for(lambda: "#10" in machine.page(0)[3], "the last test")
        screen = machine.page(0)
        assert re.search(r"[1-9][0-9]{2,}MHz", screen[1]) and "16MB" in screen[5], screen
        assert re.search(r"Errors: 0\s*$", screen[8]), screen
        machine.wait_for(lambda: machine.serial().of("counter"), "the counter")
        assert "WRONG" not in machine.serial().serial
