# SPDX-License-Identifier: BSD-2-Clause
"""All ways to boot: QEMU's -kernel, GRUB with Multiboot 1 and 2; guests of every kind."""
import re

import pytest
from harness import (CONSOLE, DONE, BUILD, VGA, Partition, Slot, compile_text, emulate, frame, images_of, run_bochs, run_qemu,
                     system)

START_AREA = 0x3f7000  # of 4 MiB
FILES = ["hello.elf", "counter64.elf"]  # two modules, in both orders

TEXT = system(Partition("elf64", "counter64.elf", "seed=3 rounds=5 uart=0x3f8"),
              Partition("elf32", "counter32.elf", "seed=4 rounds=5"),
              Partition("mb", "multi.elf", "one two=three", extra=f'modules = "{FILES[0]}", "{FILES[1]}";'),
              Partition("pvh", "pvh.elf", "four", extra=f'modules = "{FILES[1]}", "{FILES[0]}";'))


def lines_of_modules(guest, names):
    """What a guest says of its modules: they lie up to the start area, each on a page of its own, whole."""
    lines, at = [], START_AREA
    for name in reversed(names):
        module = (BUILD / "guests" / name).read_bytes()
        at -= (len(module) + 4095) // 4096 * 4096
        lines.insert(0, f"{guest}: module {name} at {at:x}: {len(module)} bytes, sum {sum(module)}")
    return lines


def assert_all_ran(result):
    assert result.status == DONE
    assert result.of("elf64")[-1].endswith("ok")
    assert result.of("elf32")[-1].endswith("ok")
    assert result.of("mb") == ["multi: magic 2badb002 flags 24d", 'multi: command line "one two=three"',
                               "multi: lower 640 KiB upper 3072 KiB", "multi: memory 3f7000 to 400000 type 2",
                               "multi: memory 0 to 3f7000 type 1", *lines_of_modules("multi", FILES),
                               "multi: loader Shikiri"]
    assert result.of("pvh") == ["pvh: magic 336ec578 version 1 flags 0", 'pvh: command line "four"',
                                "pvh: memory 3f7000 to 400000 type 2", "pvh: memory 0 to 3f7000 type 1",
                                *lines_of_modules("pvh", FILES[::-1]), 'pvh: tables "RSD PTR "']
    assert {row[0] for row in result.summary().values()} == {"ended"}


def test_four_modules():
    """As many as there may be, one of them twice; a guest that is given none says of none."""
    four = ["hog.elf", "hello.elf", "hog.elf", "pvh.elf"]
    given = "modules = " + ", ".join(f'"{name}"' for name in four) + ";"
    result = run_qemu(system(Partition("multi", "multi.elf"), Partition("multi-4", "multi.elf", extra=given),
                             Partition("pvh", "pvh.elf"), Partition("pvh-4", "pvh.elf", extra=given)))
    for guest in "multi", "pvh":
        assert [line for line in result.of(f"{guest}-4") if "module" in line] == lines_of_modules(guest, four)
        assert result.of(guest) and "module" not in "".join(result.of(guest))


@pytest.mark.parametrize("cpu", ["max", "EPYC"])
@pytest.mark.parametrize("icount", [False, True])
def test_kernel(cpu, icount):
    assert_all_ran(run_qemu(TEXT, cpu=cpu, icount=icount))


@pytest.mark.parametrize("multiboot", [1, 2])
@pytest.mark.parametrize("icount", [False, True])
def test_grub(tmp_path, multiboot, icount):
    dtb = compile_text(TEXT, tmp_path)
    iso = emulate.make_iso(BUILD, tmp_path / "system.iso", [dtb, *images_of(dtb)], "on-end=qemu-exit", multiboot)
    assert_all_ran(run_qemu(iso=iso, cpu="EPYC" if icount else "max", icount=icount))


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    assert_all_ran(run_bochs(TEXT, cpu))


def test_multiboot_map():
    """RAM is what the guest can write and is neither its screen nor the start area."""
    more = """memory@800000 { device_type = "memory"; reg = <0 0x800000 0 0x1000>; read-only; };"""
    result = run_qemu(system(Partition("mb", "multi.elf", devices=VGA + more)))
    assert [line for line in result.of("mb") if "memory" in line] == [
        "multi: memory 3f7000 to 400000 type 2", "multi: memory 0 to b8000 type 1",
        "multi: memory b9000 to 3f7000 type 1",
        "multi: memory 800000 to 801000 type 2"]


def test_many_partitions_share_asids():
    """64 partitions on 15 ASIDs, all exact."""
    partitions = [Partition(f"c{i}", "counter32.elf", f"seed={i} rounds=20 spin=256", mib=2) for i in range(64)]
    result = run_qemu(system(*partitions, slot_us=100), icount=True)
    assert len(result.summary()) == 64
    assert all(result.of(f"c{i}")[-1].endswith("ok") for i in range(64))


def test_runs_are_identical():
    """Ten runs under icount: the same bytes, with every record of the trace."""
    text = system(Partition("a", "counter64.elf", "seed=1 rounds=40 report=10 uart=0x3f8"),
                  Partition("b", "counter32.elf", "seed=2 rounds=40 report=10"),
                  Partition("s", "sleeper.elf", "wakes=30 report=5"), slot_us=100)
    runs = {run_qemu(text, options="trace=print", icount=True).raw for _ in range(10)}
    assert len(runs) == 1
    assert runs.pop().count(b"shikiri: trace 0: ") > 50


@pytest.mark.parametrize("schedule", [None, frame(1000, [Slot(0, 1000, 0)])], ids=["turns", "frames"])
def test_end_after(schedule):
    """A run that would go on is ended at the first decision after that time."""
    text = system(Partition("hog", "hog.elf"), schedule=schedule, slot_us=1000)
    result = run_qemu(text, options="end-after-ms=20", icount=True)
    ended_us = int(re.search(r"the run ended after (\d+) us", result.serial)[1])
    assert 20000 <= ended_us <= 21100 and result.summary()["hog"][0] == "runs"
