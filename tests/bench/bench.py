#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts instructions: runs the bench guest under -icount and compares with the budgets."""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import BUILD, Partition, in_turn, processors, run_qemu, symbol, system  # noqa: E402

SWITCH_SPREAD_PERCENT = 5  # between 2 and 32 partitions, one and four processors
SLOT_US = 1000000  # nobody is preempted while he measures


def budgets():
    text = (Path(__file__).parent / "budgets").read_text()
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {name: int(limit) for name, limit in rows}


def run(partners, mib, bootargs="", more=(), **arguments):
    """The rows that the bench guest prints, beside that many partners."""
    partitions = [Partition("bench", "bench.elf", bootargs, mib=mib)]
    partitions += [Partition(f"p{i}", "bench.elf", "role=partner", mib=mib) for i in range(partners)]
    result = run_qemu(system(*partitions, *more, **arguments), icount=True)
    lines = result.of("bench")
    assert "bench: done" in lines, result.serial
    rows = {name: int(count) for name, count in re.findall(r"bench: (\S+) (\d+)", "\n".join(lines))}
    start = re.search(r"(\d+) TSC ticks since entry, (\d+) of them for the audit", result.serial)
    return rows, int(start[1]), int(start[2])


def run_on_four():
    """With two partitions on each of four processors. The other three sleep, as all share the emulator's clock."""
    sleepers = [Partition(f"s{i}", "sleeper.elf", "wakes=1") for i in range(6)]
    turns = {i: in_turn(2 * i, 2 * i + 1, slot_us=SLOT_US) for i in range(4)}
    return run(partners=1, mib=4, bootargs="turns=2", more=sleepers, schedule=processors(turns))[0]


def apic():
    """What the local APIC costs, by the guest that ticks."""
    devices = 'interrupt-controller { compatible = "shikiri,x2apic"; };'
    result = run_qemu(system(Partition("bench", "tick.elf", "role=bench", devices=devices), slot_us=SLOT_US), icount=True)
    assert "bench: done" in result.of("bench"), result.serial
    return {name: int(count) for name, count in re.findall(r"bench: (\S+) (\d+)", result.serial)}


def trace_record():
    """Instructions of the record of an exit, as they are in the code (hv/svm/vmrun.S): from the label `again` to `resume`, and two
    that read the TSC behind the exit; without those of the statistics, which are kept on the way."""
    first, end = (symbol(name) for name in ("again", "resume"))
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--start-address={first}", f"--stop-address={end}",
                           BUILD / "shikiri.sym.elf"], capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^ +[0-9a-f]+:\t(.*)$", code, re.MULTILINE)
    statistics = lines[(at := next(i for i, line in enumerate(lines) if line.startswith("bsr"))):at + 5]
    assert [line.split()[0] for line in statistics] == ["bsr", "incq", "cmp", "jbe", "mov"], lines
    return len(lines) - len(statistics) + 2


def measure():
    rows, _, _ = run(partners=1, mib=4, slot_us=SLOT_US)
    rows["switch-8"] = run(partners=7, mib=4, slot_us=SLOT_US)[0]["switch"]
    many, _, rows["audit-32"] = run(partners=31, mib=2, slot_us=SLOT_US)
    rows["switch-32"] = many["switch"]
    rows["switch-4-processors"] = run_on_four()["switch"]
    _, rows["entry"], rows["audit"] = run(partners=2, mib=16, slot_us=SLOT_US)
    rows |= apic()
    rows["trace-record"] = trace_record()
    rows["image"] = (BUILD / "shikiri.elf").stat().st_size
    return rows


def main():
    rows, failed = measure(), False
    print(f"{'event':20} {'measured':>9} {'budget':>9}")
    for name, limit in budgets().items():
        over = rows[name] > limit
        failed |= over
        print(f"{name:20} {rows[name]:9} {limit:9}{'  OVER BUDGET' if over else ''}")
    switches = [count for name, count in rows.items() if name.startswith("switch")]
    spread = (max(switches) - min(switches)) * 100 / min(switches)
    failed |= spread >= SWITCH_SPREAD_PERCENT
    print(f"switches with 2, 8 and 32 partitions and with 4 processors differ by {spread:.1f} %, "
          f"want less than {SWITCH_SPREAD_PERCENT} %")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
