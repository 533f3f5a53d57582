# SPDX-License-Identifier: BSD-2-Clause
"""A trace as text: its records a line each, and statistics."""
from collections import defaultdict

import trace_events as events
from trace_story import is_number, read_story

HISTOGRAM = (50, 100, 200, 400, 800, 1600)  # ticks: upper ends of its columns, before the last


def record_text(trace, system, record):
    """One record: when it was over, what it was, how long it took or its number, whose."""
    what = {events.INJECTION: f"vector {record.ticks}", events.FRAME_STARTS: f"plan {record.ticks}",
            events.TURN_STARTS: f"{record.ticks} late"}.get(record.event, f"{record.ticks} ticks")
    whose = "" if record.event in (events.IDLE, events.FRAME_STARTS) else f" {system.label(record.subject)}"
    return f"{trace.us(record.tsc):14.3f} {events.name(record.event):<12} {what:>14}{whose}"


def records_text(trace, system):
    """All records, processor by processor."""
    return "".join(f"processor {cpu}: {record_text(trace, system, record)}\n"
                   for cpu, records in trace.records.items() for record in records)


def table(head, rows):
    """Columns as wide as what is in them, the first to the left."""
    rows = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "".join("  ".join(cell.rjust(width) if i else cell.ljust(width)
                             for i, (cell, width) in enumerate(zip(row, widths))).rstrip() + "\n" for row in rows)


def processors_table(trace, story):
    rows = []
    for cpu, processor in story.items():
        span = max(processor.last - processor.first, 1)
        lates = [turn.late for turn in processor.turns if turn.begins_slot]
        rows.append([f"processor {cpu}", round(trace.us(processor.first)), round(trace.us(processor.last)),
                     len(processor.frames), len(processor.turns), len(processor.switches),
                     max((record.ticks for record in processor.switches), default=0),
                     f"{100 * sum(record.ticks for record in processor.idles) / span:.1f} %",
                     max(lates, default=""), f"{sum(lates) / len(lates):.1f}" if lates else ""])
    return table(["", "from µs", "to µs", "frames", "turns", "switches", "longest", "idle", "latest", "mean"], rows)


def partitions_table(trace, system, story):
    turns = defaultdict(list)
    for processor in story.values():
        for turn in processor.turns:
            turns[turn.subject].append(turn)
    rows = []
    for subject, of_subject in sorted(turns.items()):
        exits = [record for turn in of_subject for record in turn.exits]
        ran, stolen = sum(turn.end - turn.start for turn in of_subject), sum(record.ticks for record in exits)
        rows.append([system.label(subject), len(of_subject), f"{ran * 1000 / trace.tsc_khz:.0f}",
                     max(turn.end - turn.start for turn in of_subject) * 1000 // trace.tsc_khz, len(exits),
                     f"{100 * stolen / max(ran, 1):.2f} %", max((turn.late for turn in of_subject if turn.begins_slot), default="")])
    return table(["partition", "turns", "ran µs", "longest", "exits", "in them", "latest"], rows)


def exits_table(story):
    ticks = defaultdict(list)
    for processor in story.values():
        for record in processor.exits:
            ticks[record.event].append(record.ticks)
    rows = [[events.exit_name(code), len(of_code), min(of_code), f"{sum(of_code) / len(of_code):.1f}", max(of_code),
             *[sum(low < one <= high for one in of_code)
               for low, high in zip((-1, *HISTOGRAM), (*HISTOGRAM, float("inf")))]]
            for code, of_code in sorted(ticks.items())]
    return table(["exit", "count", "least", "mean", "most", *[f"to {end}" for end in HISTOGRAM], "more"], rows)


def statistics_text(trace, system):
    """Processors, partitions, exits: what the rings still know of."""
    story = read_story(trace, system)
    title = f"{system.model}: " if system.model else ""
    count = sum(map(len, trace.records.values()))
    return "\n".join([f"{title}{count} records; times from the epoch, TSC at {trace.tsc_khz} kHz, durations in ticks\n",
                      processors_table(trace, story), partitions_table(trace, system, story), exits_table(story)])
