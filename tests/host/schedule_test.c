/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schedule.c: who runs and until when, over sequences of decisions.
 */
#include <string.h>

#include "hv/lib/types.h"
#include "sched/schedule.h"
#include "tests/host/test.h"

#define SLOT  100
#define TURNS 4

static struct schedule schedule;
static struct turn turns[TURNS];

static void start(unsigned count) {
    memset(turns, 0, sizeof(turns));
    schedule_init(&schedule, SLOT);
    for (unsigned i = 0; i < count; i++)
        schedule_add(&schedule, &turns[i]);
}

/* The next decision is that turn `number` runs for a whole slot. */
static void expect_run(uint64_t now, unsigned number) {
    struct turn *turn = NULL;
    uint64_t until = 0;

    assert_int_equal(schedule_next(&schedule, now, &turn, &until), SCHEDULE_RUN);
    assert_int_equal(turn - turns, number);
    assert_int_equal(until, now + SLOT);
}

static void expect_idle(uint64_t now, uint64_t want) {
    struct turn *turn = NULL;
    uint64_t until = 0;

    assert_int_equal(schedule_next(&schedule, now, &turn, &until), SCHEDULE_IDLE);
    assert_int_equal(until, want);
}

static void expect_over(uint64_t now) {
    struct turn *turn;
    uint64_t until;

    assert_int_equal(schedule_next(&schedule, now, &turn, &until), SCHEDULE_OVER);
}

static void test_round_robin(void **state) {
    uint64_t now = 1000;

    (void)state;
    start(3);
    for (unsigned i = 0; i < 12; i++, now += SLOT) {
        expect_run(now, i % 3);
        schedule_add(&schedule, &turns[i % 3]);
    }
}

static void test_alone(void **state) {
    (void)state;
    start(1);
    expect_run(0, 0);
    schedule_add(&schedule, &turns[0]);
    expect_run(100, 0);
    schedule_halt(&schedule, &turns[0], 200);
    expect_idle(150, 200);
    expect_idle(199, 200);
    expect_run(200, 0);
    expect_over(300);
}

static void test_over(void **state) {
    (void)state;
    start(0);
    expect_over(0);
    start(2);
    expect_run(0, 0); /* never comes back */
    expect_run(100, 1);
    expect_over(200);
    schedule_add(&schedule, &turns[1]);
    expect_run(300, 1);
    expect_over(400);
}

/* A turn that halts does not run again in the rest of its slot, and then behind who is ready. */
static void test_halt(void **state) {
    (void)state;
    start(2);
    expect_run(0, 0);
    schedule_halt(&schedule, &turns[0], 100);
    expect_run(10, 1);
    schedule_add(&schedule, &turns[1]);
    expect_run(50, 1); /* 0 sleeps until 100 */
    schedule_add(&schedule, &turns[1]);
    expect_run(100, 1); /* 0 wakes, behind 1 */
    schedule_add(&schedule, &turns[1]);
    expect_run(200, 0);
    schedule_add(&schedule, &turns[0]);
    expect_run(300, 1);
}

/* They wake in the order in which they halted. */
static void test_wake_order(void **state) {
    (void)state;
    start(3);
    expect_run(0, 0);
    schedule_halt(&schedule, &turns[0], 100);
    expect_run(10, 1);
    schedule_halt(&schedule, &turns[1], 110);
    expect_run(20, 2);
    schedule_halt(&schedule, &turns[2], 120);
    expect_idle(30, 100);
    expect_run(100, 0);
    schedule_halt(&schedule, &turns[0], 200);
    expect_idle(105, 110);
    expect_run(500, 1);
    expect_run(500, 2);
    expect_run(500, 0);
    expect_over(500);
}

/* One wakes a decision: the second comes behind the turn that ran when the first woke. */
static void test_one_wakes(void **state) {
    (void)state;
    start(3);
    expect_run(0, 0);
    schedule_halt(&schedule, &turns[0], 100);
    expect_run(10, 1);
    schedule_halt(&schedule, &turns[1], 110);
    expect_run(20, 2);
    schedule_add(&schedule, &turns[2]);
    expect_run(500, 2); /* 0 wakes */
    schedule_add(&schedule, &turns[2]);
    expect_run(600, 0); /* 1 wakes */
    expect_run(700, 2);
    expect_run(800, 1);
    expect_over(900);
}

/*
 * Turns 1 and 3 halt halfway through their slots. Those that use theirs up run equally often and
 * never wait for more than one slot of each of the others; so do those that halt, once awake.
 */
static void test_fairness(void **state) {
    unsigned runs[TURNS] = {0};
    uint64_t ready_tsc[TURNS] = {0};
    uint64_t now = 0;

    (void)state;
    start(TURNS);
    for (unsigned i = 0; i < 4000; i++) {
        struct turn *turn;
        uint64_t until;

        assert_int_equal(schedule_next(&schedule, now, &turn, &until), SCHEDULE_RUN);
        unsigned number = (unsigned)(turn - turns);
        bool halts = number % 2;

        assert_in_range(now, ready_tsc[number], ready_tsc[number] + TURNS * SLOT);
        runs[number]++;
        now += halts ? SLOT / 2 : SLOT;
        ready_tsc[number] = halts ? until : now;
        if (halts)
            schedule_halt(&schedule, turn, until);
        else
            schedule_add(&schedule, turn);
    }
    assert_in_range(runs[2] + 1, runs[0], runs[0] + 1);
    assert_in_range(runs[3] + 1, runs[1], runs[1] + 1);
    assert_in_range(runs[1], runs[0] / 2, runs[0]);
}

/* A turn that halts at once, over and over, cannot push back one that uses its slots up. */
static void test_halting_does_not_win(void **state) {
    uint64_t now = 0;
    unsigned since = 0;

    (void)state;
    start(3);
    for (unsigned i = 0; i < 300; i++) {
        struct turn *turn;
        uint64_t until;

        assert_int_equal(schedule_next(&schedule, now, &turn, &until), SCHEDULE_RUN);
        since = turn == &turns[0] ? 0 : since + 1;
        assert_in_range(since, 0, 2);
        now += turn == &turns[0] ? SLOT : 1;
        if (turn == &turns[0])
            schedule_add(&schedule, turn);
        else
            schedule_halt(&schedule, turn, until);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_robin), cmocka_unit_test(test_alone),
        cmocka_unit_test(test_over),        cmocka_unit_test(test_halt),
        cmocka_unit_test(test_wake_order),  cmocka_unit_test(test_one_wakes),
        cmocka_unit_test(test_fairness),    cmocka_unit_test(test_halting_does_not_win),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
