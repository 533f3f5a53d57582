# SPDX-License-Identifier: BSD-2-Clause
"""A trace as Trace Event JSON, the format of chrome://tracing, which ui.perfetto.dev opens: a thread a processor, turns and
what is nested in them as complete events, lateness as counters. tests/trace_event_schema.json describes it."""
import json

import trace_events as events
from trace_story import read_story

PROCESS = 0


class Writer:
    def __init__(self, trace, system):
        self.trace, self.system, self.written = trace, system, []

    def us(self, tsc):
        return round(self.trace.us(tsc), 3)

    def add(self, phase, cpu, name, **more):
        self.written.append({"ph": phase, "pid": PROCESS, "tid": cpu, "name": name, **more})

    def complete(self, cpu, name, kind, start, end, **arguments):
        """Something with a beginning and an end; `dur` is such that neighbours meet and nested ones fit."""
        self.add("X", cpu, name, cat=kind, ts=self.us(start), dur=round(self.us(end) - self.us(start), 3), args=arguments)

    def instant(self, cpu, name, kind, tsc, **arguments):
        self.add("i", cpu, name, cat=kind, s="t", ts=self.us(tsc), args=arguments)

    def counter(self, cpu, name, tsc, **values):
        self.add("C", cpu, name, cat="counter", ts=self.us(tsc), args=values)

    def name_threads(self, story):
        self.add("M", 0, "process_name", args={"name": self.system.model or "Shikiri"})
        for cpu in story:
            self.add("M", cpu, "thread_name", args={"name": f"processor {cpu}"})
            self.add("M", cpu, "thread_sort_index", args={"sort_index": cpu})

    def turn(self, cpu, turn):
        self.complete(cpu, self.system.label(turn.subject), "turn", turn.start, turn.end,
                      how=events.ENDS.get(turn.how, "still running"), late_ticks=turn.late)
        for record in turn.exits:
            self.complete(cpu, events.exit_name(record.event), "exit", max(record.start, turn.start),
                          min(record.tsc, turn.end), ticks=record.ticks)
        for record in turn.others:
            vector = {"vector": record.ticks} if record.event == events.INJECTION else {}
            self.instant(cpu, events.name(record.event), "guest", record.tsc, **vector)

    def processor(self, cpu, processor):
        for turn in processor.turns:
            self.turn(cpu, turn)
            if turn.begins_slot:
                self.counter(cpu, f"lateness of processor {cpu}", turn.start, ticks=turn.late)
        for kind, records in (("idle", processor.idles), ("switch", processor.switches)):
            for record in records:
                self.complete(cpu, kind, kind, record.start, record.tsc, ticks=record.ticks)
        for record in processor.frames:
            self.instant(cpu, f"frame, plan {record.ticks}", "frame", record.tsc, plan=record.ticks)


def trace_events(trace, system):
    """The whole as one object."""
    writer, story = Writer(trace, system), read_story(trace, system)
    writer.name_threads(story)
    for cpu, processor in story.items():
        writer.processor(cpu, processor)
    return {"traceEvents": writer.written, "displayTimeUnit": "ns",
            "otherData": {"model": system.model, "tsc_khz": trace.tsc_khz, "epoch_tsc": trace.epoch_tsc}}


def write_json(trace, system, path):
    """An event a line, so that the file can be searched."""
    whole = trace_events(trace, system)
    lines = ",\n".join(json.dumps(event) for event in whole.pop("traceEvents"))
    path.write_text(f'{json.dumps(whole)[:-1]}, "traceEvents": [\n{lines}\n]}}\n')
