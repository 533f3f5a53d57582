/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c and trace.h: a ring that wraps, the halves of a record, and what is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/cpu/trace.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

#define RECORDS (TRACE_RING_BYTES / TRACE_RECORD_BYTES)

struct cpu cpus[CPU_MAX];

static uint8_t *memory;
static struct trace_record *ring;
static struct cpu *const cpu = &cpus[2];

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(TRACE_RING_BYTES, 3 * TRACE_RING_BYTES);
    memset(memory, 0xee, 3 * TRACE_RING_BYTES);
    *cpu = (struct cpu){.tsc_khz = 0x1234};
    ring = (struct trace_record *)(memory + TRACE_RING_BYTES);
    memset(ring, 0, TRACE_RING_BYTES);
    trace_init(cpu, ring);
    return cpu->trace_next == (uint64_t)ring ? 0 : -1;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static void test_put(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= RECORDS + 1; i++)
        trace_put(cpu, i, i + 0x500000000, TRACE_TURN, 0x305);
    assert_int_equal(ring[0].tsc, RECORDS + 1);
    assert_int_equal(ring[1].tsc, 2);
    assert_int_equal(ring[RECORDS - 1].tsc, RECORDS);
    assert_int_equal(ring[1].ticks, 2); /* the lower half */
    assert_int_equal(ring[1].event, 0x8000);
    assert_int_equal(ring[1].subject, 0x305);
    assert_int_equal(cpu->trace_next, (uint64_t)&ring[1]);
    assert_int_equal(memory[TRACE_RING_BYTES - 1], 0xee);
    assert_int_equal(memory[2 * TRACE_RING_BYTES], 0xee);
}

/* A tag is what follows the ticks in the second half of a record. */
static void test_tag(void **state) {
    struct trace_record record;
    uint64_t half = trace_tag(TRACE_INVALID, 0xabcd) | 5;

    (void)state;
    memcpy((uint8_t *)&record + 8, &half, sizeof(half));
    assert_int_equal(record.ticks, 5);
    assert_int_equal(record.event, 0x7fff);
    assert_int_equal(record.subject, 0xabcd);
}

static void append(char *text, const void *bytes, size_t size_bytes) {
    for (size_t i = 0; i < size_bytes; i++)
        sprintf(text + strlen(text), "%02x", ((const uint8_t *)bytes)[i]);
}

/* The header, then of each processor what was written, 16 records a line. */
static void test_print(void **state) {
    uint64_t rings[CPU_MAX] = {[2] = (uint64_t)ring};
    char wanted[4096] = "shikiri: trace header: 5348494b545243311000000000100000341200000000000077000000"
                        "00000000";

    (void)state;
    memset(ring, 0, TRACE_RING_BYTES); /* as the arena's memory is */
    append(wanted, rings, sizeof(rings));
    strcat(wanted, "\n");
    trace_set_epoch(0x77);
    log_capture();
    trace_print();
    log_expect(wanted);
    for (unsigned i = 0; i < 17; i++)
        trace_put(cpu, 0x0102, 3, TRACE_FRAME, 4);
    strcat(wanted, "shikiri: trace 2: ");
    append(wanted, ring, 256);
    strcat(wanted, "\nshikiri: trace 2: 02010000000000000300000004800400");
    append(wanted, ring + 17, 240);
    strcat(wanted, "\n");
    trace_print();
    log_expect(wanted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put, make, drop),
        cmocka_unit_test_setup_teardown(test_tag, make, drop),
        cmocka_unit_test_setup_teardown(test_print, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
