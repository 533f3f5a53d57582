# SPDX-License-Identifier: BSD-2-Clause
"""Traces that were written by hand: what is read out of the bytes, and what is made of it."""
import json
import re
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import jsonschema
import pytest
import trace_events as events
import trace_file
from emulate import Problem
from harness import ROOT
from trace_ctf import write_ctf
from trace_json import trace_events, write_json
from trace_maker import (CPUID, EPOCH, HLT, INTR, KHZ, Ring, at, trace_bytes, trace_of, two_processors,
                         two_processors_system)
from trace_picture import COLOURS
from trace_story import read_story
from trace_svg import draw_timeline
from trace_system import System
from trace_text import records_text, statistics_text

FILE = {"rings of one record": 1, "rings that wrap": 50, "rings with room": 200}


# ---- the file ---------------------------------------------------------------------------------

@pytest.mark.parametrize("ring_records", FILE.values(), ids=FILE)
def test_file(ring_records):
    """The newest records of each ring come out in the order in which they were written."""
    rings = two_processors()
    trace = trace_of(*rings, ring_records=ring_records)
    assert (trace.tsc_khz, trace.epoch_tsc, list(trace.records)) == (KHZ, EPOCH, [0, 1])
    for cpu, ring in enumerate(rings):
        assert trace.records[cpu] == ring.records[-ring_records:]


def test_processors_without_a_ring():
    trace = trace_of(None, Ring(), None, Ring().idle(0, 5))
    assert {cpu: len(records) for cpu, records in trace.records.items()} == {1: 0, 3: 1}


def test_record_that_goes_back_a_little():
    """Two records in the wrong order by ticks do not look like the ring's beginning."""
    ring = Ring().idle(0, 100).add(90, 0, events.SWITCH).idle(100, 200)
    assert [record.event for record in trace_of(ring).records[0]] == [events.IDLE, events.SWITCH, events.IDLE]


WHOLE = trace_bytes(*two_processors())
BAD = {
    "empty": (b"", "trace: found 0 bytes, want a header of 160"),
    "another file": (b"\x7fELF" + WHOLE[4:], r"trace: found b'\\x7fELFTRC1' in place of b'SHIKTRC1'; the hypervisor has"),
    "larger records": (WHOLE[:8] + b"\x20" + WHOLE[9:], "trace: found records of 32 bytes, want 16; it is another version's"),
    "no clock": (trace_bytes(Ring(), tsc_khz=0), "trace: found a TSC of 0 kHz, want the one that was measured"),
    "cut": (WHOLE[:-1], f"trace: found {len(WHOLE) - 1} bytes, want {len(WHOLE)}, a header and 2 rings"),
}


@pytest.mark.parametrize("data, message", BAD.values(), ids=BAD)
def test_bad_file(data, message):
    with pytest.raises(Problem, match=message):
        trace_file.parse(data)


def test_memory():
    """The header says where the rings are; only they are read."""
    reads = []

    def read(address, size_bytes):
        reads.append((address, size_bytes))
        places = {0x5000: 0, 0x100000: trace_file.HEADER.size, 0x110000: trace_file.HEADER.size + 65536}
        return WHOLE[places[address]:places[address] + size_bytes]

    assert trace_file.read_memory(read, 0x5000) == WHOLE
    assert reads == [(0x5000, 160), (0x100000, 65536), (0x110000, 65536)]


def test_edges():
    """What was being written while the memory was read is left out."""
    rings = two_processors()
    records = trace_file.drop_edges(trace_of(*rings)).records
    assert [records[cpu] for cpu in (0, 1)] == [ring.records[1:-1] for ring in rings]


def test_console():
    """Lines among others, a ring in several, and rings whose end was never written in none."""
    ring, size = 100 * trace_file.RECORD.size, trace_file.HEADER.size
    whole = trace_bytes(*two_processors(), ring_records=100)
    written = whole[size + ring:].rstrip(bytes(1))
    shown = [f"shikiri: trace header: {whole[:size].hex()}", "loop | hello",
             *[f"shikiri: trace 0: {whole[at:at + 64].hex()}" for at in range(size, size + ring, 64)],
             f"shikiri: trace 1: {(written + bytes(-len(written) % trace_file.RECORD.size)).hex()}"]
    assert trace_file.read_console("\r\n".join(shown)) == whole
    with pytest.raises(Problem, match="found no line \"trace header: ...\""):
        trace_file.read_console("loop | hello\n")
    with pytest.raises(Problem, match="found no line \"trace 0: ...\" or of another processor"):
        trace_file.read_console(next(line for line in shown if "trace header: " in line))
    with pytest.raises(Problem, match="found 510 digits in a line \"trace 0: ...\", want a multiple of 32"):
        trace_file.read_console("\n".join([next(line for line in shown if "header" in line), "trace 0: " + 510 * "0"]))


# ---- names ------------------------------------------------------------------------------------

def test_exit_names():
    """As the hypervisor's own tables have them."""
    rows = re.findall(r'EXIT\((0x[0-9a-f]+), \w+, "(.*?)", ', (ROOT / "hv/svm/vmcb.h").read_text())
    assert len(rows) > 20
    assert [events.exit_name(int(code, 16)) for code, _ in rows] == [name for _, name in rows]
    assert events.exit_name(0x400) == "NPF"
    assert [events.exit_name(code) for code in (0x018, 0x037, 0x041, 0x04d, 0x7fff, 0x3ff)] == [
        "write CR8", "write DR7", "#DB", "exception 13", "INVALID", "exit 0x3ff"]


def test_events():
    """Their numbers are the hypervisor's: those of the scheduler, and of the ways in which a turn ends."""
    numbers = {int(number, 16) for number in re.findall(r"^    TRACE_\w+ = (0x[0-9a-f]+),", (ROOT / "hv/cpu/trace.h").read_text(),
                                                        re.MULTILINE)}
    assert numbers == {events.EXIT_INVALID, *events.NAMES} - set(events.ENDS) | {events.TURN_ENDS}
    ways = re.findall(r"^    TURN_(\w+),", (ROOT / "sched/schedule.h").read_text(), re.MULTILINE)
    assert ways == ["SPENT", "YIELDS", "HALTS", "STOPS"]
    assert list(events.ENDS) == [events.TURN_ENDS + i for i in range(4)]


def test_labels():
    system = two_processors_system()
    assert [system.label(subject) for subject in (0, 2, 0x102, 9)] == ["loop", "other", "other/1", "partition 9"]
    assert System().label(0) == "partition 0" and System().frame_us(0) is None


def test_colours():
    """Those of shikiri-check --svg."""
    source = (ROOT / "tools/checker/draw.c").read_text()
    assert list(COLOURS) == re.findall(r'"(#[0-9a-f]{6})"', re.search(r"colours\[\] = \{(.*?)\};", source, re.DOTALL)[1])


# ---- what went on -----------------------------------------------------------------------------

def test_story():
    first, second = read_story(trace_of(*two_processors()), two_processors_system()).values()
    assert len(first.turns) == 16 and len(first.idles) == 8 and len(first.switches) == 8
    turn = first.turns[2]
    assert (turn.subject, turn.start, turn.end, turn.late, turn.due) == (0, at(1000) + 1, at(1120), 1, at(1000))
    assert turn.how == events.TURN_HALTS and [record.event for record in turn.exits][-1] == HLT
    assert [record.ticks for record in turn.others] == [0x20]
    assert [turn.begins_slot for turn in first.turns] == [True, False] * 8  # `back` runs in what is left
    last = second.turns[-1]
    assert (last.start, last.end, last.how) == (at(7910), second.last, None)
    assert [record.event for record in last.others] == [events.FAULT]


def test_story_without_a_configuration():
    """Every start in a frame is taken for a slot's; without frames none is."""
    first, _ = read_story(trace_of(*two_processors()), System()).values()
    assert all(turn.begins_slot for turn in first.turns)
    processor, = read_story(trace_of(Ring().turn(0, 0, 5).turn(1, 6, 9)), System()).values()
    assert not any(turn.begins_slot for turn in processor.turns)


def test_story_of_a_turn_without_an_end():
    """It lasts until what is known of it, when another one begins."""
    ring = Ring().turn(0, 0, 0, how=None, exits=[(7, CPUID, 80)]).turn(1, 10, 12)
    processor, = read_story(trace_of(ring), System()).values()
    assert [(turn.start, turn.end, turn.how) for turn in processor.turns] == [
        (at(0), at(7), None), (at(10), at(12), events.TURN_ENDS)]


def test_self_test():
    """The exits of the hypervisor's self-test, before the schedules, are nobody's."""
    trace = trace_of(Ring().add(-900, 15, events.SELF_TEST).add(-800, 15, events.SELF_TEST).turn(1, 0, 5))
    assert [record.event for record in trace.records[0]] == [events.TURN_STARTS, events.TURN_ENDS]


def test_story_that_begins_in_a_turn():
    """A turn whose start was overwritten is as long as its end says; one that has no end either begins with the ring."""
    ring = Ring().add(150, 80, CPUID, 1).add(200, 150000, events.TURN_YIELDS, 1).turn(0, 210, 300)
    processor, = read_story(trace_of(ring), System()).values()
    assert [(turn.start, turn.end, turn.late) for turn in processor.turns] == [
        (at(50), at(200), None), (at(210), at(300), 0)]
    assert processor.first == at(50)
    processor, = read_story(trace_of(Ring().add(150, 80, CPUID, 1).add(160, 80, CPUID, 1)), System()).values()
    assert [(turn.start, turn.end, turn.how) for turn in processor.turns] == [(at(150) - 80, at(160), None)]


def test_story_of_nothing():
    assert read_story(trace_of(Ring(), None), System()) == {}


# ---- text -------------------------------------------------------------------------------------

def rows_of(text):
    """The tables' rows by their first word or two."""
    return {row[0]: row[1:] for row in (re.split("  +", line) for line in text.splitlines()) if len(row) > 1}


def test_statistics():
    rows = rows_of(statistics_text(trace_of(*two_processors()), two_processors_system()))
    assert rows["processor 0"] == ["-990", "7999", "8", "16", "8", "300", "62.2 %", "2", "0.9"]
    assert rows["other"] == ["9", "5636", "700", "8", "0.02 %", "2000"]
    assert rows["INTR"] == ["16", "150", "150.0", "150", "0", "0", "16", "0", "0", "0", "0"]


def test_histogram():
    """The upper end of a column belongs to it."""
    ring = Ring().turn(0, 0, 9, exits=[(at_us, CPUID, ticks) for at_us, ticks in enumerate((1, 50, 51, 1600, 1601))])
    rows = rows_of(statistics_text(trace_of(ring), System()))
    assert rows["CPUID"] == ["5", "1", "660.6", "1601", "2", "1", "0", "0", "0", "1", "1"]


def test_records_as_text():
    text = records_text(trace_of(*two_processors()), two_processors_system()).splitlines()
    assert text[0].split() == "processor 0: -990.000 frame starts plan 0".split()
    assert text[1].split() == "processor 0: 0.000 turn starts 0 late loop".split()
    assert text[3].split() == "processor 0: 41.000 injection vector 32 loop".split()
    assert text[6].split() == "processor 0: 120.000 halts 120200 ticks loop".split()
    assert len(text) == 138


# ---- other formats ----------------------------------------------------------------------------

def babeltrace(directory):
    done = subprocess.run(["babeltrace2", "--clock-cycles", "--no-delta", directory], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_ctf(tmp_path):
    """babeltrace2 reads every record without a complaint, in the order of time, with names and numbers."""
    trace = trace_of(*two_processors())
    write_ctf(trace, two_processors_system(), tmp_path / "ctf")
    lines = babeltrace(tmp_path / "ctf")
    assert len(lines) == sum(map(len, trace.records.values()))
    assert sorted(path.name for path in (tmp_path / "ctf").iterdir()) == ["metadata", "processor_0", "processor_1"]
    exits = [line for line in lines if " exit: " in line]
    assert len(exits) == 40 and exits[0] == (
        '[00000000000000040000] exit: { cpu_id = 0 }, { ticks = 95, code = ( "VMMCALL" : container = 129 ), '
        'partition = ( "loop" : container = 0 ), vcpu = 0 }')
    times = [int(line[1:21]) for line in lines]
    assert times == sorted(times) and times[-1] == 7999200


def test_ctf_again(tmp_path):
    """What was in the directory before does not stay; events of a later version are left out; no configuration is needed."""
    write_ctf(trace_of(*two_processors()), System(), tmp_path)
    write_ctf(trace_of(Ring().turn(0x103, 0, 5).add(6, 1, 0x8fff)), System({"model": 'a "quoted" \\ name', "partitions": [],
                                                                          "processors": []}), tmp_path)
    lines = babeltrace(tmp_path)
    assert len(lines) == 2 and '"partition 3" : container = 3 ), vcpu = 1' in lines[0]


def events_of(trace, system):
    """The object, after a check against the schema."""
    whole = trace_events(trace, system)
    jsonschema.validate(whole, json.loads((Path(__file__).parent / "trace_event_schema.json").read_text()))
    return whole["traceEvents"]


def test_json():
    found = events_of(trace_of(*two_processors()), two_processors_system())
    turn, = [one for one in found if one.get("cat") == "turn" and one["ts"] == 1000.001]
    assert (turn["name"], turn["tid"], turn["dur"], turn["args"]) == ("loop", 0, 119.999, {"how": "halts", "late_ticks": 1})
    assert {"ph": "C", "pid": 0, "tid": 1, "name": "lateness of processor 1", "cat": "counter", "ts": 6202,
            "args": {"ticks": 2000}} in found
    assert [one["ts"] for one in found if one.get("cat") == "frame" and one["tid"] == 1][:2] == [-0.3, 999.7]
    assert [one["args"] for one in found if one["name"] == "thread_name"] == [{"name": "processor 0"}, {"name": "processor 1"}]


def test_json_nests():
    """On each thread a complete event ends before, or inside, whatever it has begun in: else viewers misplace it."""
    for cpu in (0, 1):
        complete = [one for one in events_of(trace_of(*two_processors()), System()) if one["ph"] == "X" and one["tid"] == cpu]
        stack = []
        for one in sorted(complete, key=lambda one: (one["ts"], -one["dur"])):
            while stack and stack[-1] <= one["ts"] + 1e-6:
                stack.pop()
            end = one["ts"] + one["dur"]
            assert not stack or end <= stack[-1] + 1e-6, one
            stack.append(end)


def test_json_file(tmp_path):
    """An event a line."""
    write_json(trace_of(*two_processors()), two_processors_system(), tmp_path / "t.json")
    whole = json.loads((tmp_path / "t.json").read_text())
    assert whole == trace_events(trace_of(*two_processors()), two_processors_system())
    assert len((tmp_path / "t.json").read_text().splitlines()) == len(whole["traceEvents"]) + 2


# ---- the picture ------------------------------------------------------------------------------

def picture(*rings, system=None, **how):
    """The elements of a picture, with its texts and titles."""
    text = draw_timeline(trace_of(*rings), system or two_processors_system(), **how)
    elements = list(xml.etree.ElementTree.fromstring(text).iter())
    names = [element.text for element in elements if element.tag.endswith("}text")]
    titles = [element.text for element in elements if element.tag.endswith("}title")]
    return names, titles, elements


def test_picture():
    """All that the legend explains, and numbers for who points at something."""
    names, titles, _ = picture(*two_processors(frames=9))
    assert names[:2] == ["two <of> them", "Who ran when on 2 processors, from 4000 to 8000 µs"]
    assert {f"frame {n}, plan {int(n >= 6)}" for n in range(4, 8)} <= set(names)
    assert [names.count(label) for label in ("loop", "back", "other")] == [5, 5, 5]  # four turns, and the legend
    assert names.count("+2.0") == 2 and "slots at most 2.000 µs late, 4 exits" in names
    assert {"idle", "a slot starts as due", "exit: HLT", "exit: IOIO", "exit: VMMCALL", "event injected"} <= set(names)
    assert "fault" not in names
    assert "loop: 4000.001 to 4120.000 µs, 120 µs; halts; 3 exits" in titles
    assert "due at 6200.000 µs, 2000 ticks late" in titles
    assert "HLT: 4 exits, at most 60 ticks" in titles


def test_picture_of_a_stretch():
    names, titles, _ = picture(*two_processors(), start_us=7000, length_us=1000)
    assert "Who ran when on 2 processors, from 7000 to 8000 µs" in names and "fault" in names and "fault" in titles
    assert "frame 7, plan 1" in names and not [name for name in names if name.startswith("frame 6")]
    names, _, _ = picture(*two_processors(), start_us=1000)
    assert "Who ran when on 2 processors, from 1000 to 5000 µs" in names
    with pytest.raises(Problem, match="found nothing from 90000 to 94000 µs, want a time between -990 and 7999 µs; what was"):
        picture(*two_processors(), start_us=90000)


def test_picture_stays_inside():
    """Nothing is drawn beside the lanes, whatever begins before or ends after the stretch."""
    _, _, elements = picture(*two_processors(), start_us=3050, length_us=1025)
    boxes = [(float(e.get("x")), float(e.get("width"))) for e in elements if e.tag.endswith("}rect") and "%" not in e.get("width")]
    assert len(boxes) > 10 and all(x >= 19.9 and x + width <= 880.1 for x, width in boxes)


def test_picture_of_a_round_robin():
    """Without frames and names: the last turns, with nothing due."""
    ring = Ring()
    for n in range(30):
        ring.turn(n % 3, 100 * n, 100 * n + 99, exits=[(100 * n + 99, INTR, 90)])
    names, titles, _ = picture(ring, system=System())
    assert names[:2] == ["The system", "Who ran when on 1 processor, from 2009 to 2999 µs"]
    assert "partition 2" in names and not [name for name in names if "due" in name or name.startswith("frame")]
    assert "INTR: 10 exits, at most 90 ticks" in titles


def test_picture_of_nothing():
    with pytest.raises(Problem, match="trace: found no records, want a machine that has run partitions"):
        picture(Ring())


def test_picture_has_no_scripts():
    text = draw_timeline(trace_of(*two_processors()), two_processors_system())
    assert "<script" not in text and "href" not in text and 'fill="white"/>' in text.splitlines()[2]
