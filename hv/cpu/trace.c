/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the trace is: see trace.h.
 */
#include "hv/cpu/trace.h"

/* Found by its name in the symbol table; tools/trace.py knows the format. */
extern struct trace_header trace_header;

struct trace_header {
    char magic[8];
    uint32_t record_bytes;
    uint32_t ring_records;
    uint64_t tsc_khz;
    uint64_t epoch_tsc;
    uint64_t rings[CPU_MAX]; /* 0: not running */
} trace_header = {
    .magic = {'S', 'H', 'I', 'K', 'T', 'R', 'C', '1'},
    .record_bytes = TRACE_RECORD_BYTES,
    .ring_records = TRACE_RING_BYTES / TRACE_RECORD_BYTES,
};

bool trace_init(struct cpu *cpu, struct arena *arena) {
    cpu->trace_next = (uint64_t)arena_alloc(arena, TRACE_RING_BYTES, TRACE_RING_BYTES);
    trace_header.rings[cpu->index] = cpu->trace_next;
    trace_header.tsc_khz = cpu->tsc_khz;
    return cpu->trace_next != 0;
}

void trace_set_epoch(uint64_t tsc) {
    trace_header.epoch_tsc = tsc;
}
