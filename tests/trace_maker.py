# SPDX-License-Identifier: BSD-2-Clause
"""Traces for tests that need no hypervisor: records are written as it would write them, into rings that wrap."""
import trace_events as events
from trace_file import RECORD, Header, Record, parse
from trace_system import System

KHZ = 1000000  # a tick is a nanosecond
EPOCH = 5000000
CHOSEN_US = 0.2  # before a turn starts, the scheduler has chosen it
CPUID, HLT, IOIO, INTR, VMMCALL = 0x072, 0x078, 0x07b, 0x060, 0x081


def at(us):
    """The TSC so many microseconds after the epoch."""
    return EPOCH + round(us * 1000)


class Ring:
    """What one processor writes; times are in microseconds from the epoch."""

    def __init__(self):
        self.records = []

    def add(self, us, ticks, event, subject=0):
        self.records.append(Record(at(us), ticks, event, subject))
        return self

    def turn(self, subject, start_us, end_us, late=0, how=events.TURN_ENDS, exits=(), others=()):
        """A turn with exits, each a time, a code and ticks, and with other events; without `how` it goes on."""
        self.add(start_us, late, events.TURN_STARTS, subject)
        for us, event, ticks in sorted((*exits, *others)):
            self.add(us, ticks, event, subject)
        if how:
            self.add(end_us, at(end_us) - at(start_us - CHOSEN_US), how, subject)
        return self

    def idle(self, start_us, end_us):
        return self.add(end_us, at(end_us) - at(start_us), events.IDLE)

    def frame(self, us, plan=0):
        return self.add(us, plan, events.FRAME_STARTS)

    def pack(self, ring_records):
        """As it lies in memory: the newest records overwrite the oldest."""
        slots = [Record(0, 0, 0, 0)] * ring_records
        for i, record in enumerate(self.records):
            slots[i % ring_records] = record
        return b"".join(RECORD.pack(*record) for record in slots)


def trace_bytes(*rings, ring_records=4096, **header):
    """A trace file of rings; None for a processor without one."""
    places = [0x100000 + i * ring_records * RECORD.size if ring else 0 for i, ring in enumerate(rings)]
    header = Header(ring_records, header.get("tsc_khz", KHZ), header.get("epoch_tsc", EPOCH), places + [0] * (16 - len(rings)))
    return header.pack() + b"".join(ring.pack(ring_records) for ring in rings if ring)


def trace_of(*rings, **how):
    return parse(trace_bytes(*rings, **how))


def two_processors(frames=8, change=6):
    """Frames of a millisecond on two processors, which change plans at once; `back` runs where `loop` halts."""
    first, second = Ring(), Ring()
    for n in range(frames):
        at_us, plan = 1000 * n, int(n >= change)
        first.frame(at_us - 0.4 if n else -990, plan)
        first.turn(0, at_us + n % 3 / 1000, at_us + 120, late=n % 3, how=events.TURN_HALTS,
                   exits=[(at_us + 40, VMMCALL, 95), (at_us + 80, IOIO, 140), (at_us + 120, HLT, 60)],
                   others=[(at_us + 41, events.INJECTION, 0x20)])
        first.add(at_us + 120.3, 300, events.SWITCH, 1)
        first.turn(1, at_us + 121, at_us + 300, exits=[(at_us + 300, INTR, 150)])
        first.idle(at_us + 300, at_us + 999.2)
        second.frame(at_us - 0.3, plan)
        second.idle(at_us, at_us + 200)
        second.turn(2, at_us + 200 + 2 * plan, at_us + 900, late=2000 * plan, exits=[(at_us + 900, INTR, 150)])
    second.turn(2, 1000 * frames - 90, 1000 * frames - 50, how=None,
                others=[(1000 * frames - 50, events.FAULT, 0)])
    return first, second


def two_processors_system():
    """What shikiri-check would say of it."""
    names = ("partition", "offset_us", "duration_us", "pad_us", "background")
    first, *second = [dict(zip(names, slot)) for slot in ((0, 0, 300, 0, 1), (2, 200, 700, 0, None), (2, 100, 800, 100, None))]
    return System({"model": "two <of> them", "partitions": [{"number": n, "label": label, "image": "a.elf"} for n, label in
                                                            enumerate(("loop", "back", "other"))],
                   "processors": [{"number": 0, "partitions": [0, 1], "frame_us": 1000, "plans": [[first], [first]]},
                                  {"number": 1, "partitions": [2], "frame_us": 1000, "plans": [[slot] for slot in second]}]})
