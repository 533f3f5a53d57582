/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu.c: times by the TSC. What it does to the processor is seen when the hypervisor runs.
 */
#include "hv/cpu/cpu.h"
#include "hv/cpu/trap.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define PIT_HZ  1193182U
#define MOST_HZ 4000000U

const struct table_register trap_idt;
uint64_t boot_gdt[6];

static const uint64_t rates_khz[] = {33333, 999999, 1000000, 1193183, 2400000, 3999999, 5000000};

static uint64_t time_at(uint64_t tsc, uint32_t hz) {
    processor.tsc = tsc;
    return cpu_time(hz);
}

/* What it is, rounded down; it may be one less. */
static void expect_time(uint64_t tsc, uint64_t tsc_khz, uint32_t hz) {
    uint64_t exact = (uint64_t)((unsigned __int128)tsc * hz / 1000 / tsc_khz);

    assert_in_range(time_at(tsc, hz), exact - (exact ? 1 : 0), exact);
}

/* From the start to ten years later. */
static void test_time(void **state) {
    const uint64_t seconds[] = {0, 1, 2, 59, 86400, 31557600, 315576000};
    const uint32_t frequencies[] = {1, 1000, PIT_HZ, MOST_HZ};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(rates_khz); i++) {
        cpus[0].tsc_khz = rates_khz[i];
        for (unsigned j = 0; j < ARRAY_LENGTH(seconds); j++) {
            for (unsigned k = 0; k < ARRAY_LENGTH(frequencies); k++) {
                uint64_t tsc = seconds[j] * 1000 * rates_khz[i];

                assert_int_equal(time_at(tsc, frequencies[k]), seconds[j] * frequencies[k]);
                for (unsigned part = 1; part < 2000; part += 13)
                    expect_time(tsc + part * rates_khz[i] / 997, rates_khz[i], frequencies[k]);
            }
        }
    }
}

/* It never goes back, and ahead by two periods at most where a millisecond ends. */
static void test_monotonic(void **state) {
    const uint64_t starts_ms[] = {0, 1, 499, 86400000, 315576000000};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(rates_khz); i++) {
        cpus[0].tsc_khz = rates_khz[i];
        for (unsigned j = 0; j < ARRAY_LENGTH(starts_ms); j++) {
            for (uint64_t ms = starts_ms[j]; ms < starts_ms[j] + 200; ms++) {
                uint64_t end = (ms + 1) * rates_khz[i], last = time_at(end - 20, PIT_HZ);

                for (uint64_t tsc = end - 19; tsc < end + 20; tsc++) {
                    uint64_t next = time_at(tsc, PIT_HZ);

                    assert_in_range(next, last, last + 2);
                    last = next;
                }
            }
        }
    }
}

static void test_ticks(void **state) {
    (void)state;
    cpus[0].tsc_khz = 2400000;
    assert_int_equal(cpu_ticks(0), 0);
    assert_int_equal(cpu_ticks(1), 2400);
    assert_int_equal(cpu_ticks(1000000), 2400000000);
    cpus[0].tsc_khz = 33333;
    assert_int_equal(cpu_ticks(10), 333);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_ticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
