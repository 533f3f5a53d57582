/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pit.c against the data sheet of Intel's 82C54, and the system control port as the PC has it. What is simplified is
 * said in pit.h: a new count begins at once, and no mode waits for its gate.
 */
#include "hv/dev/pit.h"
#include "tests/host/test.h"

#define LOW  0x10 /* bytes of a count, as in a control word */
#define HIGH 0x20
#define BOTH 0x30

#define OUT     0x80 /* of a status */
#define NO_LOAD 0x40

#define GATE     1 /* of the system control port */
#define REFRESH  0x10
#define GATE_OUT 0x20

enum { TERMINAL_COUNT, ONE_SHOT, RATE, SQUARE, STROBE, GATED_STROBE, MODES };

static struct pit pit;
static uint64_t now;

static uint64_t now_ticks(void) {
    return now;
}

static int make(void **state) {
    (void)state;
    now = 123456789;
    pit = (struct pit){.now_ticks = now_ticks};
    return 0;
}

static void write(unsigned offset, unsigned value) {
    assert_int_equal(pit_write(&pit, offset, (uint8_t)value), VERDICT_RESUME);
}

static unsigned read(unsigned offset) {
    return pit_read(&pit, offset);
}

static void write_gate(unsigned value) {
    assert_int_equal(pit_write_gate(&pit, 0, (uint8_t)value), VERDICT_RESUME);
}

static unsigned read_word(unsigned number) {
    unsigned low = read(number);

    return read(number) << 8 | low;
}

/* The count as it is now; of a counter with two bytes. */
static unsigned latched(unsigned number) {
    write(3, number << 6);
    return read_word(number);
}

static unsigned status(unsigned number) {
    write(3, 0xe0 | 2u << number);
    return read(number);
}

/* The output, by the status, and with counter 2 also by the system control port. */
static unsigned output(unsigned number) {
    unsigned out = (status(number) & OUT) != 0;

    if (number == 2)
        assert_int_equal((pit_read_gate(&pit, 0) & GATE_OUT) != 0, out);
    return out;
}

static void program(unsigned number, unsigned mode, unsigned initial) {
    write(3, number << 6 | BOTH | mode << 1);
    write(number, initial & 0xff);
    write(number, initial >> 8 & 0xff);
}

static void expect(unsigned number, unsigned count, unsigned out) {
    assert_int_equal(latched(number), count);
    assert_int_equal(output(number), out);
}

/* In `ticks` after a start of a count the count and OUT. */
struct moment {
    unsigned ticks, count, out;
};

static void expect_moments(unsigned number, const struct moment *moments, unsigned count) {
    uint64_t start = now;

    for (unsigned i = 0; i < count; i++) {
        now = start + moments[i].ticks;
        expect(number, moments[i].count, moments[i].out);
    }
}

/* ---- the modes --------------------------------------------------------------------------- */

/* OUT is low until the count is over; then it goes on from 0xffff. */
static const struct moment terminal_count[] = {{0, 5, 0},      {1, 4, 0},       {4, 1, 0},           {5, 0, 1},
                                               {6, 0xffff, 1}, {0x10005, 0, 1}, {0x10007, 0xfffe, 1}};

/* Counting stays the same, OUT is low for a tick alone, which is not seen. */
static const struct moment strobe[] = {{0, 5, 1}, {1, 4, 1}, {4, 1, 1}, {6, 0xffff, 1}, {0x10007, 0xfffe, 1}};

/* From N to 1, again and again; OUT is low for a tick alone. */
static const struct moment rate[] = {{0, 5, 1}, {1, 4, 1}, {3, 2, 1}, {5, 5, 1}, {6, 4, 1}, {5000003, 2, 1}};

/* By two from N; OUT is high for one half of the time and low for the other. */
static const struct moment square_even[] = {{0, 6, 1}, {1, 4, 1}, {2, 2, 1}, {3, 6, 0},
                                            {4, 4, 0}, {5, 2, 0}, {6, 6, 1}, {6000004, 4, 0}};

/* By two from N - 1, high for (N + 1) / 2 and low for (N - 1) / 2. */
static const struct moment square_odd[] = {{0, 4, 1}, {1, 2, 1}, {2, 0, 1}, {3, 4, 0},      {4, 2, 0},
                                           {5, 4, 1}, {7, 0, 1}, {8, 4, 0}, {5000004, 2, 0}};

static const struct {
    unsigned mode, initial;
    const struct moment *moments;
    unsigned count;
} runs[] = {
    {TERMINAL_COUNT, 5, terminal_count, ARRAY_LENGTH(terminal_count)},
    {ONE_SHOT, 5, terminal_count, ARRAY_LENGTH(terminal_count)},
    {RATE, 5, rate, ARRAY_LENGTH(rate)},
    {SQUARE, 6, square_even, ARRAY_LENGTH(square_even)},
    {SQUARE, 5, square_odd, ARRAY_LENGTH(square_odd)},
    {STROBE, 5, strobe, ARRAY_LENGTH(strobe)},
    {GATED_STROBE, 5, strobe, ARRAY_LENGTH(strobe)},
    {RATE + 4, 5, rate, ARRAY_LENGTH(rate)}, /* of these two the highest bit means nothing */
    {SQUARE + 4, 6, square_even, ARRAY_LENGTH(square_even)},
};

static void test_modes(void **state) {
    for (unsigned i = 0; i < ARRAY_LENGTH(runs); i++) {
        for (unsigned number = 0; number < 3; number++) {
            make(state);
            write_gate(GATE);
            program(number, runs[i].mode, runs[i].initial);
            assert_int_equal(status(number) & 0x3f, BOTH | runs[i].mode << 1);
            expect_moments(number, runs[i].moments, runs[i].count);
            program(number, runs[i].mode, runs[i].initial); /* once more, from the start */
            expect_moments(number, runs[i].moments, runs[i].count);
            write(number, runs[i].initial); /* or without a control word */
            write(number, 0);
            expect_moments(number, runs[i].moments, runs[i].count);
        }
    }
}

/* A count of 0 is one of 0x10000, which reads as 0. */
static void test_zero(void **state) {
    const struct {
        unsigned mode, out[2];
    } cases[] = {{TERMINAL_COUNT, {0, 0}}, {ONE_SHOT, {0, 0}}, {RATE, {1, 1}},
                 {SQUARE, {1, 0}},         {STROBE, {1, 1}},   {GATED_STROBE, {1, 1}}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t start = now;
        unsigned factor = cases[i].mode == SQUARE ? 2 : 1;

        program(0, cases[i].mode, 0);
        expect(0, 0, cases[i].out[0]);
        now = start + 1;
        expect(0, 0x10000 - factor, cases[i].out[0]);
        now = start + 0x7fff;
        expect(0, 0x10000 - 0x7fff * factor, cases[i].out[0]);
        now = start + 0x8001;
        expect(0, cases[i].mode == SQUARE ? 0xfffe : 0x7fff, cases[i].out[1]);
        now = start + 0x10000;
        expect(0, 0, cases[i].mode != SQUARE || cases[i].out[0]);
        now = start + 0x10001;
        expect(0, 0x10000 - factor, 1);
    }
}

/* The shortest counts, of which some are not allowed: nothing happens to us. */
static void test_short(void **state) {
    (void)state;
    for (unsigned mode = 0; mode < MODES; mode++) {
        for (unsigned initial = 1; initial < 3; initial++) {
            program(1, mode, initial);
            for (unsigned i = 0; i < 5; i++, now++)
                assert_true((latched(1) <= initial || latched(1) >= 0xfff0) && output(1) < 2);
        }
    }
}

/* Each counts for itself. */
static void test_apart(void **state) {
    (void)state;
    write_gate(GATE);
    program(0, RATE, 100);
    now += 10;
    program(1, TERMINAL_COUNT, 200);
    now += 20;
    program(2, SQUARE, 300);
    now += 30;
    expect(0, 40, 1);
    expect(1, 150, 0);
    expect(2, 240, 1);
    now += 150;
    expect(0, 90, 1);
    expect(1, 0, 1);
    expect(2, 240, 0);
}

/* ---- bytes of a count --------------------------------------------------------------------- */

/* The other byte of the count is 0, and only that one is read. */
static void test_bytes(void **state) {
    (void)state;
    write(3, 0x40 | LOW | RATE << 1);
    write(1, 0x34);
    now += 4;
    assert_int_equal(read(1), 0x30);
    assert_int_equal(read(1), 0x30);
    now += 0x30;
    assert_int_equal(read(1), 0x34);
    write(1, 0); /* 0x10000 */
    now += 0x1001;
    assert_int_equal(read(1), 0xff);
    write(3, 0x40); /* latches it */
    now++;
    assert_int_equal(read(1), 0xff);
    assert_int_equal(read(1), 0xfe);

    write(3, 0x40 | HIGH | RATE << 1);
    write(1, 0x12);
    now += 0x101;
    assert_int_equal(read(1), 0x10);
    assert_int_equal(read(1), 0x10);
    now += 0x10ff;
    assert_int_equal(read(1), 0x12);
    write(1, 0);
    now += 0x1001;
    assert_int_equal(read(1), 0xef);
    write(3, 0x40);
    now += 0x1000;
    assert_int_equal(read(1), 0xef);
    assert_int_equal(read(1), 0xdf);
}

/* The low byte first. Between it and the high one the count that is running goes on; reading and writing are two
 * things. */
static void test_both(void **state) {
    (void)state;
    program(0, RATE, 0x1234);
    now += 0x34;
    write(0, 0x78);
    expect(0, 0x1200, 1);
    write(0, 0x56);
    expect(0, 0x5678, 1);

    now += 0x78;
    assert_int_equal(read(0), 0x00);
    write(0, 0xbc);
    now += 0x100; /* what is read is of one moment */
    assert_int_equal(read(0), 0x56);
    write(0, 0x9a);
    expect(0, 0x9abc, 1);

    write(0, 0x11); /* a control word forgets a half */
    write(3, BOTH | RATE << 1);
    write(0, 0x22);
    write(0, 0x33);
    expect(0, 0x3322, 1);
}

/* ---- latching ----------------------------------------------------------------------------- */

static void test_latch(void **state) {
    (void)state;
    for (unsigned number = 0; number < 3; number++) {
        write_gate(GATE);
        program(number, RATE, 0x4321);
        now += 1;
        write(3, number << 6 | 0x0f); /* the other bits mean nothing, and the mode stays */
        now += 1;
        write(3, number << 6); /* it is latched already */
        now += 1;
        assert_int_equal(read(number), 0x20);
        now += 0x100;
        write(3, number << 6); /* until all of it is read */
        assert_int_equal(read(number), 0x43);
        assert_int_equal(read_word(number), 0x4321 - 0x103);
        assert_int_equal(status(number) & 0x3f, BOTH | RATE << 1);

        write(3, number << 6);
        now += 5;
        write(number, 0x00); /* a new count leaves it */
        write(number, 0x10);
        assert_int_equal(read_word(number), 0x4321 - 0x103);
        assert_int_equal(read_word(number), 0x1000);

        write(3, number << 6);
        write(3, number << 6 | BOTH | RATE << 1); /* a control word does not */
        write(number, 0x00);
        write(number, 0x20);
        assert_int_equal(read_word(number), 0x2000);
    }
}

static void program_all(void) {
    write_gate(GATE);
    program(0, TERMINAL_COUNT, 0x1110);
    program(1, RATE, 0x2220);
    program(2, SQUARE, 0x3330);
    now += 0x10;
}

static void test_read_back_counts(void **state) {
    for (unsigned chosen = 0; chosen < 8; chosen++) {
        const unsigned latches[] = {0x1100, 0x2210, 0x3310};

        make(state);
        program_all();
        write(3, 0xd0 | chosen << 1); /* counts, no status */
        now += 0x1000;
        for (unsigned number = 0; number < 3; number++) {
            unsigned later = latches[number] - (number == 2 ? 0x2000 : 0x1000);

            assert_int_equal(read_word(number), chosen & 1u << number ? latches[number] : later);
            assert_int_equal(read_word(number), later);
        }
    }
}

static void test_read_back_status(void **state) {
    const unsigned statuses[] = {BOTH | TERMINAL_COUNT << 1, OUT | BOTH | RATE << 1, OUT | BOTH | SQUARE << 1};
    const unsigned lows[] = {0x00, 0x10, 0x40}; /* of the counts 0xf700, 0x810 and 0x3240 */

    for (unsigned chosen = 0; chosen < 8; chosen++) {
        make(state);
        program_all();
        write(3, 0xe0 | chosen << 1);
        now += 0x1a00;                /* the outputs of 0 and 2 change */
        write(3, 0xe0 | chosen << 1); /* a status that is latched stays */
        for (unsigned number = 0; number < 3; number++) {
            if (chosen & 1u << number)
                assert_int_equal(read(number), statuses[number]);
            assert_int_equal(read(number), lows[number]);
        }
    }
}

/* Both of a counter: first its status, then one or two bytes of the count. */
static void test_read_back_both(void **state) {
    (void)state;
    program_all();
    write(3, 0xc6); /* counters 0 and 1 */
    now += 0x1234;
    assert_int_equal(read(0), BOTH);
    assert_int_equal(read_word(0), 0x1100);
    assert_int_equal(read(1), OUT | BOTH | RATE << 1);
    assert_int_equal(read_word(1), 0x2210);
    assert_int_equal(read_word(1), 0x2210 - 0x1234);
    assert_int_equal(status(0), OUT | BOTH);

    write(3, 0x80 | HIGH | STROBE << 1 | 1);
    assert_int_equal(status(2), OUT | NO_LOAD | HIGH | STROBE << 1 | 1); /* as written, though it never counts in BCD */
    write(2, 0x40);
    now += 0x100;
    write(3, 0xc8);
    now += 0x1000;
    assert_int_equal(read(2), OUT | HIGH | STROBE << 1 | 1);
    assert_int_equal(read(2), 0x3f);
    assert_int_equal(read(2), 0x2f);

    write(3, 0xd2); /* the count, then the status: the status is read first all the same */
    write(3, 0xe2);
    assert_int_equal(read(0), OUT | BOTH);
    assert_int_equal(read_word(0), (0x1100 - 0x2334) & 0xffff);
    write(3, 0xf2); /* nothing */
    now++;
    assert_int_equal(read_word(0), (0x1100 - 0x2335) & 0xffff);
    write(3, 0xe2); /* a control word forgets a status */
    program(0, RATE, 0x777);
    assert_int_equal(read_word(0), 0x777);
}

/* Before a count is there, OUT is high but in mode 0, and the status says that none is. */
static void test_status_without_count(void **state) {
    (void)state;
    write_gate(GATE);
    for (unsigned number = 0; number < 3; number++) {
        for (unsigned mode = 0; mode < 8; mode++) {
            unsigned out = mode == TERMINAL_COUNT ? 0 : OUT;

            program(number, mode, 0x100);
            write(3, number << 6 | BOTH | mode << 1);
            now += 0x1000;
            assert_int_equal(status(number), out | NO_LOAD | BOTH | mode << 1);
            expect(number, 0, out != 0);
            write(number, 1);
            assert_int_equal(status(number), out | NO_LOAD | BOTH | mode << 1); /* there is half of it */
            write(number, 1);
            assert_int_equal(status(number) & NO_LOAD, 0);
        }
    }
}

/* ---- the gate ----------------------------------------------------------------------------- */

/* Modes 0 and 4 hold the count while the gate is closed, and then go on. */
static void test_gate_holds(void **state) {
    (void)state;
    for (unsigned mode = TERMINAL_COUNT; mode <= STROBE; mode += STROBE) {
        unsigned out = mode == STROBE;

        write_gate(GATE);
        program(2, mode, 100);
        now += 10;
        write_gate(0);
        now += 1000;
        expect(2, 90, out);
        write_gate(0);
        now += 1000;
        expect(2, 90, out);
        write_gate(GATE);
        expect(2, 90, out);
        now += 40;
        write_gate(GATE); /* is open already */
        expect(2, 50, out);
        now += 50;
        expect(2, 0, 1);
        write_gate(0);
        now += 50;
        expect(2, 0, 1);
        write_gate(GATE);
        now += 1;
        expect(2, 0xffff, 1);

        write_gate(0); /* a count that is written meanwhile waits */
        program(2, mode, 77);
        now += 1000;
        expect(2, 77, out);
        write_gate(GATE);
        now += 7;
        expect(2, 70, out);
    }
}

/* Modes 2 and 3 hold it, with OUT high, and then begin anew. */
static void test_gate_restarts(void **state) {
    (void)state;
    for (unsigned mode = RATE; mode <= SQUARE; mode++) {
        unsigned by = mode == SQUARE ? 2 : 1;

        write_gate(GATE);
        program(2, mode, 100);
        now += 260;
        expect(2, mode == SQUARE ? 80 : 40, mode == RATE); /* low in the second half of a period */
        write_gate(0);
        expect(2, mode == SQUARE ? 80 : 40, 1);
        now += 1000;
        expect(2, mode == SQUARE ? 80 : 40, 1);
        write_gate(GATE);
        expect(2, 100, 1);
        now += 10;
        write_gate(GATE);
        expect(2, 100 - 10 * by, 1);

        write_gate(0);
        program(2, mode, 50);
        now += 1000;
        expect(2, 50, 1);
        write_gate(GATE);
        now += 10;
        expect(2, 50 - 10 * by, 1);
    }
}

/* Modes 1 and 5 begin anew when it opens, and do not mind that it closes. */
static void test_gate_triggers(void **state) {
    (void)state;
    for (unsigned mode = ONE_SHOT; mode <= GATED_STROBE; mode += STROBE) {
        unsigned out = mode == GATED_STROBE;

        write_gate(0);
        program(2, mode, 100);
        now += 1000;
        write_gate(GATE);
        expect(2, 100, out);
        now += 10;
        write_gate(0);
        expect(2, 90, out);
        now += 80;
        expect(2, 10, out);
        write_gate(GATE); /* once more, before it is over */
        expect(2, 100, out);
        now += 60;
        write_gate(GATE); /* is open already */
        expect(2, 40, out);
        write_gate(0);
        now += 40;
        expect(2, 0, 1);
        now += 10;
        expect(2, 0xfff6, 1);
        write_gate(GATE); /* and after it */
        expect(2, 100, out);
    }
}

/* Those of the other counters are always open. */
static void test_no_gate(void **state) {
    (void)state;
    for (unsigned mode = 0; mode < MODES; mode++) {
        for (unsigned number = 0; number < 2; number++) {
            write_gate(0);
            program(number, mode, 0x1000);
            now += 0x100;
            write_gate(GATE);
            now += 0x100;
            write_gate(0);
            now += 0x100;
            assert_int_equal(latched(number), 0x1000 - 0x300 * (mode == SQUARE ? 2 : 1));
        }
    }
}

/* As loaders and kernels measure their clock: a count of 50 ms in mode 0, and OUT says when it is over. */
static void test_gate_port(void **state) {
    unsigned ticks = PIT_HZ / 20;

    (void)state;
    write_gate((pit_read_gate(&pit, 0) & ~2u) | GATE);
    program(2, TERMINAL_COUNT, ticks);
    now += ticks - 1;
    assert_int_equal(pit_read_gate(&pit, 0) & GATE_OUT, 0);
    now += 1;
    assert_int_equal(pit_read_gate(&pit, 0) & GATE_OUT, GATE_OUT);
}

/* The lower half is kept; the upper one cannot be written: no error of the machine is there. */
static void test_gate_bits(void **state) {
    (void)state;
    now = 0;
    for (unsigned value = 0; value < 0x100; value++) {
        write_gate(value);
        assert_int_equal(pit_read_gate(&pit, 0), value & 0x0f);
    }
    write(3, 0x80 | BOTH | RATE << 1);
    assert_int_equal(pit_read_gate(&pit, 0), GATE_OUT | 0x0f);
}

/* It changes every 15 microseconds, whatever is written. */
static void test_refresh(void **state) {
    unsigned changes = 0;

    (void)state;
    now = 0;
    for (unsigned last = 0; now < PIT_HZ / 100; now++) {
        unsigned refresh = pit_read_gate(&pit, 0) & REFRESH;

        changes += refresh != last;
        last = refresh;
        write_gate(now & 0x1f);
    }
    assert_in_range(changes, 10000 / 15.2, 10000 / 15.0);
}

/* ---- the rest ----------------------------------------------------------------------------- */

/* The control word cannot be read; that changes nothing. */
static void test_control_read(void **state) {
    (void)state;
    program(0, RATE, 0x1000);
    write(3, 0x00);
    assert_int_equal(read(3), 0xff);
    assert_int_equal(read_word(0), 0x1000);
}

/* All 0 but the time: nothing is counted, closed is the gate. Whatever is written then, nothing of ours goes wrong. */
static void test_reset(void **state) {
    (void)state;
    assert_int_equal(pit_read_gate(&pit, 0) & ~REFRESH, 0);
    for (unsigned number = 0; number < 3; number++) {
        assert_int_equal(status(number), NO_LOAD);
        assert_int_equal(read(number), 0);
        write(number, 0x12); /* a count before any control word */
        assert_in_range(read(number), 0x10, 0x12);
    }
}

/* Every byte to every port, in an order that repeats itself late: no reading ends anywhere else than here. */
static void test_anything(void **state) {
    uint32_t chance = 1;

    (void)state;
    for (unsigned i = 0; i < 500000; i++) {
        chance = chance * 1664525 + 1013904223;
        now += chance >> 8 & 0x3ff;
        if (chance >> 29 == 0)
            write_gate(chance >> 20);
        else if (chance >> 29 < 4)
            write(chance >> 27 & 3, chance >> 19 & 0xff);
        else
            (void)(read(chance >> 27 & 3) + pit_read_gate(&pit, 0));
        for (unsigned number = 0; number < 3; number++)
            assert_true(pit.counters[number].unread <= 2 && pit.counters[number].initial <= 0x10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_modes, make),
        cmocka_unit_test_setup(test_zero, make),
        cmocka_unit_test_setup(test_short, make),
        cmocka_unit_test_setup(test_apart, make),
        cmocka_unit_test_setup(test_bytes, make),
        cmocka_unit_test_setup(test_both, make),
        cmocka_unit_test_setup(test_latch, make),
        cmocka_unit_test_setup(test_read_back_counts, make),
        cmocka_unit_test_setup(test_read_back_status, make),
        cmocka_unit_test_setup(test_read_back_both, make),
        cmocka_unit_test_setup(test_status_without_count, make),
        cmocka_unit_test_setup(test_gate_holds, make),
        cmocka_unit_test_setup(test_gate_restarts, make),
        cmocka_unit_test_setup(test_gate_triggers, make),
        cmocka_unit_test_setup(test_no_gate, make),
        cmocka_unit_test_setup(test_gate_port, make),
        cmocka_unit_test_setup(test_gate_bits, make),
        cmocka_unit_test_setup(test_refresh, make),
        cmocka_unit_test_setup(test_control_read, make),
        cmocka_unit_test_setup(test_reset, make),
        cmocka_unit_test_setup(test_anything, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
