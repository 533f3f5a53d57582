#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts instructions: runs the bench guest under -icount and compares with the budgets."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import BUILD, Partition, run_qemu, system  # noqa: E402

SWITCH_SPREAD_PERCENT = 5  # between 2 and 32 partitions
SLOT_US = 1000000  # nobody is preempted while he measures


def budgets():
    text = (Path(__file__).parent / "budgets").read_text()
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {name: int(limit) for name, limit in rows}


def run(partners, mib):
    """The rows that the bench guest prints, beside that many partners."""
    partitions = [Partition("bench", "bench.elf", mib=mib)]
    partitions += [Partition(f"p{i}", "bench.elf", "role=partner", mib=mib) for i in range(partners)]
    result = run_qemu(system(*partitions, slot_us=SLOT_US), icount=True)
    lines = result.of("bench")
    assert "bench: done" in lines, result.serial
    rows = {name: int(count) for name, count in re.findall(r"bench: (\S+) (\d+)", "\n".join(lines))}
    start = re.search(r"(\d+) TSC ticks since entry, (\d+) of them for the audit", result.serial)
    return rows, int(start[1]), int(start[2])


def measure():
    rows, _, _ = run(partners=1, mib=4)
    many, _, rows["audit-32"] = run(partners=31, mib=2)
    rows["switch-32"] = many["switch"]
    _, rows["entry"], rows["audit"] = run(partners=2, mib=16)
    rows["image"] = (BUILD / "shikiri.elf").stat().st_size
    return rows


def main():
    rows, failed = measure(), False
    print(f"{'event':18} {'measured':>9} {'budget':>9}")
    for name, limit in budgets().items():
        over = rows[name] > limit
        failed |= over
        print(f"{name:18} {rows[name]:9} {limit:9}{'  OVER BUDGET' if over else ''}")
    spread = abs(rows["switch-32"] - rows["switch"]) * 100 / rows["switch"]
    failed |= spread >= SWITCH_SPREAD_PERCENT
    print(f"a switch with 2 and with 32 partitions differs by {spread:.1f} %, want less than {SWITCH_SPREAD_PERCENT} %")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
