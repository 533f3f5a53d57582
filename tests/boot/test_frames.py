# SPDX-License-Identifier: BSD-2-Clause
"""Cyclic schedules: slots start at their offsets whatever the others do, and plans change at a frame's start."""
import re

import long_runs
import pytest
from harness import VGA, Partition, Slot, frame, processors, run_bochs, run_qemu, system
from live import Machine
from long_runs import FIRST, LATE, PARALLEL_LATE

CONTROL = "control;"


def beat(result, label="beat"):
    """The numbers in a beat guest's last line: slots, late from, to, period, irregular."""
    return [int(number) for number in re.findall(r"\d+", result.of(label)[-1])]


def lateness(result, cpu=0):
    """Frames, slots started, slots missed, the most ticks late."""
    line = next(line for line in result.lines if line.startswith(f"shikiri: processor {cpu}:") and "frames, " in line)
    _, frames, started, missed, _, late, _ = (int(number) for number in re.findall(r"\d+", line))
    return [frames, started, missed, late]


def ticks_per_us(result):
    return int(re.search(r"TSC (\d+) kHz", result.serial)[1]) / 1000


def test_slots_start_at_their_offsets():
    """300 frames beside a storm of exits, a partition that prints a lot, and one that computes."""
    text = system(Partition("beat", "beat.elf", "slots=300 work=3000 report=100"),
                  Partition("storm", "bench.elf", "role=storm rounds=450000"),
                  Partition("print", "counter64.elf", "seed=3 report=1 rounds=600 spin=64"),
                  Partition("count", "counter32.elf", "seed=4 switches=270 uart=0x3f8"),
                  schedule=frame(1000, [Slot(0, 250, 0), Slot(250, 200, 1), Slot(450, 200, 2), Slot(650, 350, 3)]))
    result = run_qemu(text, icount=True)
    frames, started, missed, late = lateness(result)
    assert frames >= 300 and started > 840 and missed == 0 and late <= LATE, result.serial[-2000:]
    slots, late_min, late_max, period, irregular = beat(result)
    assert slots == 300 and irregular == 0 and late_max <= FIRST and late_max - late_min <= LATE
    assert abs(period - 1000 * ticks_per_us(result)) <= 1


@pytest.mark.parametrize("by", ["cr8", "dr7"])
def test_storm_of_what_has_to_be_read(by):
    """The hypervisor walks the guest's page tables for these, and no slot is late for it."""
    text = system(Partition("beat", "beat.elf", "slots=300"), Partition("storm", "bench.elf", f"role=storm by={by} rounds=0"),
                  schedule=frame(1000, [Slot(0, 200, 0), Slot(200, 300, 1), Slot(500, 50, 0), Slot(550, 450, 1)]))
    result = run_qemu(text, icount=True, options="end-after-ms=160")
    assert result.summary()["storm"][3][f"write {by.upper()}"] > 100000
    assert lateness(result)[2] == 0 and lateness(result)[3] <= LATE


def test_hog():
    """One that takes all it can get, with interrupts off."""
    text = system(Partition("beat", "beat.elf", "slots=500"), Partition("hog", "hog.elf"),
                  schedule=frame(1000, [Slot(100, 100, 0), Slot(200, 800, 1)]))
    with Machine(text, icount=True) as machine:
        machine.wait_for(lambda: "partition beat ended" in machine.serial().serial, "the end of the beat")
        slots, late_min, late_max, _, irregular = beat(machine.serial())
    assert slots == 500 and irregular == 0 and late_max <= FIRST and late_max - late_min <= LATE


def test_neighbours_that_end_in_every_way():
    """Faults, their reports and halts move no slot."""
    deeds = ["read", "triple", "halt", "string-io", "flood", "hypercall"]
    text = system(Partition("beat", "beat.elf", "slots=300"), *[Partition(d, "crash.elf", f"do={d}") for d in deeds],
                  schedule=frame(2000, [Slot(0, 150, 0), *[Slot(150 + 300 * i, 300, i + 1) for i in range(6)]]))
    result = run_qemu(text, icount=True)
    assert result.serial.count("faulted: ") == 3
    assert lateness(result)[2:] == [0, pytest.approx(0, abs=LATE)], result.serial[-2000:]
    assert beat(result)[4] == 0


def test_time_is_kept_or_goes_to_the_background():
    """What the beat leaves of its slot is the background's, or nobody's; its neighbour's slot stays as it is."""
    for background in (None, 1):
        text = system(Partition("beat", "beat.elf", "slots=100 work=0"),
                      Partition("back", "counter64.elf", "seed=1 switches=100"),
                      schedule=frame(1000, [Slot(0, 500, 0, background=background), Slot(500, 500, 1)]))
        result = run_qemu(text, icount=True)
        share = result.summary()["back"][1] / (lateness(result)[0] * 1000)
        assert (0.9 if background else 0.4) < share < (1 if background else 0.51), result.serial[-1500:]


def test_gaps_are_idle():
    text = system(Partition("beat", "beat.elf", "slots=50"), Partition("c", "counter64.elf", "seed=1 switches=20"),
                  schedule=frame(1000, [Slot(100, 100, 0), Slot(600, 100, 1)]))
    result = run_qemu(text, icount=True)
    assert result.summary()["c"][1] <= 0.11 * lateness(result)[0] * 1000


def test_pad():
    """A padded slot starts at the same distance from its offset, however long the switch takes."""
    text = system(Partition("beat", "beat.elf", "slots=200"), Partition("storm", "bench.elf", "role=storm rounds=900000"),
                  schedule=frame(1000, [Slot(0, 300, 0, pad_us=10), Slot(300, 700, 1)]))
    result = run_qemu(text, icount=True)
    _, late_min, late_max, _, irregular = beat(result)
    assert irregular == 0 and late_max <= FIRST and late_max - late_min <= LATE


PLANS = [[Slot(0, 300, 0), Slot(300, 700, 1)], [Slot(0, 300, 0), Slot(300, 200, 2), Slot(500, 500, 1)]]


def test_plan_is_switched():
    """Every ten frames under load; no slot of those that are in both plans is lost."""
    text = system(Partition("beat", "beat.elf", "slots=200 plan-every=10", extra=CONTROL),
                  Partition("c", "counter64.elf", "seed=1 switches=150"), Partition("d", "counter32.elf", "seed=2 switches=60"),
                  schedule=frame(1000, *PLANS))
    result = run_qemu(text, icount=True)
    _, _, missed, late = lateness(result)
    slots, _, _, _, irregular = beat(result)
    assert missed == 0 and late <= LATE and slots == 200 and irregular == 0
    assert result.summary()["d"][2] >= 60
    assert result.of("c")[-1].endswith("ok") and result.of("d")[-1].endswith("ok")


def test_statistics():
    """What a monitor is told is what the summary says later, and a partition's share adds up."""
    text = system(Partition("beat", "beat.elf", "slots=100"), Partition("hog", "hog.elf"),
                  Partition("watch", "watch.elf", "every=150", extra=CONTROL),
                  schedule=frame(1000, [Slot(0, 300, 0), Slot(300, 500, 1), Slot(800, 200, 2)]))
    result = run_qemu(text, icount=True, options="end-after-ms=200")
    told = [re.findall(r"\d+", line) for line in result.of("watch")]
    beat, _, hog, hog_exits, watch, _ = [[int(number) for number in line] for line in told]
    assert beat[:2] == [0, 0] and beat[4:6] == [result.summary()["beat"][2]] * 2
    assert hog[:2] == [1, 1] and abs(hog[2] - 500 * hog[5]) < 500
    assert 0 <= hog[3] - beat[2] - watch[2] < 100  # stolen is what the others ran, not what was idle
    assert hog_exits == [1, 0, 0, 0, 0] and watch[:2] == [2, 2] and watch[5] >= 150 and hog[6] <= LATE
    counted = result.summary()["watch"][3]
    assert counted["VMMCALL"] > 200 and counted["HLT"] >= 150


def test_statistics_are_refused_without_control():
    result = run_qemu(system(Partition("watch", "watch.elf")))
    assert result.of("watch") == ["watch: denied"] and "ended with status 1" in result.serial


def four_beats(slots, **plans):
    """Two plans on four processors, a beat on each at another offset; the first of them may switch plans."""
    more = " ".join(f"{key.replace('_', '-')}={value}" for key, value in plans.items())
    beats = [Partition(f"b{i}", "beat.elf", f"slots={slots} work=500 tell-plans=1 {more if i == 0 else ''}",
                       extra=CONTROL if i == 0 else "") for i in range(4)]
    counters = [Partition(f"c{i}", f"counter{64 if i % 2 else 32}.elf", f"seed={i} switches={slots // 2}") for i in range(4)]
    schedules = {i: frame(1000, [Slot(100 * i, 200, i), Slot(100 * i + 200, 500, i + 4)],
                          [Slot(100 * i, 200, i), Slot(100 * i + 300, 300, i + 4)]) for i in range(4)}
    return system(*beats, *counters, schedule=processors(schedules))


def test_four_processors():
    """No slot is lost on any of four processors, and each is as late as the emulator's turns at most."""
    result = run_qemu(four_beats(200), icount=True)
    for cpu in range(4):
        frames, started, missed, late = lateness(result, cpu)
        assert frames >= 200 and started >= 300 and missed == 0 and late <= PARALLEL_LATE, result.serial[-3000:]
        assert beat(result, f"b{cpu}")[4] == 0
        assert result.of(f"c{cpu}")[-1].endswith("ok")


def test_plans_change_together():
    """In the same frame on all four processors."""
    result = run_qemu(four_beats(100, plan_every=10), icount=True)
    us = ticks_per_us(result)
    changes = []
    for i in range(4):
        told = re.findall(r"plan (\d) at ([0-9a-f]+)", "\n".join(result.of(f"b{i}")))
        changes.append([(plan, round((int(tsc, 16) - 100 * i * us) / (1000 * us))) for plan, tsc in told])
    assert len(changes[0]) == 9 and all(one == changes[0] for one in changes[1:]), changes


def test_plan_is_refused_without_control():
    text = system(Partition("beat", "beat.elf", "slots=20 plan-every=10"), schedule=frame(1000, [Slot(0, 1000, 0)], [Slot(0, 500, 0)]))
    assert "partition beat ended with status 1" in run_qemu(text, icount=True).serial


def test_plan_out_of_range():
    text = system(Partition("beat", "beat.elf", "slots=20 plan-every=1 plans=3", extra=CONTROL),
                  schedule=frame(1000, [Slot(0, 1000, 0)], [Slot(0, 500, 0)]))
    assert "partition beat ended with status 1" in run_qemu(text, icount=True).serial


def test_wall_clock():
    """Without icount nothing is promised about time, but everything gets on."""
    text = system(Partition("beat", "beat.elf", "slots=200"), Partition("v", "bounce.elf", "frames=3", devices=VGA),
                  Partition("c", "counter64.elf", "seed=1 rounds=50"),
                  schedule=frame(10000, [Slot(0, 2000, 0), Slot(2000, 4000, 1), Slot(6000, 4000, 2)]))
    result = run_qemu(text)
    assert beat(result)[0] == 200 and result.of("c")[-1].endswith("ok")


@pytest.mark.parametrize("make, frames, late, first", [
    (long_runs.one_processor, 300, LATE, FIRST), (long_runs.four_processors, 100, PARALLEL_LATE, PARALLEL_LATE + FIRST)])
def test_long_runs(make, frames, late, first):
    """What `make long-runs` runs and judges, in short."""
    assert long_runs.judge_slots(long_runs.run(make(frames), frames + long_runs.MORE_MS, icount=True), frames, late, first) == []


@pytest.mark.parametrize("cpu", ["ryzen"])
def test_bochs(cpu):
    """No slot is lost; how late one is depends on the guests, which Bochs preempts only with IF=1."""
    text = system(Partition("beat", "beat.elf", "slots=200"), Partition("c", "counter64.elf", "seed=1 switches=150"),
                  schedule=frame(1000, [Slot(0, 300, 0), Slot(300, 700, 1)]))
    result = run_bochs(text, cpu)
    assert beat(result)[4] == 0 and result.of("c")[-1].endswith("ok")
    assert lateness(result)[2] == 0
