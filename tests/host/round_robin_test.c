/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * round_robin.c: who runs and until when, over sequences of decisions.
 */
#include "hv/lib/types.h"
#include "sched/schedule.h"
#include "tests/host/test.h"

#define SLOT  100
#define TURNS 4

static struct schedule schedule;
static struct turn turns[TURNS];

static void start(unsigned count) {
    schedule = (struct schedule){.living = count, .round_robin = {.slot_ticks = SLOT}};
    for (unsigned i = 0; i < TURNS; i++)
        turns[i] = (struct turn){.wake_tsc = TURN_NEVER};
    for (unsigned i = 0; i < count; i++)
        schedule_wake(&schedule, &turns[i]);
}

/* The next decision is that turn `number` runs for a whole slot. */
static struct decision expect_run(uint64_t now, unsigned number) {
    struct decision decision = schedule_next(&schedule, now);

    assert_non_null(decision.turn);
    assert_int_equal(decision.turn - turns, number);
    assert_ptr_equal(decision.owner, decision.turn);
    assert_int_equal(decision.until_tsc, now + SLOT);
    assert_int_equal(decision.due_tsc, 0);
    return decision;
}

/* The same, and how that ends. */
static void run(uint64_t now, unsigned number, enum turn_end end) {
    struct decision decision = expect_run(now, number);

    if (end == TURN_HALTS)
        decision.turn->wake_tsc = decision.until_tsc;
    schedule_return(&schedule, &decision, end);
}

/* It halts until `wake`, however short its slot was. */
static void run_until_wake(uint64_t now, unsigned number, uint64_t wake) {
    struct decision decision = expect_run(now, number);

    decision.turn->wake_tsc = wake;
    schedule_return(&schedule, &decision, TURN_HALTS);
}

static void expect_idle(uint64_t now, uint64_t want) {
    struct decision decision = schedule_next(&schedule, now);

    assert_null(decision.turn);
    assert_int_equal(decision.until_tsc, want);
}

static void expect_over(void) {
    assert_int_equal(schedule.living, 0);
}

static void test_round_robin(void **state) {
    uint64_t now = 1000;

    (void)state;
    start(3);
    for (unsigned i = 0; i < 12; i++, now += SLOT) {
        run(now, i % 3, i % 2 ? TURN_SPENT : TURN_YIELDS);
    }
}

static void test_alone(void **state) {
    (void)state;
    start(1);
    run(0, 0, TURN_SPENT);
    run(100, 0, TURN_HALTS);
    expect_idle(150, 200);
    expect_idle(199, 200);
    run(200, 0, TURN_STOPS);
    expect_over();
}

static void test_over(void **state) {
    (void)state;
    start(0);
    expect_over();
    start(2);
    run(0, 0, TURN_STOPS); /* never comes back */
    run(100, 1, TURN_STOPS);
    expect_over();
}

/* One that is to come keeps the schedule going, a slot at a time while nobody is ready. */
static void test_late(void **state) {
    (void)state;
    start(1);
    schedule.living = 2;
    run(0, 0, TURN_HALTS);
    expect_idle(10, 100);
    run(100, 0, TURN_STOPS);
    expect_idle(150, 250);
    schedule_wake(&schedule, &turns[1]);
    run(170, 1, TURN_SPENT);
    run(270, 1, TURN_STOPS);
    expect_over();
}

/* Stopped from outside, from every place in both queues, and before it was ever added. */
static void test_stop(void **state) {
    (void)state;
    for (unsigned victim = 0; victim < TURNS; victim++) {
        start(TURNS);
        schedule_stop(&schedule, &turns[victim]);
        for (unsigned i = 0; i < 2 * TURNS; i++)
            if (i % TURNS != victim)
                run(i, i % TURNS, TURN_SPENT);
        for (unsigned i = 0; i < TURNS; i++)
            if (i != victim)
                run(100, i, TURN_HALTS);
        schedule_stop(&schedule, &turns[victim ? victim - 1 : TURNS - 1]);
        for (unsigned i = 0; i < TURNS; i++)
            if (i != victim && i != (victim ? victim - 1 : TURNS - 1))
                run(500, i, TURN_STOPS);
        expect_over();
    }
    start(0);
    schedule.living = 2;
    schedule_wake(&schedule, &turns[0]);
    schedule_stop(&schedule, &turns[1]);
    schedule_stop(&schedule, &turns[0]);
    expect_over();
    schedule.living = 1;
    schedule_wake(&schedule, &turns[1]); /* the queue is as good as new */
    run(0, 1, TURN_SPENT);
    run(100, 1, TURN_STOPS);
}

/* A turn that halts does not run again in the rest of its slot, and then behind who is ready. */
static void test_halt(void **state) {
    (void)state;
    start(2);
    run(0, 0, TURN_HALTS);
    run(10, 1, TURN_SPENT);
    run(50, 1, TURN_SPENT);  /* 0 sleeps until 100 */
    run(100, 1, TURN_SPENT); /* 0 wakes, behind 1 */
    run(200, 0, TURN_SPENT);
    run(300, 1, TURN_STOPS);
}

/* They wake in the order in which they halted. */
static void test_wake_order(void **state) {
    (void)state;
    start(3);
    run(0, 0, TURN_HALTS);
    run(10, 1, TURN_HALTS);
    run(20, 2, TURN_HALTS);
    expect_idle(30, 100);
    run(100, 0, TURN_HALTS);
    expect_idle(105, 110);
    run(500, 1, TURN_STOPS);
    run(500, 2, TURN_STOPS);
    run(500, 0, TURN_STOPS);
    expect_over();
}

/* One wakes a decision: the second comes behind the turn that ran when the first woke. */
static void test_one_wakes(void **state) {
    (void)state;
    start(3);
    run(0, 0, TURN_HALTS);
    run(10, 1, TURN_HALTS);
    run(20, 2, TURN_SPENT);
    run(500, 2, TURN_SPENT); /* 0 wakes */
    run(600, 0, TURN_STOPS); /* 1 wakes */
    run(700, 2, TURN_STOPS);
    run(800, 1, TURN_STOPS);
    expect_over();
}

/* They wake by their times, not in the order in which they halted; equal times in that order. */
static void test_wake_times(void **state) {
    (void)state;
    start(4);
    run_until_wake(0, 0, 700);
    run_until_wake(10, 1, 300);
    run_until_wake(20, 2, 500);
    run_until_wake(30, 3, 300);
    expect_idle(210, 300);
    run_until_wake(305, 1, 600);
    run_until_wake(310, 3, UINT64_MAX);
    expect_idle(450, 500);
    run_until_wake(500, 2, 700);
    expect_idle(510, 600);
    run(600, 1, TURN_STOPS);
    run(700, 0, TURN_STOPS); /* behind whose 700 that of 2 was */
    run(700, 2, TURN_STOPS);
    expect_idle(800, 900); /* 3 waits for others alone, and is looked for a slot at a time */
    expect_idle(UINT64_MAX / 2, UINT64_MAX / 2 + SLOT);
    schedule_wake(&schedule, &turns[3]);
    run(1000, 3, TURN_STOPS);
    expect_over();
}

/* The queue stays whole when one is inserted first, between and last, and appended to afterwards. */
static void test_insert(void **state) {
    (void)state;
    for (unsigned order = 0; order < 27; order++) {
        const unsigned wakes[] = {500 + order % 3 * 100, 500 + order / 3 % 3 * 100, 500 + order / 9 * 100};
        unsigned woken = 0;

        start(4);
        for (unsigned i = 0; i < 3; i++)
            run_until_wake(i, i, wakes[i]);
        run_until_wake(3, 3, 800);
        for (uint64_t at = 500; at <= 700; at += 100)
            for (unsigned i = 0; i < 3; i++)
                if (wakes[i] == at) {
                    run(at, i, TURN_STOPS);
                    woken++;
                }
        assert_int_equal(woken, 3);
        run(800, 3, TURN_STOPS);
        expect_over();
    }
}

/* Woken from outside it is behind those that are ready; who does not wait keeps its place. */
static void test_wake(void **state) {
    (void)state;
    for (unsigned victim = 0; victim < 3; victim++) {
        start(4);
        for (unsigned i = 0; i < 3; i++)
            run_until_wake(i, i, 10000 + i);
        schedule_wake(&schedule, &turns[victim]);
        schedule_wake(&schedule, &turns[victim]); /* again */
        schedule_wake(&schedule, &turns[3]);      /* is ready all the time */
        run(100, 3, TURN_SPENT);
        run(200, victim, TURN_SPENT);
        run(300, 3, TURN_SPENT);
        run_until_wake(400, victim, 10003);
        run(500, 3, TURN_STOPS);
        expect_idle(600, 700);
        for (unsigned i = 0; i < 3; i++)
            if (i != victim)
                run(10000 + i, i, TURN_STOPS);
        run(10003, victim, TURN_STOPS);
        expect_over();
    }
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
        struct decision decision = schedule_next(&schedule, now);

        assert_non_null(decision.turn);
        unsigned number = (unsigned)(decision.turn - turns);
        bool halts = number % 2;

        assert_in_range(now, ready_tsc[number], ready_tsc[number] + TURNS * SLOT);
        runs[number]++;
        now += halts ? SLOT / 2 : SLOT;
        ready_tsc[number] = halts ? decision.until_tsc : now;
        if (halts)
            decision.turn->wake_tsc = decision.until_tsc;
        schedule_return(&schedule, &decision, halts ? TURN_HALTS : TURN_SPENT);
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
        struct decision decision = schedule_next(&schedule, now);

        assert_non_null(decision.turn);
        bool is_first = decision.turn == &turns[0];

        since = is_first ? 0 : since + 1;
        assert_in_range(since, 0, 2);
        now += is_first ? SLOT : 1;
        if (!is_first)
            decision.turn->wake_tsc = decision.until_tsc;
        schedule_return(&schedule, &decision, is_first ? TURN_SPENT : TURN_HALTS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_robin), cmocka_unit_test(test_alone),
        cmocka_unit_test(test_over),        cmocka_unit_test(test_halt),
        cmocka_unit_test(test_late),        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_wake_order),  cmocka_unit_test(test_one_wakes),
        cmocka_unit_test(test_fairness),    cmocka_unit_test(test_halting_does_not_win),
        cmocka_unit_test(test_wake_times),  cmocka_unit_test(test_insert),
        cmocka_unit_test(test_wake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
