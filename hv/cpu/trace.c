/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the trace is: see trace.h.
 */
#include "hv/cpu/trace.h"

#include "hv/lib/format.h"
#include "hv/lib/log.h"

#define LINE_BYTES 256 /* in a line that is printed */

/* Found by its name in the symbol table; tools/trace_file.py knows the format. */
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

void trace_init(struct cpu *cpu, void *ring) {
    cpu->trace_next = (uint64_t)ring;
    trace_header.rings[cpu - cpus] = cpu->trace_next; /* its index is not set before it runs */
    trace_header.tsc_khz = cpu->tsc_khz;
}

void trace_set_epoch(uint64_t tsc) {
    trace_header.epoch_tsc = tsc;
}

/* In hexadecimal digits, up to what was never written. */
static void print_bytes(const char *name, const uint8_t *bytes, size_t size_bytes) {
    for (size_t at = 0; at < size_bytes && load(bytes + at, sizeof(uint64_t)) != 0; at += LINE_BYTES) {
        size_t length = lower(size_bytes - at, LINE_BYTES);
        char digits[2 * LINE_BYTES + 1];

        for (size_t i = 0; i < length; i++)
            format_string(digits + 2 * i, 3, "%02x", bytes[at + i]);
        log_line("trace %s: %s", name, digits);
    }
}

void trace_print(void) {
    char name[4];

    print_bytes("header", (const uint8_t *)&trace_header, sizeof(trace_header));
    for (unsigned i = 0; i < CPU_MAX; i++) {
        format_string(name, sizeof(name), "%u", i);
        if (trace_header.rings[i])
            print_bytes(name, (const uint8_t *)trace_header.rings[i], TRACE_RING_BYTES);
    }
}
