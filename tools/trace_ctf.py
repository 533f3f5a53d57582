# SPDX-License-Identifier: BSD-2-Clause
"""A trace in the Common Trace Format 1.8 (diamon.org/ctf): a directory with `metadata`, which describes all else in TSDL,
and a stream a processor. `babeltrace2 DIRECTORY` prints it, Trace Compass opens it."""
import struct

import trace_events as events

CTF_MAGIC = 0xc1fc1fc1
PACKET_HEADER = struct.Struct("<II")  # magic, stream id
PACKET_CONTEXT = struct.Struct("<QQQQI")
EVENT_HEADER = struct.Struct("<HQ")
BITS = 8

# Classes of events: the field for the record's `ticks`, and whether others follow: its code, and whose it is.
CLASSES = {"exit": ("ticks", True, True), "turn_start": ("late_ticks", False, True), "turn_end": ("ticks", True, True),
           "switch": ("ticks", False, True), "idle": ("ticks", False, False), "frame": ("plan", False, False),
           "injection": ("vector", False, True), "fault": ("ticks", False, True)}
NUMBERS = {name: number for number, name in enumerate(CLASSES)}
CLASS_OF = {events.TURN_STARTS: "turn_start", events.SWITCH: "switch", events.IDLE: "idle", events.FRAME_STARTS: "frame",
            events.INJECTION: "injection", events.FAULT: "fault", **dict.fromkeys(events.ENDS, "turn_end")}

HEAD = """/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;

trace {
    major = 1;
    minor = 8;
    byte_order = le;
    packet.header := struct { uint32_t magic; uint32_t stream_id; };
};

env {
    tracer_name = "shikiri";
    system = %(model)s;
};

clock {
    name = tsc;
    description = "TSC, from the start of frame 0";
    freq = %(hz)d;
    offset = 0;
};

typealias integer { size = 64; align = 8; signed = false; map = clock.tsc.value; } := tsc_t;

stream {
    id = 0;
    packet.context := struct {
        tsc_t timestamp_begin;
        tsc_t timestamp_end;
        uint64_t content_size;
        uint64_t packet_size;
        uint32_t cpu_id;
    };
    event.header := struct { uint16_t id; tsc_t timestamp; };
};

"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def enumeration(container, names):
    """A type whose numbers have names."""
    return f"enum : {container} {{ " + ", ".join(f"{quoted(name)} = {number}" for number, name in names.items()) + " }"


def event_class(name, code, whose):
    """One class; `code` and `whose` are the fields that follow where it has them."""
    first, has_code, has_whose = CLASSES[name]
    fields = [f"uint32_t {first}", *[code] * has_code, *whose * has_whose]
    return (f"event {{\n    name = {quoted(name)};\n    id = {NUMBERS[name]};\n    stream_id = 0;\n    fields := struct {{\n"
            + "".join(f"        {field};\n" for field in fields) + "    };\n};\n\n")


def metadata(trace, system, records):
    """The description, with names for the partitions and exits that occur."""
    partitions = sorted({record.partition for record in records} | {0})
    exits = sorted({record.event for record in records if events.is_exit(record.event)} | {events.EXIT_NPF})
    exit_code = enumeration("uint16_t", {code: events.exit_name(code) for code in exits})
    codes = {"exit": f"{exit_code} code", "turn_end": f"{enumeration('uint16_t', events.ENDS)} how"}
    whose = [f"{enumeration('uint8_t', {one: system.label(one) for one in partitions})} partition", "uint8_t vcpu"]
    return HEAD % {"model": quoted(system.model), "hz": trace.tsc_khz * 1000} + "".join(
        event_class(name, codes.get(name), whose) for name in CLASSES)


def class_of(record):
    """The name of a record's class, None for an event that a later hypervisor may have."""
    return "exit" if events.is_exit(record.event) else CLASS_OF.get(record.event)


def stamp(trace, record):
    """Times count from the epoch; what was noticed before it has the epoch's own, as there are no negative ones."""
    return max(record.tsc - trace.epoch_tsc, 0)


def event_bytes(trace, record):
    name = class_of(record)
    _, has_code, has_whose = CLASSES[name]
    return (EVENT_HEADER.pack(NUMBERS[name], stamp(trace, record)) + struct.pack("<I", record.ticks)
            + (struct.pack("<H", record.event) if has_code else b"")
            + (struct.pack("<BB", record.partition, record.vcpu) if has_whose else b""))


def stream(trace, cpu, records):
    """One packet with all records of a processor; times must not fall."""
    records = sorted(records, key=lambda record: record.tsc)
    content = b"".join(event_bytes(trace, record) for record in records)
    size_bits = (PACKET_HEADER.size + PACKET_CONTEXT.size + len(content)) * BITS
    return PACKET_HEADER.pack(CTF_MAGIC, 0) + PACKET_CONTEXT.pack(
        stamp(trace, records[0]), stamp(trace, records[-1]), size_bits, size_bits, cpu) + content


def write_ctf(trace, system, directory):
    """Leaves the trace in a directory, in place of one that is there."""
    streams = {cpu: [record for record in records if class_of(record)] for cpu, records in trace.records.items()}
    directory.mkdir(parents=True, exist_ok=True)
    for old in [directory / "metadata", *directory.glob("processor_*")]:
        old.unlink(missing_ok=True)
    (directory / "metadata").write_text(metadata(trace, system, [one for records in streams.values() for one in records]))
    for cpu, records in streams.items():
        if records:
            (directory / f"processor_{cpu}").write_bytes(stream(trace, cpu, records))
