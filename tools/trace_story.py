# SPDX-License-Identifier: BSD-2-Clause
"""From records to what went on: on each processor turns with their exits, idle times, switches, frames. A ring begins
anywhere, so the first of them may lack their beginning, and the last their end."""
from dataclasses import dataclass, field

import trace_events as events
from trace_frames import Frames

@dataclass
class Turn:
    """A partition that ran, from one decision of the scheduler to the next."""
    subject: int
    start: int  # TSC
    end: int
    late: int = None  # ticks after it was due; None where the start was overwritten
    begins_slot: bool = False  # of a frame; else nothing was due
    how: int = None  # the event that ended it; None for one that was still running
    exits: list = field(default_factory=list)  # records
    others: list = field(default_factory=list)  # injections and faults

    @property
    def due(self):
        return None if self.late is None else self.start - self.late


@dataclass
class Processor:
    """What one processor did; all lists are in the order of time."""
    first: int  # TSC of the oldest thing known
    last: int
    turns: list = field(default_factory=list)
    idles: list = field(default_factory=list)  # records
    switches: list = field(default_factory=list)  # records
    frames: list = field(default_factory=list)  # records, `ticks` is the plan

    @property
    def exits(self):
        return [record for turn in self.turns for record in turn.exits]

    @property
    def others(self):
        return [record for turn in self.turns for record in turn.others]


class Reader:
    """Takes the records of a processor one after the other."""

    def __init__(self, records):
        self.now = Processor(min(record.tsc if is_number(record) else record.start for record in records), records[-1].tsc)
        self.turn = None
        self.last = self.now.first  # when the record before was over

    def read(self, record):
        if record.event == events.TURN_STARTS:
            self.leave_turn()
            self.turn = Turn(record.subject, record.tsc, self.now.last, record.ticks)
            self.now.turns.append(self.turn)
        elif record.event in events.ENDS:
            self.end_turn(record)
        elif events.is_exit(record.event):
            self.current(record).exits.append(record)
        elif record.event in (events.INJECTION, events.FAULT):
            self.current(record).others.append(record)
        else:
            kinds = {events.IDLE: self.now.idles, events.SWITCH: self.now.switches, events.FRAME_STARTS: self.now.frames}
            kinds.get(record.event, []).append(record)
        self.last = record.tsc

    def current(self, record):
        """The turn that a record is part of; it began at an unknown time where that was overwritten."""
        if not self.turn or self.turn.subject != record.subject:
            self.leave_turn()
            self.turn = Turn(record.subject, self.now.first, self.now.last)
            self.now.turns.append(self.turn)
        return self.turn

    def leave_turn(self):
        """Another one begins, and how this one ended is not known."""
        if self.turn:
            self.turn.end = self.last

    def end_turn(self, record):
        """A turn is as long as the time that the scheduler gave it; where its start is known, its switch is left out."""
        turn = self.current(record)
        turn.end, turn.how = record.tsc, record.event
        if turn.late is None:
            turn.start = record.start
        self.turn = None


def is_number(record):
    """Whether the field for the ticks is something else."""
    return record.event in (events.INJECTION, events.FRAME_STARTS, events.TURN_STARTS)


def read_processor(records):
    reader = Reader(records)
    for record in records:
        reader.read(record)
    return reader.now


def read_story(trace, system):
    """Processor by number, of those that have recorded anything."""
    story = {cpu: read_processor(records) for cpu, records in trace.records.items() if records}
    frames = Frames(trace, system, story)
    for cpu, processor in story.items():
        for turn in processor.turns:
            turn.begins_slot = turn.late is not None and frames.has_slot(cpu, turn.due)
    return story
