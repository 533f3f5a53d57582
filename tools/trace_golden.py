# SPDX-License-Identifier: BSD-2-Clause
"""What a run has to look like: the SHA-256 of a trace, and for each record two digits of the hash of all up to it, so that the
first that differs can be named."""
import hashlib
import re
import struct
from dataclasses import dataclass

from emulate import Problem

RECORD = struct.Struct("<qIHH")  # the time from the epoch
DIGITS, ROW_RECORDS = 2, 48


def packed(trace, record):
    return RECORD.pack(record.tsc - trace.epoch_tsc, record.ticks, record.event, record.subject)


@dataclass
class Golden:
    """`marks` has the digits of each processor's records."""
    total: str
    marks: dict

    def text(self):
        """As it is kept in a file."""
        lines = [f"sha256 {self.total}"]
        for cpu, digits in self.marks.items():
            lines.append(f"processor {cpu}")
            lines += re.findall(f".{{1,{DIGITS * ROW_RECORDS}}}", digits)
        return "\n".join(lines) + "\n"

    def first_difference(self, other):
        """Processor and number of the first record that the other has in another way, or None; of several processors, the
        one that is apart first, as the others follow it."""
        found = []
        for cpu in sorted(self.marks.keys() | other.marks.keys()):
            mine, theirs = self.marks.get(cpu, ""), other.marks.get(cpu, "")
            if mine != theirs:
                same = next((i for i, (a, b) in enumerate(zip(mine, theirs)) if a != b), min(len(mine), len(theirs)))
                found.append((same // DIGITS, cpu))
        if not found and self.total != other.total:  # the last digits are the same by chance
            found = [(len(digits) // DIGITS - 1, cpu) for cpu, digits in self.marks.items() if digits][-1:]
        return min(found)[::-1] if found else None


def golden_of(trace):
    """Of a trace: the total is over the records of all processors, in order."""
    total, marks = hashlib.sha256(), {}
    for cpu, records in trace.records.items():
        so_far, marks[cpu] = hashlib.sha256(), ""
        for record in records:
            data = packed(trace, record)
            total.update(data)
            so_far.update(data)
            marks[cpu] += so_far.hexdigest()[:DIGITS]
    return Golden(total.hexdigest(), marks)


def parse_golden(text, path):
    """The other way round."""
    match = re.fullmatch(r"sha256 ([0-9a-f]{64})\n((?:processor \d+\n(?:[0-9a-f]+\n)*)*)", text)
    if not match:
        raise Problem(f"{path}: found no golden run in it, want one that make golden wrote")
    pieces = re.findall(r"processor (\d+)\n((?:[0-9a-f]+\n)*)", match[2])
    return Golden(match[1], {int(cpu): digits.replace("\n", "") for cpu, digits in pieces})
