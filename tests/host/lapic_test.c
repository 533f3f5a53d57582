/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapic.[ch]: what lapic_arm() writes to the timer's initial count (offset 0x380), against an exact calculation.
 */
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define ONE (1ULL << 32) /* a LAPIC tick a TSC tick, in 32.32 fixed point */

static uint32_t armed(uint64_t lapic_per_tsc_q32, uint64_t now_tsc, uint64_t deadline_tsc) {
    struct cpu cpu = {.lapic_per_tsc_q32 = lapic_per_tsc_q32};

    processor.tsc = now_tsc;
    PROCESSOR_LAPIC(APIC_INITIAL_COUNT) = 0;
    lapic_arm(&cpu, deadline_tsc);
    return PROCESSOR_LAPIC(APIC_INITIAL_COUNT);
}

static void test_rates(void **state) {
    (void)state;
    assert_int_equal(armed(ONE, 1000, 3000), 2000);
    assert_int_equal(armed(ONE / 4, 1000, 3000), 500);
    assert_int_equal(armed(3 * ONE / 2, 1000, 3000), 3000);
    assert_int_equal(armed(ONE / 26 + 1, 1000, 1000 + 2600000), 100000); /* 100 MHz beside 2.6 GHz */
    assert_int_equal(armed(ONE / 3, 0, 10), 3);                          /* rounded down, never late */
}

/* 0 would stop the timer: a deadline that is here or has passed is a tick away. */
static void test_passed(void **state) {
    (void)state;
    assert_int_equal(armed(ONE, 1000, 1000), 1);
    assert_int_equal(armed(ONE, 1000, 999), 1);
    assert_int_equal(armed(ONE, 1000, 0), 1);
    assert_int_equal(armed(ONE, UINT64_MAX / 2, 5), 1);
    assert_int_equal(armed(ONE / 4, 1000, 1003), 1);
}

/* The counter has 32 bits: what does not fit comes early, and is armed again. */
static void test_far(void **state) {
    (void)state;
    assert_int_equal(armed(ONE, 0, UINT32_MAX), UINT32_MAX);
    assert_int_equal(armed(ONE, 0, 1ULL << 32), UINT32_MAX);
    assert_int_equal(armed(ONE, 5, INT64_MAX), UINT32_MAX);
    assert_int_equal(armed(1000 * ONE, 0, 1ULL << 60), UINT32_MAX);
    assert_int_equal(armed(1, 0, 1ULL << 62), 1U << 30);
}

/* The TSC may wrap between now and then. */
static void test_wrap(void **state) {
    (void)state;
    assert_int_equal(armed(ONE, UINT64_MAX - 99, 100), 200);
    assert_int_equal(armed(ONE, 100, UINT64_MAX - 99), 1);
}

/* A fixed interrupt to one processor: ICR, high half first, as writing the low one sends. */
static void test_wake(void **state) {
    struct cpu cpu = {.apic_id = 0x12, .attend_tsc = 7};

    (void)state;
    lapic_wake(&cpu);
    assert_int_equal(cpu.attend_tsc, 0);
    assert_int_equal(PROCESSOR_LAPIC(APIC_ICR + 1), 0x12000000);
    assert_int_equal(PROCESSOR_LAPIC(APIC_ICR), 0x40e1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates), cmocka_unit_test(test_passed), cmocka_unit_test(test_far),
        cmocka_unit_test(test_wrap),  cmocka_unit_test(test_wake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
