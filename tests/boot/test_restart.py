# SPDX-License-Identifier: BSD-2-Clause
"""Partitions that start anew by the reset register: nothing of the run before is left, and the neighbours notice nothing."""
import re

import pytest
from harness import CONSOLE, DONE, Partition, Slot, frame, in_turn, processors, run_bochs, run_qemu, system

MODES = pytest.mark.parametrize("icount", [False, True], ids=["qemu", "icount"])
LEAST = {False: 1, True: 2}  # restarts, of which each takes as many turns as a busy machine needs for it
APIC = 'interrupt-controller { compatible = "shikiri,x2apic"; };'


def phoenix(switches, vcpus=1, more=""):
    return Partition("phoenix", "phoenix.elf", f"uart=0x3f8 switches={switches} vcpus={vcpus} {more}", devices=APIC + CONSOLE,
                     extra=f"vcpus = <{vcpus}>;" if vcpus > 1 else "")


def restarts(result):
    """How often it started anew; each run found all as it should be."""
    lines = result.of("phoenix")
    assert set(lines) == {"phoenix: 0 things are left of an earlier run"}, result.serial
    times = result.serial.count("partition phoenix starts anew")
    assert times == len(lines) - 1 and "partition phoenix ended with status 0" in result.serial, result.serial
    return times


@MODES
def test_alone(icount):
    result = run_qemu(system(phoenix(100)), icount=icount)
    assert result.status == DONE and restarts(result) >= LEAST[icount]


@MODES
def test_two_vcpus(icount):
    """The second one, on another processor, has both of them start anew while the first computes."""
    both = processors({0: in_turn(0), 1: in_turn(0)})
    assert restarts(run_qemu(system(phoenix(100, vcpus=2), schedule=both), icount=icount)) >= LEAST[icount]


def test_with_a_sipi():
    """A vCPU that has halted for ever is started by SIPI while the restart is asked for, and a third one writes all the time:
    nothing of that is in what the next run finds, and the neighbour's counter stays right."""
    three = processors({0: in_turn(0, slot_us=20000), 1: in_turn(0), 2: in_turn(0, 1, slot_us=20000)})
    neighbour = Partition("c", "counter64.elf", "seed=7 rounds=100000 report=1000 uart=0x3f8")
    result = run_qemu(system(phoenix(1000000, vcpus=3, more="race=100000"), neighbour, schedule=three),
                      options="idle=poll end-after-ms=3000")
    assert set(result.of("phoenix")) == {"phoenix: 0 things are left of an earlier run"}, result.serial
    assert "WRONG" not in result.serial and result.serial.count("partition phoenix starts anew") >= 3, result.serial


@pytest.mark.parametrize("slot_us", [60, 500])
def test_beside_a_control_loop(slot_us):
    """Memory is cleared and loaded in slots of its own, however short: those of the neighbour do not move."""
    text = system(phoenix(6), Partition("beat", "beat.elf", "uart=0x3f8"),
                  schedule=frame(1000, [Slot(0, slot_us, 0), Slot(500, 500, 1)]))
    result = run_qemu(text, icount=True, options="end-after-ms=500")
    late = int(re.search(r"late by (\d+) ticks at most", result.serial)[1])
    assert late <= 12 and " 0 missed" in result.serial and restarts(result) >= 1, result.serial


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    assert restarts(run_bochs(system(phoenix(60), Partition("c", "counter64.elf", "seed=7 rounds=50 uart=0x3f8")), cpu)) >= 1
