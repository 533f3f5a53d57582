/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cyclic.c: who runs when in a frame, whatever the turns do; and plans that change on
 * several processors at once.
 */
#include <string.h>

#include "sched/schedule.h"
#include "tests/host/test.h"

#define FRAME 1000
#define EPOCH 50000
#define LEAD  7
#define TURNS 4

enum { A, B, C, BACK };

static struct turn turns[TURNS];

/* A has padding, B a background, and there is a gap behind C. */
static const struct slot slots[] = {
    {0, 300, LEAD + 20, &turns[A], NULL},
    {300, 500, LEAD, &turns[B], &turns[BACK]},
    {600, 900, LEAD, &turns[C], NULL},
};
static const struct slot other_slots[] = {{100, 1000, LEAD, &turns[C], &turns[A]}};
static const struct plan plans[] = {{slots, ARRAY_LENGTH(slots)}, {other_slots, ARRAY_LENGTH(other_slots)}};

static struct agreement agreement;
static struct schedule schedule;
static struct decision decision;

static int make(void **state) {
    (void)state;
    memset(turns, 0, sizeof(turns));
    agreement = (struct agreement){0};
    schedule = (struct schedule){
        .is_cyclic = true, .living = TURNS, .cyclic = {FRAME, plans, plans, &agreement, .frame_tsc = EPOCH}};
    return 0;
}

/* At `since` ticks from the epoch it is `number`'s turn, until `until`; due at `due`, 0 for no start of a slot. */
static void expect_run(uint64_t since, unsigned number, uint64_t until, uint64_t due) {
    decision = schedule_next(&schedule, EPOCH + since);
    assert_non_null(decision.turn);
    assert_int_equal(decision.turn - turns, number);
    assert_ptr_equal(decision.owner, schedule.cyclic.plan->slots[schedule.cyclic.slot].turn);
    assert_int_equal(decision.until_tsc, EPOCH + until);
    assert_int_equal(decision.due_tsc, due ? EPOCH + due : 0);
}

static void run(uint64_t since, unsigned number, uint64_t until, uint64_t due, enum turn_end end) {
    expect_run(since, number, until, due);
    if (end == TURN_HALTS)
        decision.turn->wake_tsc = decision.until_tsc;
    schedule_return(&schedule, &decision, end);
}

/* It halts until `wake`. */
static void run_until_wake(uint64_t since, unsigned number, uint64_t until, uint64_t due, uint64_t wake) {
    expect_run(since, number, until, due);
    decision.turn->wake_tsc = EPOCH + wake;
    schedule_return(&schedule, &decision, TURN_HALTS);
}

static void expect_idle(uint64_t since, uint64_t until) {
    decision = schedule_next(&schedule, EPOCH + since);
    assert_null(decision.turn);
    assert_int_equal(decision.until_tsc, EPOCH + until);
}

/* Slots start at their offsets in every frame; times between are waited for. */
static void test_frames(void **state) {
    (void)state;
    expect_idle(-100, 0);
    for (uint64_t at = 0; at < 10 * FRAME; at += FRAME) {
        run(at, A, at + 300, at + LEAD + 20, TURN_SPENT);
        run(at + 300, B, at + 500, at + 300 + LEAD, TURN_SPENT);
        expect_idle(at + 500, at + 600);
        run(at + 600, C, at + 900, at + 600 + LEAD, TURN_SPENT);
        expect_idle(at + 900, at + FRAME);
    }
    assert_int_equal(schedule.cyclic.missed, 0);
    assert_int_equal(schedule.cyclic.frame, 9);
}

/* An interrupt in the middle changes nothing, and is no second start. */
static void test_resume(void **state) {
    (void)state;
    run(0, A, 300, LEAD + 20, TURN_SPENT);
    run(100, A, 300, 0, TURN_SPENT);
    run(299, A, 300, 0, TURN_SPENT);
    run(300, B, 500, 300 + LEAD, TURN_SPENT);
}

/* Time that is given away is kept where there is no background; the next slot starts as ever. */
static void test_kept(void **state) {
    (void)state;
    run(0, A, 300, LEAD + 20, TURN_HALTS);
    expect_idle(50, 300);
    expect_idle(299, 300);
    run(300, B, 500, 300 + LEAD, TURN_SPENT);
    run(600, C, 900, 600 + LEAD, TURN_YIELDS);
    expect_idle(610, 900);
    expect_idle(900, 1000);
    run(1000, A, 1300, 1000 + LEAD + 20, TURN_SPENT);
}

static void test_background(void **state) {
    (void)state;
    run(310, B, 500, 300 + LEAD, TURN_YIELDS);
    run(320, BACK, 500, 0, TURN_SPENT);
    run(330, BACK, 500, 0, TURN_HALTS);
    expect_idle(340, 500);
    run(1300, B, 1500, 1300 + LEAD, TURN_HALTS);
    run(1301, BACK, 1500, 0, TURN_SPENT);
    expect_idle(1500, 1600);
}

/* An alarm inside the slot gives the rest of it back, which is no second start; one behind it takes later slots as
 * well. */
static void test_alarm(void **state) {
    (void)state;
    run_until_wake(0, A, 300, LEAD + 20, 120);
    expect_idle(50, 120);
    expect_idle(119, 120);
    run_until_wake(120, A, 300, 0, 250);
    expect_idle(130, 250);
    run_until_wake(260, A, 300, 0, 300); /* as the slot ends */
    expect_idle(270, 300);
    run(300, B, 500, 300 + LEAD, TURN_SPENT);
    run_until_wake(1000, A, 1300, 1000 + LEAD + 20, 3100);
    expect_idle(1010, 1300);
    expect_idle(2000, 2300);
    expect_idle(3000, 3100);
    run(3100, A, 3300, 0, TURN_SPENT);
    assert_int_equal(schedule.cyclic.missed, 1 + 2 + 2); /* of B and C, as time was not looked at */
}

/* The background has the time until the alarm, and is at an end then; its own alarm is for time that is left to it. */
static void test_background_until_alarm(void **state) {
    (void)state;
    run_until_wake(300, B, 500, 300 + LEAD, 400);
    run(310, BACK, 400, 0, TURN_SPENT);
    run(350, BACK, 400, 0, TURN_SPENT);
    run_until_wake(400, B, 500, 0, 480);
    run_until_wake(410, BACK, 480, 0, 430);
    expect_idle(420, 430);
    run_until_wake(430, BACK, 480, 0, 490);
    expect_idle(440, 480); /* that of the owner is first */
    run_until_wake(480, B, 500, 0, 1350);
    expect_idle(485, 490);
    run(490, BACK, 500, 0, TURN_SPENT);
    run(1300, BACK, 1350, 1300 + LEAD, TURN_YIELDS);
    expect_idle(1340, 1350);
    run(1350, B, 1500, 0, TURN_YIELDS);
    run(1360, BACK, 1500, 0, TURN_YIELDS);
    expect_idle(1370, 1500);
}

/* What has no time of its own wakes never, and what is absent has no alarm. */
static void test_never(void **state) {
    (void)state;
    run_until_wake(300, B, 500, 300 + LEAD, UINT64_MAX - EPOCH);
    run(310, BACK, 500, 0, TURN_SPENT);
    turns[BACK].wake_tsc = TURN_NEVER;
    expect_idle(400, 500);
    turns[B].wake_tsc = TURN_NEVER;
    expect_idle(410, 500);
}

/* What stops leaves its slots to the background, or empty; all stopped is the end. */
static void test_stop(void **state) {
    (void)state;
    run(0, A, 300, LEAD + 20, TURN_STOPS);
    expect_idle(10, 300);
    run(300, B, 500, 300 + LEAD, TURN_STOPS);
    run(310, BACK, 500, 0, TURN_SPENT);
    expect_idle(1000, 1300);
    run(1300, BACK, 1500, 1300 + LEAD, TURN_STOPS);
    expect_idle(1350, 1500);
    run(1600, C, 1900, 1600 + LEAD, TURN_STOPS);
    assert_int_equal(schedule.living, 0);
}

/* Before it starts, a turn leaves its slots as one that has stopped does; then they are its own, from the middle on. */
static void test_late(void **state) {
    (void)state;
    turns[A].wake_tsc = turns[B].wake_tsc = TURN_NEVER;
    expect_idle(0, 300);
    run(300, BACK, 500, 300 + LEAD, TURN_SPENT);
    schedule_wake(&schedule, &turns[B]);
    run(400, B, 500, 0, TURN_SPENT);
    run(600, C, 900, 600 + LEAD, TURN_SPENT);
    expect_idle(1000, 1300);
    schedule_wake(&schedule, &turns[A]);
    run(1100, A, 1300, 0, TURN_SPENT);
    run(1300, B, 1500, 1300 + LEAD, TURN_SPENT);
    assert_int_equal(schedule.cyclic.missed, 0);
}

/* From outside, whether it has started or not. */
static void test_stop_from_outside(void **state) {
    (void)state;
    turns[A].wake_tsc = TURN_NEVER;
    schedule_stop(&schedule, &turns[A]);
    schedule_stop(&schedule, &turns[C]);
    expect_idle(0, 300);
    run(300, B, 500, 300 + LEAD, TURN_STOPS);
    run(310, BACK, 500, 0, TURN_SPENT);
    expect_idle(600, 900);
    schedule_stop(&schedule, &turns[BACK]);
    assert_int_equal(schedule.living, 0);
}

/* A machine that was stopped for a while goes on in the slot that it finds itself in. */
static void test_missed(void **state) {
    (void)state;
    run(0, A, 300, LEAD + 20, TURN_SPENT);
    expect_run(650, C, 900, 600 + LEAD);
    assert_int_equal(schedule.cyclic.missed, 1);
    schedule_return(&schedule, &decision, TURN_SPENT);
    expect_run(3310, B, 3500, 3300 + LEAD); /* two whole frames, and A */
    assert_int_equal(schedule.cyclic.missed, 1 + 6 + 1);
    assert_int_equal(schedule.cyclic.frame, 3);
    expect_idle(4950, 5000); /* B has begun; C, and three of frame 4 */
    assert_int_equal(schedule.cyclic.missed, 8 + 1 + 3);
}

static void test_plan(void **state) {
    (void)state;
    run(0, A, 300, LEAD + 20, TURN_SPENT);
    agreement.wanted = 1;
    run(300, B, 500, 300 + LEAD, TURN_SPENT); /* this frame goes on as it is */
    run(600, C, 900, 600 + LEAD, TURN_SPENT);
    expect_idle(1000, 1100);
    run(1100, C, 2000, 1100 + LEAD, TURN_HALTS);
    run(1200, A, 2000, 0, TURN_SPENT);
    agreement.wanted = 0;
    run(2000, A, 2300, 2000 + LEAD + 20, TURN_SPENT);
    assert_int_equal(schedule.cyclic.missed, 0);
}

/* Whoever begins a frame first decides it, however late the others come. */
static void test_agreement(void **state) {
    (void)state;
    assert_int_equal(agreement_plan(&agreement, 0), 0);
    assert_int_equal(agreement_plan(&agreement, 1), 0);
    agreement.wanted = 1;
    assert_int_equal(agreement_plan(&agreement, 1), 0);
    assert_int_equal(agreement_plan(&agreement, 2), 1);
    agreement.wanted = 0;
    assert_int_equal(agreement_plan(&agreement, 2), 1);
    assert_int_equal(agreement_plan(&agreement, 1), 0); /* a processor that lags by a frame */
    assert_int_equal(agreement_plan(&agreement, 3), 0);
    assert_int_equal(agreement_plan(&agreement, 2), 1);
    agreement.wanted = 1;
    assert_int_equal(agreement_plan(&agreement, 1000), 1);
    assert_int_equal(agreement_plan(&agreement, 999), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_frames, make),    cmocka_unit_test_setup(test_resume, make),
        cmocka_unit_test_setup(test_kept, make),      cmocka_unit_test_setup(test_background, make),
        cmocka_unit_test_setup(test_alarm, make),     cmocka_unit_test_setup(test_background_until_alarm, make),
        cmocka_unit_test_setup(test_never, make),     cmocka_unit_test_setup(test_stop, make),
        cmocka_unit_test_setup(test_late, make),      cmocka_unit_test_setup(test_stop_from_outside, make),
        cmocka_unit_test_setup(test_missed, make),    cmocka_unit_test_setup(test_plan, make),
        cmocka_unit_test_setup(test_agreement, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
