/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c against "KVM-specific MSRs" in Linux' documentation: what is where in the structures, and that the time that
 * a guest computes from them is right. The guest has two pages that it can write, one that it cannot, and gaps.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/clock.h"
#include "hv/cpu/rtc.h"
#include "hv/cpu/trap.h"
#include "hv/vcpu.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define ARENA_PAGES 16
#define WINDOW      0x200000ULL /* two pages, apart from each other in memory */
#define READ_ONLY   (WINDOW + 2 * PAGE_BYTES)
#define PAGES       4 /* the window's and the read-only one, with one between that is not the guest's */
#define WALL        12
#define SYSTEM      32

static uint8_t *memory; /* the arena, the pages */
static struct arena arena;
static struct common common;
static struct cpu cpu;
static struct vmcb vmcb;
static struct vcpu vcpu;
static uint64_t rtc;

const struct table_register trap_idt; /* for cpu.c */
uint64_t boot_gdt[6];

uint64_t rtc_seconds(void) {
    return rtc;
}

static uint8_t *page(unsigned number) {
    return memory + (ARENA_PAGES + number) * PAGE_BYTES;
}

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(PAGE_BYTES, (ARENA_PAGES + PAGES) * PAGE_BYTES);
    memset(memory, 0, ARENA_PAGES * PAGE_BYTES);
    memset(page(0), 0xcc, PAGES * PAGE_BYTES);
    arena = (struct arena){.next = memory, .end = memory + ARENA_PAGES * PAGE_BYTES};
    cpu = (struct cpu){.tsc_khz = 1000000};
    vmcb = (struct vmcb){0};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common, .guest.cpu = &cpu};
    processor = (struct processor){.tsc = 2500000000};
    rtc = 0x65432103;
    clock_init(1000000);
    assert_true(npt_init(&common.npt, &arena, false));
    assert_true(npt_map(&common.npt, GPA(WINDOW), PAGE_BYTES, HPA((uintptr_t)page(0)), REACH_WRITE | REACH_EXECUTE));
    assert_true(npt_map(&common.npt, GPA(WINDOW + PAGE_BYTES), PAGE_BYTES, HPA((uintptr_t)page(2)), REACH_WRITE));
    assert_true(npt_map(&common.npt, GPA(READ_ONLY), PAGE_BYTES, HPA((uintptr_t)page(3)), REACH_EXECUTE));
    return 0;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static void expect_untouched(void) {
    for (unsigned i = 0; i < PAGES * PAGE_BYTES; i++)
        assert_int_equal(page(0)[i], 0xcc);
}

/* `count` bytes at `at` have been written, and nothing else has; they are as before again. */
static void expect_only(uint8_t *at, unsigned count) {
    memset(at, 0xcc, count);
    expect_untouched();
}

static void test_wall(void **state) {
    const uint64_t places[] = {0, 4, 0x104, PAGE_BYTES - WALL};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
        uint8_t *at = page(2) + places[i];

        assert_true(clock_write_wall(&vcpu, WINDOW + PAGE_BYTES + places[i]));
        assert_int_equal(load(at, 4), 2);              /* version: even, so that it is no longer written */
        assert_int_equal(load(at + 4, 4), 0x65432100); /* when the TSC was 0 */
        assert_int_equal(load(at + 8, 4), 500000000);
        expect_only(at, WALL);
    }
}

/* The wall clock is of the moment at which the TSC was 0, for the guest adds its system time. */
static void test_wall_start(void **state) {
    static const struct {
        uint64_t rtc, tsc, tsc_khz, seconds, nanoseconds;
    } cases[] = {
        {1764409300, 0, 2400000, 1764409300, 0},
        {1764409300, 2400000 - 1, 2400000, 1764409300, 0},
        {1764409300, 2400000, 2400000, 1764409299, 999000000},
        {1764409300, 2400000ULL * 86400001, 2400000, 1764322899, 999000000}, /* a day later */
        {4102444799, 33333 * 17, 33333, 4102444798, 983000000},              /* the end of 2099 */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        rtc = cases[i].rtc;
        processor.tsc = cases[i].tsc;
        clock_init(cases[i].tsc_khz);
        processor.tsc += 12345678; /* time goes on, that moment does not */
        assert_true(clock_write_wall(&vcpu, WINDOW));
        assert_int_equal(load(page(0) + 4, 4), cases[i].seconds);
        assert_int_equal(load(page(0) + 8, 4), cases[i].nanoseconds);
    }
}

/* The time of day is what the clock said, and what the TSC has counted since. */
static void test_seconds(void **state) {
    static const uint64_t rates_khz[] = {33333, 1000000, 2400000, 5000000};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(rates_khz); i++) {
        uint64_t second = rates_khz[i] * 1000, start = 7 * second + second / 2;

        cpus[0].tsc_khz = rates_khz[i];
        rtc = 1764409300;
        processor.tsc = start;
        clock_init(rates_khz[i]);
        assert_int_equal(clock_seconds(), rtc);
        processor.tsc = start + second - rates_khz[i];
        assert_int_equal(clock_seconds(), rtc);
        processor.tsc = start + second;
        assert_int_equal(clock_seconds(), rtc + 1);
        processor.tsc = start + second * 86400;
        assert_int_equal(clock_seconds(), rtc + 86400);
        processor.tsc = start + second * 315576000; /* ten years */
        assert_int_equal(clock_seconds(), rtc + 315576000);
        rtc = 0; /* no clock: less than how old the TSC is */
        processor.tsc = start;
        clock_init(rates_khz[i]);
        assert_int_equal(clock_seconds(), 0);
        processor.tsc += second;
        assert_int_equal(clock_seconds(), 1);
    }
}

/* Without a clock the machine's TSC may be older than the time of day: nanoseconds are less than a second still. */
static void test_wall_before_1970(void **state) {
    (void)state;
    rtc = 0;
    clock_init(1000000);
    assert_true(clock_write_wall(&vcpu, WINDOW));
    assert_in_range(load(page(0) + 8, 4), 0, 999999999);
}

/* What an address has to be; it is the guest's choice. */
static void test_places(void **state) {
    const uint64_t refused[] = {
        0,
        WINDOW - 4,
        WINDOW + PAGE_BYTES - 4, /* over the end of a page */
        WINDOW + 2 * PAGE_BYTES - 4,
        WINDOW + 2,
        READ_ONLY,
        READ_ONLY + PAGE_BYTES,
        NPT_GPA_LIMIT,
        NPT_GPA_LIMIT | WINDOW,
        UINT64_MAX & ~3ULL,
        UINT64_MAX - PAGE_BYTES + 1,
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(refused); i++) {
        assert_false(clock_write_wall(&vcpu, refused[i]));
        assert_false(clock_write_system(&vcpu, refused[i] | 1));
        assert_true(clock_write_system(&vcpu, refused[i])); /* switched off, it is not written */
    }
    assert_false(clock_write_wall(&vcpu, WINDOW + 1)); /* that has no such bit */
    assert_false(clock_write_wall(&vcpu, WINDOW + PAGE_BYTES - WALL + 4));
    assert_false(clock_write_system(&vcpu, (WINDOW + PAGE_BYTES - SYSTEM + 4) | 1));
    assert_true(clock_write_system(&vcpu, WINDOW));
    expect_untouched();
}

static void test_system(void **state) {
    const uint64_t places[] = {0, 4, 8, 0x7fc, PAGE_BYTES - SYSTEM};

    (void)state;
    vmcb.control.tsc_offset = 0x123456789abcdef0;
    for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
        uint8_t *at = page(0) + places[i];

        assert_true(clock_write_system(&vcpu, (WINDOW + places[i]) | 1));
        assert_int_equal(load(at, 4), 2);
        assert_int_equal(load(at + 4, 4), 0);
        assert_int_equal(load(at + 8, 8), 0x123456789abcdef0); /* what its TSC was when the processor's was 0 */
        assert_int_equal(load(at + 16, 8), 0);
        assert_int_equal(at[29], 1); /* stable */
        assert_int_equal(load(at + 30, 2), 0);
        expect_only(at, SYSTEM);
    }
}

/* As Linux computes it (pvclock_scale_delta()). */
static uint64_t guest_ns(const uint8_t *clock, uint64_t guest_tsc) {
    uint64_t delta = guest_tsc - load(clock + 8, 8);
    int8_t shift = (int8_t)clock[28];

    delta = shift < 0 ? delta >> -shift : delta << shift;
    return load(clock + 16, 8) + (uint64_t)((unsigned __int128)delta * load(clock + 24, 4) >> 32);
}

/* To two in a billion after an hour, whatever the processor's rate; the multiplier has all of its bits. */
static void test_rate(void **state) {
    const uint64_t rates[] = {1,       1000,    33333,   999999,  1000000, 1000001, 1999999,
                              2000000, 2000001, 2400000, 3999999, 4000000, 6000000};
    const uint64_t hour_ns = 3600ULL * 1000000000;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(rates); i++) {
        cpu.tsc_khz = rates[i];
        vmcb.control.tsc_offset = (uint64_t)-5000;
        assert_true(clock_write_system(&vcpu, WINDOW | 1));
        assert_in_range(guest_ns(page(0), 3600 * 1000 * rates[i] - 5000), hour_ns - hour_ns / 500000000, hour_ns);
        assert_true(page(0)[27] & 0x80);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_wall, make, drop),
        cmocka_unit_test_setup_teardown(test_wall_start, make, drop),
        cmocka_unit_test_setup_teardown(test_seconds, make, drop),
        cmocka_unit_test_setup_teardown(test_wall_before_1970, make, drop),
        cmocka_unit_test_setup_teardown(test_places, make, drop),
        cmocka_unit_test_setup_teardown(test_system, make, drop),
        cmocka_unit_test_setup_teardown(test_rate, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
