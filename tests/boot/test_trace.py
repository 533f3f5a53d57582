# SPDX-License-Identifier: BSD-2-Clause
"""Traces of machines: what is in the rings is what the hypervisor says itself, and `make timeline` shows it."""
import re
import subprocess
import xml.etree.ElementTree

import pytest
import trace_events as events
import trace_file
import trace_machine
from harness import BUILD, ROOT, Partition, Result, Slot, compile_text, emulate, frame, images_of, in_turn, processors, system
from live import Machine
from test_commands import environment
from trace_story import read_story
from trace_system import System, read_system

SECONDS = 240


def record(text, directory, for_ms, **how):
    """The trace of a system that runs for so long, its names, and what it printed."""
    dtb, com1 = compile_text(text, directory), directory / "com1"
    data, end = trace_machine.record(BUILD, [dtb, *images_of(dtb)], com1, for_ms, SECONDS, **how)
    assert end == trace_machine.ENDED
    return trace_file.parse(data), read_system(BUILD / "shikiri-check", dtb, "--no-images"), trace_machine.text_of(com1)


def summed_up(serial):
    """What the hypervisor's closing lines say of each processor: frames, slots started, the most and the mean ticks late."""
    lines = re.findall(r"processor (\d+): (\d+) frames, (\d+) slots started, .* late by (\d+) ticks at most, (\d+)", serial)
    return {int(cpu): tuple(map(int, numbers)) for cpu, *numbers in lines}


def exits_of(story):
    """Of each partition, how many exits of each name."""
    counts = {}
    for processor in story.values():
        for turn in processor.turns:
            for exit_record in turn.exits:
                of_one = counts.setdefault(turn.subject, {})
                name = events.exit_name(exit_record.event)
                of_one[name] = of_one.get(name, 0) + 1
    return counts


def test_trace_is_the_summary(tmp_path):
    """Frames, slots, lateness, switches, exits by kind: counted from the rings of two processors they are what the
    hypervisor has counted."""
    schedules = {0: frame(1000, [Slot(0, 200, 0, background=1), Slot(200, 500, 1)]),
                 1: frame(1000, [Slot(100, 300, 2, pad_us=20), Slot(500, 500, 3)])}
    text = system(Partition("a", "beat.elf", "report=5"), Partition("b", "counter64.elf", "seed=1 uart=0x3f8 spin=100 report=50"),
                  Partition("c", "crash.elf", "do=cpuid"), Partition("d", "counter32.elf", "seed=2"), schedule=processors(schedules))
    trace, names, serial = record(text, tmp_path, 12)
    story = read_story(trace, names)
    assert summed_up(serial) == {
        cpu: (len(processor.frames), len(lates), max(lates), sum(lates) // len(lates)) for cpu, processor in story.items()
        for lates in [[turn.late for turn in processor.turns if turn.begins_slot]]}
    switches = {int(cpu): int(count) for cpu, count in re.findall(r"processor (\d): (\d+) switches, ", serial)}
    assert switches == {cpu: len(processor.switches) for cpu, processor in story.items()}
    said = {label: row[-1] for label, row in Result(0, serial).summary().items()}
    assert said == {names.label(subject): counts for subject, counts in exits_of(story).items()}


def test_vcpus_are_told_apart(tmp_path):
    """Each vCPU of a partition has its own records and its own name."""
    text = system(Partition("p", "counter64.elf", "seed=1 report=100", extra="vcpus = <2>;"), schedule=processors({0: in_turn(0), 1: in_turn(0)}))
    trace, names, _ = record(text, tmp_path, 10)
    story = read_story(trace, names)
    subjects = {cpu: {names.label(turn.subject) for turn in processor.turns} for cpu, processor in story.items()}
    assert subjects == {0: {"p"}, 1: {"p/1"}}


def test_time_adds_up(tmp_path):
    """Turns, idle times and switches of a processor do not overlap, and exits lie in their turns."""
    text = system(Partition("a", "beat.elf"), Partition("b", "counter64.elf", "seed=1 report=100 uart=0x3f8"),
                  schedule=frame(1000, [Slot(0, 200, 0), Slot(200, 500, 1)]))
    trace, names, _ = record(text, tmp_path, 10)
    processor, = read_story(trace, names).values()
    spans = sorted([(turn.start, turn.end) for turn in processor.turns]
                   + [(one.start, one.tsc) for one in processor.idles + processor.switches])
    assert len(spans) > 40 and all(end <= start for (_, end), (start, _) in zip(spans, spans[1:]))
    assert all(turn.start <= one.start and one.tsc <= turn.end for turn in processor.turns for one in turn.exits)


def test_injection_and_fault(tmp_path):
    """An exception for the guest and the fault that ends it are there, with vector and partition."""
    text = system(Partition("a", "crash.elf", "do=svm"), Partition("b", "crash.elf", "do=read"))
    trace, names, _ = record(text, tmp_path, 50)
    processor, = read_story(trace, names).values()
    others = [(names.label(one.subject), one.event) for one in processor.others]
    assert ("a", events.INJECTION) in others and others.count(("b", events.FAULT)) == 1
    assert {one.ticks for one in processor.others if one.event == events.INJECTION} == {6}
    last = {names.label(turn.subject): turn for turn in processor.turns}
    assert {turn.how for turn in last.values()} == {events.TURN_STOPS}
    assert events.exit_name(last["b"].exits[-1].event) == "NPF"


def test_machine_that_runs_on(tmp_path):
    """The trace is read out again and again, and the machine does not stop for it."""
    text = system(Partition("a", "counter64.elf", "seed=1 report=100 uart=0x3f8"), Partition("b", "hog.elf"), slot_us=500)
    with Machine(text, more=["-qmp", f"unix:{tmp_path}/second,server=on,wait=off"]) as machine:
        machine.wait_for(lambda: machine.serial().of("a"), "a line")
        seen, path = [], tmp_path / "t.trace"
        for _ in range(3):
            subprocess.run([ROOT / "tools/timeline.py", "--build", BUILD, "read", tmp_path / "second", path], check=True)
            seen.append(trace_file.parse(path.read_bytes()))
            lines = len(machine.serial().of("a"))
            machine.wait_for(lambda: len(machine.serial().of("a")) > lines, "a line more")
    ends = [trace.records[0][-1].tsc for trace in seen]
    assert ends == sorted(set(ends))
    for trace in seen:
        processor, = read_story(trace, System()).values()
        assert {turn.subject for turn in processor.turns} == {0, 1}


def make_timeline(config, **variables):
    return subprocess.run(["make", "timeline", f"CONFIG={config}", *[f"{name}={value}" for name, value in variables.items()]],
                          cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)


def test_make_timeline(tmp_path):
    """A picture, a trace that babeltrace2 reads, and the rest; with names from the configuration."""
    config = tmp_path / "shown.dts"
    config.write_text(system(Partition("left", "beat.elf"), Partition("right", "hog.elf"), schedule=processors(
        {0: frame(1000, [Slot(0, 200, 0)]), 1: frame(1000, [Slot(500, 400, 1)])})))
    done = make_timeline(config, FOR_MS=20)
    assert (done.returncode, done.stderr) == (0, "")
    paths = dict(re.findall(r"^(build/timeline/shown\.(\S+)) ", done.stdout, re.MULTILINE))
    assert list(paths.values()) == ["svg", "json", "ctf", "trace", "com1.log"] and "hog" not in done.stdout
    picture = xml.etree.ElementTree.parse(ROOT / "build/timeline/shown.svg")
    texts = [element.text for element in picture.iter() if element.tag.endswith("}text")]
    assert {"Processor 0", "Processor 1", "left", "right", "frame 17"} <= set(texts)
    read = subprocess.run(["babeltrace2", ROOT / "build/timeline/shown.ctf"], capture_output=True, text=True)
    trace = trace_file.parse((ROOT / "build/timeline/shown.trace").read_bytes())
    assert (read.returncode, read.stderr) == (0, "")
    assert len(read.stdout.splitlines()) == sum(map(len, trace.records.values())) > 100


@pytest.mark.parametrize("variables, message", [
    ({"FOR_MS": 0}, "error: FOR_MS: found 0, want a whole number of milliseconds, at least 1\n"),
    ({"FROM": "x"}, "error: FROM: found x, want a number of microseconds\n"),
    ({"FOR_MS": 5, "FROM": 90000}, "error: timeline: found nothing from 90000 to 9"),
    ({"CONFIG": "gone.dts"}, "error: CONFIG: found gone.dts, no such file, want a .dts or .dtb; "),
])
def test_bad_timeline(tmp_path, variables, message):
    config = tmp_path / "bad_timeline.dts"
    config.write_text(system(Partition("a", "hog.elf"), schedule=frame(1000, [Slot(0, 200, 0)])))
    done = make_timeline(variables.pop("CONFIG", config), **variables)
    assert done.returncode == 2 and done.stderr.startswith(message), done.stderr


def test_short_of_time(tmp_path):
    """A run that SECONDS ends is shown as far as it came."""
    config = tmp_path / "short.dts"
    config.write_text(system(Partition("a", "hog.elf")))
    done = make_timeline(config, FOR_MS=100000, SECONDS=15)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("ended after 15 seconds, before 100000 ms of the system's own time: SECONDS gives it more, FOR_MS "
                                "wants less\n")
