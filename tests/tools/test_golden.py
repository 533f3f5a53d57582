# SPDX-License-Identifier: BSD-2-Clause
"""Golden runs: any change of a trace is found, and the first record that differs is named."""
import pytest
import trace_events as events
from emulate import Problem
from trace_golden import golden_of, parse_golden
from trace_maker import EPOCH, Ring, trace_bytes, trace_of, two_processors
from trace_file import parse


def test_kept():
    """What is written is read again, and is the same as itself."""
    golden = golden_of(trace_of(*two_processors()))
    again = parse_golden(golden.text(), "a.txt")
    assert again == golden and golden.first_difference(again) is None
    assert golden.text().startswith(f"sha256 {golden.total}\nprocessor 0\n") and max(map(len, golden.text().splitlines())) <= 96
    empty = golden_of(trace_of(Ring()))
    assert parse_golden(empty.text(), "a.txt") == empty


def test_epoch_does_not_matter():
    """A boot that takes longer moves all times, and nothing else."""
    moved = Ring()
    moved.records = [record._replace(tsc=record.tsc + 777) for record in two_processors()[0].records]
    assert golden_of(parse(trace_bytes(moved, epoch_tsc=EPOCH + 777))) == golden_of(trace_of(two_processors()[0]))


@pytest.mark.parametrize("cpu, number", [(0, 0), (0, 57), (1, 3), (1, 41)])
@pytest.mark.parametrize("field", ["tsc", "ticks", "event", "subject"])
def test_difference(cpu, number, field):
    """By one in any field, of any record; the two digits are the same by chance for a few records at most."""
    rings = two_processors()
    record = rings[cpu].records[number]
    golden = golden_of(trace_of(*rings))
    rings[cpu].records[number] = record._replace(**{field: getattr(record, field) + 1})
    changed = golden_of(trace_of(*rings))
    assert changed.total != golden.total
    found_cpu, found = changed.first_difference(golden)
    assert found_cpu == cpu and number <= found <= number + 2


def test_digits_that_are_the_same_by_chance():
    """Where nothing follows that would differ, the total does."""
    ring = Ring().idle(0, 5)
    golden = golden_of(trace_of(ring))
    for ticks in range(10000):
        ring.records[0] = ring.records[0]._replace(ticks=ticks)
        changed = golden_of(trace_of(ring))
        if changed.marks == golden.marks and changed.total != golden.total:
            break
    assert changed.first_difference(golden) == (0, 0)


def test_missing_and_more():
    golden = golden_of(trace_of(*two_processors()))
    first, second = two_processors()
    second.records.pop()
    assert golden_of(trace_of(first, second)).first_difference(golden) == (1, len(second.records))
    assert golden.first_difference(golden_of(trace_of(first, second))) == (1, len(second.records))
    assert golden_of(trace_of(first)).first_difference(golden) == (1, 0)


def test_earliest_of_several():
    """Of two processors that differ, the one that does so first, by the number of the record."""
    first, second = two_processors()
    golden = golden_of(trace_of(first, second))
    first.records[60] = first.records[60]._replace(ticks=9999)
    second.records[5] = second.records[5]._replace(event=events.TURN_YIELDS)
    assert golden_of(trace_of(first, second)).first_difference(golden)[0] == 1


@pytest.mark.parametrize("text", ["", "sha256 12\nprocessor 0\n", "processor 0\n00\n"])
def test_bad(text):
    with pytest.raises(Problem, match="a.txt: found no golden run in it, want one that make golden wrote"):
        parse_golden(text, "a.txt")
