# SPDX-License-Identifier: BSD-2-Clause
"""Several processors: each runs its own schedule, lines stay whole, one summary; a panic stops all."""
import re

import pytest
from counter_model import checksum
from debugger import Debugger, symbol
from harness import REFUSED, Partition, Slot, frame, in_turn, processors, run_bochs, run_qemu, system
from live import Machine

SPIN = 256


def counter(number, rounds=60, report=0):
    bits = 32 if number % 2 else 64
    return Partition(f"c{number}", f"counter{bits}.elf", f"seed={number} spin={SPIN} rounds={rounds} report={report}")


def assert_exact(result, numbers):
    for number in numbers:
        match = re.fullmatch(rf"counter: seed {number} rounds (\d+) switches \d+ checksum ([0-9a-f]+) ok",
                             result.of(f"c{number}")[-1])
        assert match, result.serial
        assert int(match[2], 16) == checksum(number, int(match[1]), SPIN, 32 if number % 2 else 64)


def assert_lines_are_whole(result):
    for line in result.lines:
        assert re.match(r"[a-z0-9]+ +\|( |$)|shikiri: |Shikiri |$", line), line


def four_processors(report=0):
    """Two in turn, two in frames, two partitions on each."""
    schedules = {0: in_turn(0, 1), 1: frame(1000, [Slot(0, 500, 2), Slot(500, 500, 3)]),
                 2: in_turn(4, 5, slot_us=500), 3: frame(1000, [Slot(100, 300, 6, background=7), Slot(400, 600, 7)])}
    return system(*[counter(i, report=report) for i in range(8)], schedule=processors(schedules))


def test_calls_on_another_processor():
    """What a guest may ask for is the same on all of them, the TSC's rate among it."""
    deeds = [Partition(name, "crash.elf", "do=hypercall") for name in ("first", "second")]
    result = run_qemu(system(*deeds, schedule=processors({0: in_turn(0), 1: in_turn(1)})), cpus=2)
    assert [result.of(name)[-1] for name in ("first", "second")] == ["crash: hypercall ok"] * 2, result.serial


@pytest.mark.parametrize("icount", [False, True])
@pytest.mark.parametrize("cpu", ["max", "EPYC"])
def test_four(cpu, icount):
    result = run_qemu(four_processors(), cpu=cpu, icount=icount)
    assert_exact(result, range(8))
    assert result.serial.count("all partitions stopped") == 1
    for number in range(4):
        assert f"shikiri: processor {number}: " in result.serial


def test_lines_do_not_mix():
    result = run_qemu(four_processors(report=1))
    assert_exact(result, range(8))
    assert_lines_are_whole(result)
    assert all(len(result.of(f"c{i}")) == 60 for i in range(8))


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    schedules = {0: in_turn(0, 1), 1: frame(1000, [Slot(0, 500, 2), Slot(500, 500, 3)])}
    result = run_bochs(system(*[counter(i, 20, 5) for i in range(4)], schedule=processors(schedules)), cpu)
    assert_exact(result, range(4))
    assert_lines_are_whole(result)


def test_boot_processor_may_have_nothing_to_do():
    result = run_qemu(system(counter(0), counter(1), schedule=processors({2: in_turn(0, 1)})))
    assert_exact(result, range(2))


def test_fault_leaves_the_others_alone():
    text = system(Partition("bad", "crash.elf", "do=read"), counter(1), counter(2),
                  schedule=processors({0: in_turn(1), 1: in_turn(0, 2)}))
    result = run_qemu(text)
    assert result.summary()["bad"][0] == "faulted" and "read, page not present" in result.serial
    assert_exact(result, [1, 2])


def test_too_few_processors():
    result = run_qemu(four_processors(), cpus=3)
    assert result.status == REFUSED
    assert result.errors() == ["/cpus/cpu@3/schedule: found it for processor 3, want 0 to 2, as many as the machine has; "
                               "give the machine more, in QEMU by -smp", "1 error, no partition is started"]


def test_start_is_the_same_under_icount():
    runs = {run_qemu(four_processors(report=20), icount=True).raw for _ in range(2)}
    assert len(runs) == 1


def test_no_acpi_tables():
    """What names the processors is missing; it is said before the errors that come of it."""
    said = "shikiri: found no ACPI root pointer (RSDP) in the firmware's memory; only the boot processor is known"
    with Machine(four_processors(), more=["-M", "acpi=off"], options="on-end=halt") as machine:
        machine.wait_for(lambda: "no partition is started" in machine.serial().serial, "the end")
        result = machine.serial()
    assert said in result.lines and len(result.errors()) == 4, result.serial


def test_panic_stops_all(tmp_path):
    """The only processor with frames meets an instruction that it does not know; the report is one, and then silence."""
    text = system(Partition("c0", "counter64.elf", "seed=1 report=1"), Partition("c1", "counter64.elf", "seed=2"),
                  schedule=processors({0: in_turn(0), 1: frame(1000, [Slot(0, 1000, 1)])}))
    with Machine(text, options="on-end=halt") as machine:
        machine.wait_for(lambda: len(machine.serial().of("c0")) > 3, "lines")
        machine.monitor(f"gdbserver unix:{tmp_path}/gdb,server=on,wait=off")
        debugger = Debugger(tmp_path / "gdb")
        debugger.receive()
        debugger.write_physical(symbol("cyclic_next"), b"\x0f\x0b")
        debugger.go()
        machine.wait_for(lambda: "backtrace of processor 1:" in machine.serial().serial, "the report")
        machine.wait_for(lambda: machine.monitor("info registers -a").count("HLT=1") == 2, "both to halt")
        after = machine.serial().serial.split("panic: ")
        assert len(after) == 2 and after[1].startswith("exception 6"), after
        assert "cyclic_next+0x0" in after[1] and "c0 | " not in after[1]
