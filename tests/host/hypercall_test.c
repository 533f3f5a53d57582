/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hypercall.c: every argument is the guest's choice. What is refused has no effect; docs/guest-interface.md has
 * the results.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/exits.h"
#include "tests/host/log_capture.h"
#include "tests/host/npt_lookup.h"
#include "tests/host/test.h"

#define ARENA_PAGES   16
#define WINDOW        0x200000ULL /* two pages at this GPA, apart from each other in memory */
#define WINDOW_END    (WINDOW + 2 * PAGE_BYTES)
#define LONG_MODE     0x29b
#define PROTECTED     0xc9b
#define UPPER         0xaaaaaaaa00000000ULL
#define RESULT(value) ((uint64_t)(int64_t)(value))

static uint8_t *memory; /* the arena, then the window's pages in reverse order */
static struct arena arena;
static struct cpu cpu;
static struct vcpu vcpu;
static struct vmcb vmcb;
static struct common common;

static struct cpu *woken;

/* What was asked for has to be there by now. */
void lapic_wake(struct cpu *of) {
    assert_null(woken);
    woken = of;
}

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(PAGE_BYTES, (ARENA_PAGES + 2) * PAGE_BYTES);
    memset(memory, 0, (ARENA_PAGES + 2) * PAGE_BYTES);
    arena = (struct arena){.next = memory, .end = memory + ARENA_PAGES * PAGE_BYTES};
    vmcb = (struct vmcb){.save.cs.attributes = LONG_MODE};
    cpu = (struct cpu){.slot_end_tsc = UINT64_MAX};
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common, .guest.cpu = &cpu};
    console_init(&vcpu.console, "x", 1, &common.console);
    for (unsigned i = 0; i < SHIKIRI_INFO_COUNT; i++)
        vcpu.info[i] = 100 + i;
    log_capture();
    if (!npt_init(&common.npt, &arena, false))
        return -1;
    for (unsigned i = 0; i < 2; i++)
        if (!npt_map(&common.npt, GPA(WINDOW + i * PAGE_BYTES), PAGE_BYTES,
                     HPA((uintptr_t)memory + (ARENA_PAGES + 1 - i) * PAGE_BYTES), REACH_READ))
            return -1;
    return 0;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static char *at(uint64_t gpa) {
    hpa_t hpa;
    unsigned rights;

    assert_true(npt_lookup(&common.npt, GPA(gpa), &hpa, &rights));
    return (char *)hpa.value;
}

/* VMMCALL; all registers but RAX have to come back as they were. */
static enum verdict call(uint64_t rax, uint64_t rdi, uint64_t rsi) {
    uint64_t before[REGISTER_COUNT];

    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        vcpu.guest.registers[i] = 0xdead0000 + i;
    vcpu.guest.registers[REGISTER_RDI] = rdi;
    vcpu.guest.registers[REGISTER_RSI] = rsi;
    memcpy(before, vcpu.guest.registers, sizeof(before));
    vmcb.save.rax = rax;
    vmcb.save.rip = 0x1000;
    vmcb.control.interrupt_shadow = 1;
    enum verdict verdict = hypercall_exit(&vcpu);

    assert_memory_equal(before, vcpu.guest.registers, sizeof(before));
    assert_int_equal(vmcb.save.rip, 0x1003);
    assert_int_equal(vmcb.control.interrupt_shadow, 0);
    return verdict;
}

static struct vcpu pair[2];

/* The caller and another vCPU on another processor. */
static void make_pair(struct cpu *other) {
    pair[0] = (struct vcpu){.common = &common};
    pair[1] = (struct vcpu){.common = &common, .guest.cpu = other};
    common.vcpus = pair;
    common.vcpu_count = 2;
    common.awake = 1;
    woken = NULL;
}

static void expect(uint64_t rax, uint64_t rdi, uint64_t rsi, int64_t result) {
    assert_int_equal(call(rax, rdi, rsi), VERDICT_RESUME);
    if ((int64_t)vmcb.save.rax != result)
        fail_msg("call %lx (%lx, %lx): found %ld, want %ld", rax, rdi, rsi, (long)vmcb.save.rax, (long)result);
}

static void test_number(void **state) {
    (void)state;
    for (uint64_t number = SHIKIRI_CALL_COUNT; number < 70; number++)
        expect(number, 0, 0, -1);
    expect(0x80000000, 0, 0, -1);
    expect(0xffffffff, 0, 0, -1);
    expect(UPPER | 0, 0, 0, 100); /* the number is EAX alone */
}

static void test_info(void **state) {
    (void)state;
    for (unsigned field = 0; field < SHIKIRI_INFO_COUNT; field++)
        expect(0, field, 0, 100 + field);
    expect(0, SHIKIRI_INFO_COUNT, 0, -2);
    expect(0, UPPER, 0, -2);
    expect(0, UINT64_MAX, 0, -2);
}

/* Outside 64-bit mode the upper halves are whatever was left in them. */
static void test_32_bits(void **state) {
    (void)state;
    vmcb.save.cs.attributes = PROTECTED;
    memcpy(at(WINDOW), "hi\n", 3);
    expect(UPPER | 0, UPPER | 3, UPPER, 103);
    expect(2, UPPER | WINDOW, UPPER | 3, 3);
    log_expect("x | hi\n");
    assert_int_equal(call(3, UPPER | 7, 0), VERDICT_SHUTDOWN);
    assert_int_equal(vcpu.status, 7);
}

static void test_denied(void **state) {
    (void)state;
    memcpy(at(WINDOW), "hi\n", 3);
    for (vmcb.save.cpl = 1; vmcb.save.cpl <= 3; vmcb.save.cpl++) {
        for (unsigned number = 0; number < SHIKIRI_CALL_COUNT; number++)
            expect(number, number == 2 ? WINDOW : 0, 3, -3);
    }
    assert_int_equal(vcpu.status, 0);
    log_expect("");
}

static void test_yield_and_shutdown(void **state) {
    (void)state;
    assert_int_equal(call(1, 5, 6), VERDICT_YIELD);
    assert_int_equal(vmcb.save.rax, 0);
    assert_int_equal(call(3, RESULT(-5), 0), VERDICT_SHUTDOWN);
    assert_int_equal(vcpu.status, RESULT(-5));
}

/* Only a partition with "control" has somewhere to put its wish, and only plans that there are. */
static void test_plan(void **state) {
    unsigned wanted = 9;
    const struct control control = {&wanted, 2, NULL, 0};

    (void)state;
    expect(4, 0, 0, -3);
    common.control = &control;
    expect(4, 2, 0, -2);
    expect(4, UPPER, 0, -2);
    assert_int_equal(wanted, 9);
    expect(4, 1, 0, 0);
    assert_int_equal(wanted, 1);
    expect(4, 0, 0, 0);
    assert_int_equal(wanted, 0);
}

/* Of every vCPU, for a partition with "control"; each number leads to its own value, and no other number to any. */
static void test_statistic(void **state) {
    static struct vcpu other = {
        .info = {[SHIKIRI_INFO_PARTITION] = 7, [SHIKIRI_INFO_SWITCHES] = 4},
        .times = {.run_ticks = 2, .stolen_ticks = 3, .starts = 5, .late_ticks = 6, .late_ticks_max = 1},
        .costs = {[3] = {.tag = 99, .max_ticks = 50, .counts = {[0] = 10, [31] = 11}}},
    };
    static const int64_t values[SHIKIRI_STATISTIC_COUNT] = {7, 2, 3, 4, 5, 6, 1};
    const struct control control = {NULL, 0, (struct vcpu *[]){&vcpu, &other}, 2};

    (void)state;
    expect(5, 1, SHIKIRI_STATISTIC_RUN_TICKS, -3);
    common.control = &control;
    for (unsigned i = 0; i < SHIKIRI_STATISTIC_COUNT; i++)
        expect(5, 1, i, values[i]);
    expect(5, 0, SHIKIRI_STATISTIC_PARTITION, 100 + SHIKIRI_INFO_PARTITION);
    expect(5, 1, SHIKIRI_STATISTIC_EXITS(3, 0), 10);
    expect(5, 1, SHIKIRI_STATISTIC_EXITS(3, 31), 11);
    expect(5, 1, SHIKIRI_STATISTIC_EXITS(2, 0), 0);
    expect(5, 1, SHIKIRI_STATISTIC_EXIT_TICKS_MAX(3), 50);
    expect(5, 1, SHIKIRI_STATISTIC_EXIT_TICKS_MAX(3) + 1, -2);
    expect(5, 1, SHIKIRI_STATISTIC_EXITS(3, 255), -2);
    expect(5, 1, SHIKIRI_STATISTIC_EXITS(0xffff, 0), 0);
    expect(5, 1, SHIKIRI_STATISTIC_COUNT, -2);
    expect(5, 1, 3 << 8, -2);
    expect(5, 1, UPPER | SHIKIRI_STATISTIC_RUN_TICKS, -2);
    expect(5, 1, UPPER | SHIKIRI_STATISTIC_EXITS(3, 0), -2);
    expect(5, 1, UINT64_MAX, -2);
    expect(5, 2, SHIKIRI_STATISTIC_RUN_TICKS, -2);
    expect(5, UINT64_MAX, SHIKIRI_STATISTIC_RUN_TICKS, -2);
}

/* A slot that is over takes one byte, so that the caller gets on. */
static void test_write_at_the_end_of_a_slot(void **state) {
    (void)state;
    memcpy(at(WINDOW), "ab\n", 3);
    cpu.slot_end_tsc = 1;
    expect(2, WINDOW, 3, 1);
    expect(2, WINDOW + 1, 2, 1);
    expect(2, WINDOW + 2, 1, 1);
    log_expect("x | ab\n");
    expect(2, WINDOW, 0, 0);
}

static void test_write_refused(void **state) {
    static const struct {
        uint64_t gpa, length;
    } cases[] = {
        {WINDOW, 257},
        {WINDOW, UINT64_MAX},
        {WINDOW, 1ULL << 32},
        {WINDOW - 1, 1},
        {WINDOW - 1, 2},
        {WINDOW_END, 1},
        {0, 1},
        {NPT_GPA_LIMIT - 256, 1},
        {NPT_GPA_LIMIT - 1, 1},
        {NPT_GPA_LIMIT, 1},
        {NPT_GPA_LIMIT + WINDOW, 1},
        {(1ULL << 48) + WINDOW, 1},
        {UINT64_MAX, 2},
        {UINT64_MAX - 255, 256},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        expect(2, cases[i].gpa, cases[i].length, -2);
    log_expect("");
}

/* To the last byte of the window and no further, and from one page into the other, which lies elsewhere. */
static void test_write(void **state) {
    (void)state;
    memcpy(at(WINDOW + PAGE_BYTES - 3), "abc", 3);
    memcpy(at(WINDOW + PAGE_BYTES), "def\n", 4);
    expect(2, WINDOW + PAGE_BYTES - 3, 7, 3);
    expect(2, WINDOW + PAGE_BYTES, 4, 4);
    log_expect("x | abcdef\n");
    memset(at(WINDOW_END - 256), '\r', 256); /* which the console leaves out */
    *at(WINDOW_END - 256) = 'a';
    *at(WINDOW_END - 1) = '\n';
    expect(2, WINDOW_END - 256, 256, 256);
    log_expect("x | a\n");
    expect(2, WINDOW_END - 1, 2, 1);
    log_expect("x |\n");
    expect(2, WINDOW_END - 255, 256, 255);
    log_expect("x |\n");
    expect(2, WINDOW, 0, 0);
    expect(2, WINDOW_END, 0, 0);
    log_expect("");
}

/* Start (vCPU, entry, argument in RDX), which call() fills with 0xdead0002. */
static void test_start(void **state) {
    struct cpu other = {.turn_of = NULL};

    (void)state;
    make_pair(&other);
    pair[0].start.state = START_CLAIMED;
    expect(6, 0, 0x5000, -2); /* runs already */
    expect(6, 2, 0x5000, -2);
    expect(6, UPPER | 1, 0x5000, -2);
    expect(6, UINT64_MAX, 0x5000, -2);
    assert_null(woken);
    assert_int_equal(pair[1].start.state, START_NOT_ASKED);
    expect(6, 1, UPPER | 0x5000, 0);
    assert_ptr_equal(woken, &other);
    assert_int_equal(pair[1].start.state, START_ASKED);
    assert_int_equal(pair[1].start.entry, UPPER | 0x5000);
    assert_int_equal(pair[1].start.argument, 0xdead0002);
    assert_false(pair[1].start.by_sipi);
    assert_int_equal(common.awake, 2);
    expect(6, 1, 0x6000, -2); /* once only */
    assert_int_equal(pair[1].start.entry, UPPER | 0x5000);
    assert_int_equal(common.awake, 2);
}

/* Who comes second while the first still writes gets nothing, and has nothing to wait for. */
static void test_start_claimed(void **state) {
    struct cpu other = {.turn_of = NULL};

    (void)state;
    make_pair(&other);
    pair[1].start.state = START_CLAIMED;
    expect(6, 1, 0x6000, -2);
    assert_int_equal(pair[1].start.entry, 0);
    assert_int_equal(common.awake, 1);
    assert_null(woken);
}

static void test_start_32_bits(void **state) {
    struct cpu other = {.turn_of = NULL};

    (void)state;
    make_pair(&other);
    vmcb.save.cs.attributes = PROTECTED;
    expect(6, UPPER | 1, UPPER | 0x5000, 0);
    assert_int_equal(pair[1].start.entry, 0x5000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_number, make, drop),
        cmocka_unit_test_setup_teardown(test_info, make, drop),
        cmocka_unit_test_setup_teardown(test_32_bits, make, drop),
        cmocka_unit_test_setup_teardown(test_denied, make, drop),
        cmocka_unit_test_setup_teardown(test_yield_and_shutdown, make, drop),
        cmocka_unit_test_setup_teardown(test_plan, make, drop),
        cmocka_unit_test_setup_teardown(test_statistic, make, drop),
        cmocka_unit_test_setup_teardown(test_write_at_the_end_of_a_slot, make, drop),
        cmocka_unit_test_setup_teardown(test_write_refused, make, drop),
        cmocka_unit_test_setup_teardown(test_write, make, drop),
        cmocka_unit_test_setup_teardown(test_start, make, drop),
        cmocka_unit_test_setup_teardown(test_start_claimed, make, drop),
        cmocka_unit_test_setup_teardown(test_start_32_bits, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
