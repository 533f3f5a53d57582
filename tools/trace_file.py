# SPDX-License-Identifier: BSD-2-Clause
"""A trace as bytes: the header and the rings that hv/trace.h describes, one after the other. That is what is read out of
a machine's memory or its console, what is kept in a file, and what every other tools/trace_*.py begins with."""
import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

from emulate import Problem
from trace_events import SELF_TEST

MAGIC = b"SHIKTRC1"
PROCESSORS = 16
HEADER = struct.Struct(f"<8sIIQQ{PROCESSORS}Q")
RECORD = struct.Struct("<QIHH")


class Record(NamedTuple):
    """Something that is over: then, how long it took (or a number), what it was, and whose."""
    tsc: int
    ticks: int
    event: int
    subject: int

    @property
    def start(self):
        return self.tsc - self.ticks

    @property
    def partition(self):
        return self.subject & 0xff

    @property
    def vcpu(self):
        return self.subject >> 8


@dataclass
class Header:
    """Where the rings are and what their times mean."""
    ring_records: int
    tsc_khz: int
    epoch_tsc: int
    rings: list  # of each processor the address, 0 without a ring

    @property
    def ring_bytes(self):
        return self.ring_records * RECORD.size

    @property
    def places(self):
        """Processors with a ring, and its address."""
        return [(cpu, address) for cpu, address in enumerate(self.rings) if address]

    def pack(self):
        return HEADER.pack(MAGIC, RECORD.size, self.ring_records, self.tsc_khz, self.epoch_tsc, *self.rings)


@dataclass
class Trace:
    """The records of each processor that has a ring, oldest first."""
    tsc_khz: int
    epoch_tsc: int
    records: dict

    def us(self, tsc):
        """Microseconds since the epoch."""
        return (tsc - self.epoch_tsc) * 1000 / self.tsc_khz

    def tsc(self, us):
        """The other way round, to the tick."""
        return self.epoch_tsc + round(us * self.tsc_khz / 1000)


def read_header(data):
    """The header at the beginning of the bytes."""
    if len(data) < HEADER.size:
        raise Problem(f"trace: found {len(data)} bytes, want a header of {HEADER.size}")
    magic, record_bytes, ring_records, tsc_khz, epoch_tsc, *rings = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise Problem(f"trace: found {magic!r} in place of {MAGIC!r}; the hypervisor has not come so far, or it is no trace")
    if record_bytes != RECORD.size:
        raise Problem(f"trace: found records of {record_bytes} bytes, want {RECORD.size}; it is another version's")
    if not tsc_khz:
        raise Problem("trace: found a TSC of 0 kHz, want the one that was measured; the hypervisor has not come so far")
    return Header(ring_records, tsc_khz, epoch_tsc, rings)


def in_order(ring):
    """The records that the scheduler and its guests wrote, oldest first: a ring begins anew where time falls back farthest."""
    records = [record for record in map(Record._make, RECORD.iter_unpack(ring)) if record.tsc and record.event != SELF_TEST]
    falls = [before.tsc - record.tsc for before, record in zip(records[-1:] + records, records)]
    oldest = falls.index(max(falls)) if falls else 0
    return records[oldest:] + records[:oldest]


def parse(data):
    """The trace in the bytes of a header and the rings that it names."""
    header = read_header(data)
    want = HEADER.size + len(header.places) * header.ring_bytes
    if len(data) != want:
        raise Problem(f"trace: found {len(data)} bytes, want {want}, a header and {len(header.places)} rings")
    starts = range(HEADER.size, want, header.ring_bytes)
    return Trace(header.tsc_khz, header.epoch_tsc,
                 {cpu: in_order(data[start:start + header.ring_bytes]) for (cpu, _), start in zip(header.places, starts)})


def pack(trace):
    """The other way round, in rings that are just large enough."""
    most = max(map(len, trace.records.values()), default=0)
    rings = [HEADER.size + cpu * most * RECORD.size if cpu in trace.records else 0 for cpu in range(PROCESSORS)]
    return Header(most, trace.tsc_khz, trace.epoch_tsc, rings).pack() + b"".join(
        b"".join(RECORD.pack(*record) for record in records).ljust(most * RECORD.size, b"\0")
        for records in trace.records.values())


def read_memory(read, address):
    """The bytes of a trace in a machine whose memory is read by `read(address, size_bytes)`."""
    data = read(address, HEADER.size)
    header = read_header(data)
    return data + b"".join(read(ring, header.ring_bytes) for _, ring in header.places)


def drop_edges(trace):
    """Of a machine that ran on while it was read, the record that was just being written may be torn: it is the newest
    or stands where the oldest was."""
    return Trace(trace.tsc_khz, trace.epoch_tsc, {cpu: records[1:-1] for cpu, records in trace.records.items()})


def read_console(text):
    """The bytes of a trace in what the console has shown: lines "trace header: HEX" and "trace CPU: HEX"."""
    pieces = {}
    for name, digits in re.findall(r"\btrace (header|\d+): ([0-9a-f]+)\s*$", text, re.MULTILINE):
        pieces.setdefault(name, []).append(digits)
        if name != "header" and len(digits) % (2 * RECORD.size):
            raise Problem(f"trace: found {len(digits)} digits in a line \"trace {name}: ...\", want a multiple of "
                          f"{2 * RECORD.size}; the log has been cut")
    if "header" not in pieces:
        raise Problem("trace: found no line \"trace header: ...\", want the output of a machine that has shown its trace")
    if len(pieces) == 1:
        raise Problem("trace: found no line \"trace 0: ...\" or of another processor, want some; the log has been cut")
    data = {name: bytes.fromhex("".join(digits)) for name, digits in pieces.items()}
    header = read_header(data["header"])
    return data["header"] + b"".join(data.get(str(cpu), b"").ljust(header.ring_bytes, b"\0") for cpu, _ in header.places)
