/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schedule.c: both kinds of schedules behind one face, above all waking a turn that halts.
 */
#include <string.h>

#include "sched/schedule.h"
#include "tests/host/test.h"

#define SLOT  100
#define EPOCH 5000

enum { OWNER, BACK, TURNS };

static struct turn turns[TURNS];
static const struct slot slots[] = {{100, 500, 0, &turns[OWNER], &turns[BACK]}};
static const struct plan plan = {slots, ARRAY_LENGTH(slots)};
static struct agreement agreement;
static struct schedule schedule;
static struct decision decision;

static void start(bool is_cyclic) {
    memset(turns, 0, sizeof(turns));
    agreement = (struct agreement){0};
    schedule = (struct schedule){.is_cyclic = is_cyclic,
                                 .living = TURNS,
                                 .round_robin = {.slot_ticks = SLOT},
                                 .cyclic = {1000, &plan, &plan, &agreement, .frame_tsc = EPOCH}};
    turns[OWNER].wake_tsc = turns[BACK].wake_tsc = TURN_NEVER;
    schedule_wake(&schedule, &turns[OWNER]);
    schedule_wake(&schedule, &turns[BACK]);
}

static void expect_run(uint64_t since, unsigned number, unsigned owner) {
    decision = schedule_next(&schedule, EPOCH + since);
    assert_non_null(decision.turn);
    assert_int_equal(decision.turn - turns, number);
    assert_int_equal(decision.owner - turns, owner);
}

static void halt(uint64_t wake_tsc) {
    decision.turn->wake_tsc = wake_tsc;
    schedule_return(&schedule, &decision, TURN_HALTS);
}

static void expect_idle(uint64_t since, uint64_t until) {
    decision = schedule_next(&schedule, EPOCH + since);
    assert_null(decision.turn);
    assert_int_equal(decision.until_tsc, EPOCH + until);
}

/* The owner has its slot back at once, and outside of it gains nothing; nor does one that wakes as a background. */
static void test_wake_cyclic(void **state) {
    (void)state;
    start(true);
    expect_idle(0, 100);
    expect_run(100, OWNER, OWNER);
    halt(UINT64_MAX);
    expect_run(150, BACK, OWNER);
    assert_int_equal(decision.until_tsc, EPOCH + 500);
    halt(UINT64_MAX);
    expect_idle(200, 500);
    schedule_wake(&schedule, &turns[BACK]);
    expect_run(250, BACK, OWNER);
    schedule_return(&schedule, &decision, TURN_SPENT);
    schedule_wake(&schedule, &turns[OWNER]);
    expect_run(300, OWNER, OWNER);
    halt(UINT64_MAX);
    schedule_stop(&schedule, &turns[BACK]);
    expect_idle(600, 1000);
    schedule_wake(&schedule, &turns[OWNER]);
    expect_idle(1050, 1100);
    expect_run(1100, OWNER, OWNER);
    schedule_return(&schedule, &decision, TURN_STOPS);
    assert_int_equal(schedule.living, 0);
}

/* It stands in line again, behind who is ready, once. */
static void test_wake_round_robin(void **state) {
    (void)state;
    start(false);
    expect_run(0, OWNER, OWNER);
    halt(UINT64_MAX);
    expect_run(10, BACK, BACK);
    schedule_return(&schedule, &decision, TURN_SPENT);
    schedule_wake(&schedule, &turns[OWNER]);
    schedule_wake(&schedule, &turns[OWNER]);
    schedule_wake(&schedule, &turns[BACK]);
    expect_run(110, BACK, BACK);
    halt(UINT64_MAX);
    expect_run(120, OWNER, OWNER);
    halt(EPOCH + 150);
    expect_idle(130, 150);
    expect_run(160, OWNER, OWNER);
    schedule_return(&schedule, &decision, TURN_STOPS);
    expect_idle(170, 270);
    schedule_stop(&schedule, &turns[BACK]);
    assert_int_equal(schedule.living, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wake_cyclic),
        cmocka_unit_test(test_wake_round_robin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
