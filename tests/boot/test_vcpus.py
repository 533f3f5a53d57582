# SPDX-License-Identifier: BSD-2-Clause
"""Partitions with several vCPUs: started by the first, on processors of their own; they end together."""
import re

import pytest
from counter_model import checksum
from harness import CONSOLE, VGA, Partition, Slot, frame, in_turn, processors, run_bochs, run_qemu, system

SPIN = 256
TWO = "vcpus = <2>;"
MODES = pytest.mark.parametrize("icount", [False, True])


def counter(label, seed, vcpus=1, rounds=400, bits=64):
    return Partition(label, f"counter{bits}.elf", f"seed={seed} rounds={rounds} spin={SPIN}",
                     extra=f"vcpus = <{vcpus}>;")


def deed(what, label="pair", devices=CONSOLE):
    """The second vCPU of two does something, or the first when `what` says so."""
    return Partition(label, "crash.elf", what, devices=devices, extra=TWO)


def assert_exact(result, label, seeds, rounds=400, bits=64):
    """Every vCPU has come to the result of its seed."""
    lines = result.of(label)
    for seed in seeds:
        want = checksum(seed, rounds, SPIN, bits)
        assert any(re.fullmatch(rf"counter: seed {seed} rounds {rounds} switches \d+ checksum {want:x} ok", line)
                   for line in lines), result.serial


def both(*others):
    """Partition 0 on two processors in turn with the others, on processor 0 and 1 alternately."""
    return processors({n: in_turn(0, *[i + 1 for i in range(len(others)) if i % 2 == n], slot_us=200) for n in (0, 1)})


@MODES
@pytest.mark.parametrize("bits", [32, 64])
def test_two_count(bits, icount):
    """The vCPUs of a partition keep their registers apart, beside neighbours on both processors."""
    others = [counter("left", 11), counter("right", 12)]
    result = run_qemu(system(counter("pair", 1, 2, bits=bits), *others, schedule=both(*others)), icount=icount)
    assert_exact(result, "pair", [1, 2], bits=bits)
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12])
    rows = result.summary()
    assert rows["pair/0"][0] == rows["pair/1"][0] == "ended" and rows["pair/1"][2] > 1
    assert "shikiri: partition pair ended with status 0, by vCPU 0" in result.lines
    assert result.serial.count("partition pair ended") == 1


@MODES
def test_four_processors(icount):
    """Four vCPUs in turn and in frames, named from high to low: they belong to processors by their numbers."""
    schedules = {3: in_turn(0), 2: frame(1000, [Slot(0, 300, 0), Slot(300, 700, 1)]), 1: in_turn(0, 2), 0: in_turn(0)}
    result = run_qemu(system(counter("four", 1, 4), counter("a", 11), counter("b", 12), schedule=processors(schedules)),
                      icount=icount)
    assert_exact(result, "four", [1, 2, 3, 4])
    assert_exact(result, "a", [11])
    assert_exact(result, "b", [12])


@MODES
def test_start(icount):
    """What SHIKIRI_CALL_START answers."""
    result = run_qemu(system(deed("do=start"), schedule=both()), icount=icount)
    assert result.of("pair")[-1] == "crash: start ok", result.serial
    assert not any("WRONG" in line for line in result.lines)


def beside(pair, *labels):
    """A pair between counters on the same two processors."""
    others = [counter(label, 11 + i) for i, label in enumerate(labels)]
    return system(pair, *others, schedule=both(*others))


@MODES
def test_second_ends_both(icount):
    """Its shutdown is the partition's; the first is in a loop that never leaves by itself."""
    result = run_qemu(beside(deed("do=port on=1 status=7"), "left", "right"), icount=icount)
    assert "shikiri: partition pair ended with status 7, by vCPU 1" in result.lines, result.serial
    assert result.serial.count("partition pair ") == 1
    rows = result.summary()
    assert rows["pair/0"][0] == rows["pair/1"][0] == "ended"
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12])


@MODES
def test_second_faults(icount):
    """One report, of the vCPU that did it; the neighbours go on."""
    result = run_qemu(beside(deed("do=read on=1"), "left", "right"), icount=icount)
    assert len(re.findall(r"partition pair faulted: exit NPF at rip 0x[0-9a-f]+, by vCPU 1$", result.serial, re.M)) == 1
    assert result.serial.count("read, page not present") == 1 and result.serial.count("shikiri:   rip ") == 1
    assert {result.summary()[f"pair/{i}"][0] for i in (0, 1)} == {"faulted"}
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12])


def test_end_in_the_middle_of_a_slot():
    """The other vCPU is not left going until its slot of a second ends."""
    slots = processors({0: in_turn(0, slot_us=1000000), 1: in_turn(0, slot_us=1000000)})
    result = run_qemu(system(deed("do=port on=1"), schedule=slots), icount=True)
    assert int(re.search(r"all partitions stopped after (\d+) us", result.serial)[1]) < 100000, result.serial


@MODES
def test_first_ends_one_that_never_started(icount):
    result = run_qemu(beside(deed("do=read"), "left", "right"), icount=icount)
    assert re.search(r"partition pair faulted: exit NPF at rip 0x[0-9a-f]+, by vCPU 0$", result.serial, re.M)
    assert result.summary()["pair/1"][:3] == ("faulted", 0, 0)
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12])


@MODES
def test_halts(icount):
    """One vCPU that halts for ever leaves the other going; the last one's halt is the partition's, once."""
    result = run_qemu(beside(deed("do=halt-both"), "left", "right"), icount=icount)
    assert "crash: the second has halted" in result.of("pair")
    assert re.search(r"partition pair halted for ever: HLT with interrupts off at rip 0x[0-9a-f]+, by vCPU 0$",
                     result.serial, re.M), result.serial
    assert {result.summary()[f"pair/{i}"][0] for i in (0, 1)} == {"halted"}
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12])


def test_halt_of_the_only_one_that_was_started():
    result = run_qemu(system(deed("do=halt"), schedule=both()))
    assert "by vCPU 0" in result.serial and result.summary()["pair/1"][:3] == ("halted", 0, 0)


def frames(background):
    """Half of each processor is a vCPU's of partition 0."""
    return processors({0: frame(1000, [Slot(0, 500, 0), Slot(500, 500, 1)]),
                       1: frame(1000, [Slot(0, 500, 0, background), Slot(600, 400, 2)])})


@pytest.mark.parametrize("background", [2, None])
def test_late_start(background):
    """Until its start the slots of a vCPU are the background's, or nobody's; then they are its own."""
    pair = Partition("pair", "counter64.elf", f"seed=1 rounds=400 spin={SPIN} late=20", extra=TWO)
    result = run_qemu(system(pair, counter("left", 11), counter("right", 12, rounds=2000), schedule=frames(background)),
                      icount=True)
    assert_exact(result, "pair", [1, 2])
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12], rounds=2000)
    idle_us = int(re.search(r"processor 1: \d+ switches, (\d+) us idle", result.serial)[1])
    assert (idle_us > 20 * 500) == (background is None), result.serial


@pytest.mark.parametrize("schedule", [both("left", "right"), frames(2)])
def test_never_started(schedule):
    """A system ends though a vCPU was never started, in turn and in frames."""
    result = run_qemu(system(deed("do=port"), counter("left", 11), counter("right", 12), schedule=schedule))
    assert result.summary()["pair/1"][:3] == ("ended", 0, 0), result.serial
    assert_exact(result, "right", [12])


@pytest.mark.parametrize("attempt", range(3))
def test_race(attempt):
    """Two vCPUs that race at their UART and their screen spoil no line but their own."""
    result = run_qemu(beside(deed(f"do=race turns={20000 + attempt}", devices=CONSOLE + VGA), "left", "right"))
    assert "crash: race ok" in result.serial
    for line in result.lines:
        assert re.match(r"(pair|left|right) +\|( |$)|shikiri: |Shikiri |$", line), line
        assert line.startswith("shikiri: ") or len(line) <= 200  # the closing table's lines may be longer
    assert_exact(result, "left", [11])
    assert_exact(result, "right", [12])


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    others = [counter("left", 11, rounds=100), counter("right", 12, rounds=100)]
    result = run_bochs(system(counter("pair", 1, 2, rounds=100), *others, schedule=both(*others)), cpu)
    assert_exact(result, "pair", [1, 2], rounds=100)
    assert_exact(result, "left", [11], rounds=100)
    result = run_bochs(system(deed("do=read on=1"), *others, schedule=both(*others)), cpu)
    assert "exit NPF" in result.serial and "by vCPU 1" in result.serial
    assert_exact(result, "right", [12], rounds=100)
