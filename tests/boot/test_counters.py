# SPDX-License-Identifier: BSD-2-Clause
"""Two counters with different data keep every register through 10,000 switches, on every emulator."""
import re

import pytest
from counter_model import checksum
from harness import CONSOLE, Partition, run_bochs, run_qemu, system

SWITCHES = 5000  # of each of the two
SPIN = 256
SLOT_US = 50


def counters():
    return system(Partition("wide", "counter64.elf", f"seed=1 spin={SPIN} switches={SWITCHES} uart=0x3f8"),
                  Partition("narrow", "counter32.elf", f"seed=2 spin={SPIN} switches={SWITCHES}", devices=CONSOLE),
                  slot_us=SLOT_US)


def assert_exact(result):
    for label, seed, bits in (("wide", 1, 64), ("narrow", 2, 32)):
        last = result.of(label)[-1]
        match = re.fullmatch(rf"counter: seed {seed} rounds (\d+) switches (\d+) checksum ([0-9a-f]+) ok", last)
        assert match, result.serial
        assert int(match[2]) >= SWITCHES
        assert int(match[3], 16) == checksum(seed, int(match[1]), SPIN, bits)
    assert sum(row[2] for row in result.summary().values()) >= 2 * SWITCHES


@pytest.mark.parametrize("icount", [False, True])
@pytest.mark.parametrize("cpu", ["max", "EPYC"])
def test_qemu(cpu, icount):
    assert_exact(run_qemu(counters(), cpu=cpu, icount=icount))


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    assert_exact(run_bochs(counters(), cpu))
