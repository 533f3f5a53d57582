# SPDX-License-Identifier: BSD-2-Clause
"""Interrupts of guests: the local APIC's timer in its modes, beside others, and interrupts between vCPUs."""
import re

import pytest
from harness import CONSOLE, DONE, Partition, Slot, frame, in_turn, processors, run_bochs, run_qemu, system

MODES = pytest.mark.parametrize("icount", [False, True], ids=["qemu", "icount"])
APIC = 'interrupt-controller { compatible = "shikiri,x2apic"; };'
COUNT_LATER = {"deadline": 0, "once": 200, "period": 200}  # the guest's idea of a count's start is before its WRMSR
SLOT_TICKS = 1000000  # a millisecond under icount
LATE_MOST = {0: 500, 1: 300}  # ticks under icount: from idle, with a look at the keys on the way, and out of a guest


def tick(bootargs, label="tick", extra=""):
    return Partition(label, "tick.elf", f"uart=0x3f8 {bootargs}", devices=APIC + CONSOLE, extra=extra)


def counter(label, rounds=200):
    return Partition(label, "counter64.elf", f"seed=7 rounds={rounds} uart=0x3f8")


def numbers(result, label="tick"):
    """Of the last line: ticks, how late they were at least and at most, interrupts from the other vCPU."""
    match = re.fullmatch(r"tick: (\d+) ticks late (\d+) to (\d+) ipis (\d+)", result.of(label)[-1])
    assert match, result.serial
    return [int(number) for number in match.groups()]


@MODES
@pytest.mark.parametrize("busy", [0, 1], ids=["halts", "computes"])
@pytest.mark.parametrize("by", ["deadline", "once", "period"])
def test_timer(by, busy, icount):
    """Every tick comes, none early, and under icount none later than the hypervisor's work explains."""
    result = run_qemu(system(tick(f"by={by} us=500 ticks=40 busy={busy}")), icount=icount)
    ticks, early, late, _ = numbers(result)
    assert result.status == DONE and ticks == 40 and result.summary()["tick"][0] == "ended"
    assert 0 < early <= late < (LATE_MOST[busy] + COUNT_LATER[by] if icount else 1 << 31), result.serial


def test_timer_in_turn():
    """Beside one that computes, a tick waits for the rest of its slot, and for one more if it stands in line behind."""
    result = run_qemu(system(tick("us=300 ticks=100"), counter("c")), icount=True)
    ticks, _, late, _ = numbers(result)
    assert ticks == 100 and SLOT_TICKS / 2 < late < 2.1 * SLOT_TICKS, result.serial


def test_periods_are_not_made_up_for():
    """A slot of a fifth of each frame: the ticks missed outside of it come as one, so that a count takes its time."""
    text = system(tick("by=period us=100 ticks=60 busy=1"), counter("c", 2000), schedule=frame(1000, [Slot(0, 200, 0), Slot(200, 800, 1)]))
    result = run_qemu(text, icount=True, options="end-after-ms=100")
    elapsed_us = int(re.search(r"(\d+) +\d+ +\d+", next(l for l in result.lines if re.match("shikiri: tick ", l)))[1])
    assert numbers(result)[0] == 60 and 20 * 100 < elapsed_us, "three ticks a slot, not ten"


def test_neighbour_of_a_storm():
    """Ticks every 20 us, and what a guest that halts in between costs, move no slot of a control loop."""
    text = system(tick("by=deadline us=20 ticks=1500"), Partition("beat", "beat.elf", "uart=0x3f8"),
                  schedule=frame(1000, [Slot(0, 500, 0), Slot(500, 500, 1, background=0)]))
    result = run_qemu(text, icount=True, options="end-after-ms=60")
    late = int(re.search(r"late by (\d+) ticks at most", result.serial)[1])
    assert late <= 12 and "0 missed" in result.serial, result.serial
    assert numbers(result)[0] == 1500


@MODES
def test_between_vcpus(icount):
    """The second vCPU interrupts the first, on another processor, while that waits for its ticks or computes."""
    for busy in (0, 1):
        both = processors({0: in_turn(0), 1: in_turn(0)})
        result = run_qemu(system(tick(f"us=1000 ticks=30 busy={busy}", extra="vcpus = <2>;"), schedule=both), icount=icount)
        ticks, _, _, ipis = numbers(result)
        least = 30 if icount else 1  # the guest waits for one; the machine's own threads have their turns as they come
        assert ticks == 30 and least <= ipis <= 130, result.serial


@pytest.mark.parametrize("by", ["deadline", "period"])
@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu, by):
    """Where interrupts are injected, as that emulator's V_IRQ does not work; one guest computes, one waits."""
    text = system(tick(f"by={by} us=1000 ticks=10"), tick(f"by={by} us=1000 ticks=10 busy=1", label="busy"))
    result = run_bochs(text, cpu)
    assert "interrupts by EVENTINJ" in result.serial
    assert [numbers(result, label)[0] for label in ("tick", "busy")] == [10, 10]
