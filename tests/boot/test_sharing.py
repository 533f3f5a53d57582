# SPDX-License-Identifier: BSD-2-Clause
"""Time is shared as configured: a hog takes no more than its slots, sleepers give theirs away."""
import re

from harness import BUILD, ROOT, VGA, Partition, emulate, run_qemu, system


def test_hog_leaves_the_others_their_share():
    """The trio with a hog as fourth: equal run times within 2 % over 1,000 slots."""
    dtb = emulate.compile_dts(ROOT / "dts/examples/hog.dts", BUILD)
    rows = run_qemu(dtb=dtb, options="end-after-ms=1010", icount=True).summary()
    ran = {label: row[1] for label, row in rows.items()}
    mean = sum(ran.values()) / 4
    assert sum(row[2] for row in rows.values()) >= 1000 and mean > 250000
    assert all(abs(us - mean) <= 0.02 * mean for us in ran.values()), ran


def test_sleepers_give_their_time_away():
    """A counter beside sleepers has nearly all of the processor; nobody runs while all sleep."""
    text = system(Partition("sleeper", "sleeper.elf", "wakes=20"), Partition("other", "sleeper.elf", "wakes=20"),
                  Partition("busy", "counter64.elf", "seed=1 rounds=200"))
    result = run_qemu(text, icount=True)
    rows = result.summary()
    assert rows["busy"][1] > 50 * rows["sleeper"][1]
    assert result.of("sleeper")[-1] == "sleeper: done"


def test_idle_time_is_slept():
    """20 wakes of a lone sleeper take 20 slots, nearly all of them asleep."""
    result = run_qemu(system(Partition("s", "sleeper.elf", "wakes=20")), icount=True)
    total = int(re.search(r"all partitions stopped after (\d+) us", result.serial)[1])
    idle = int(re.search(r"processor 0: \d+ switches, (\d+) us idle", result.serial)[1])
    assert 19000 < total < 23000 and idle > 0.9 * total


def test_screen_partition_spinning_is_preempted():
    """An animation that never exits still ends by its frame count beside a hog-like counter."""
    text = system(Partition("v", "bounce.elf", "frames=3 pace=spin", devices=VGA),
                  Partition("c", "counter64.elf", "seed=1 rounds=100 uart=0x3f8"))
    rows = run_qemu(text, icount=True).summary()
    assert rows["v"][0] == rows["c"][0] == "ended"
    assert rows["v"][3].get("IOIO", 0) == 0, "drawing exits"
