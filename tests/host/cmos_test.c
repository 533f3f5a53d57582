/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmos.c against Motorola's data sheet of the MC146818, in BCD and with 24 hours. Dates are compared with those of the
 * C library.
 */
#define _POSIX_C_SOURCE 200809L /* gmtime_r */

#include <time.h>

#include "hv/dev/cmos.h"
#include "tests/host/test.h"

#define DAY       86400ULL
#define FROM      825638400ULL  /* the 1st of March 1996 */
#define TO        4102444800ULL /* the end of 2099 */
#define A         0x0a
#define B         0x0b
#define CENTURY   0x32
#define REGISTERS 0x80

static struct cmos cmos;
static uint64_t now;

static uint64_t now_seconds(void) {
    return now;
}

static int make(void **state) {
    (void)state;
    now = 1709251199; /* the last second of the 29th of February 2024 */
    cmos = (struct cmos){.now_seconds = now_seconds};
    return 0;
}

static unsigned read_index(unsigned index) {
    assert_int_equal(cmos_write(&cmos, 0, (uint8_t)index), VERDICT_RESUME);
    return cmos_read(&cmos, 1);
}

static unsigned bcd(int value) {
    return (unsigned)(value / 10 * 16 + value % 10);
}

/* All that the registers say is `time`. */
static void expect(time_t time) {
    struct tm tm;

    now = (uint64_t)time;
    gmtime_r(&time, &tm);
    assert_int_equal(read_index(A) & 0x80, 0); /* no update is under way */
    assert_int_equal(read_index(0), bcd(tm.tm_sec));
    assert_int_equal(read_index(2), bcd(tm.tm_min));
    assert_int_equal(read_index(4), bcd(tm.tm_hour));
    assert_int_equal(read_index(6), tm.tm_wday + 1); /* 1 is Sunday */
    assert_int_equal(read_index(7), bcd(tm.tm_mday));
    assert_int_equal(read_index(8), bcd(tm.tm_mon + 1));
    assert_int_equal(read_index(9), bcd(tm.tm_year % 100));
    assert_int_equal(read_index(CENTURY), bcd(tm.tm_year / 100 + 19));
}

/* By hand, so that the rest does not hang on the C library alone. */
static void test_known(void **state) {
    static const struct {
        uint64_t seconds;
        uint8_t second, minute, hour, weekday, day, month, year, century;
    } cases[] = {
        {951782399, 0x59, 0x59, 0x23, 2, 0x28, 0x02, 0x00, 0x20}, /* 2000 has a leap day */
        {951782400, 0x00, 0x00, 0x00, 3, 0x29, 0x02, 0x00, 0x20},
        {1709251199, 0x59, 0x59, 0x23, 5, 0x29, 0x02, 0x24, 0x20}, /* a Thursday */
        {1709251200, 0x00, 0x00, 0x00, 6, 0x01, 0x03, 0x24, 0x20},
        {1740787200, 0x00, 0x00, 0x00, 7, 0x01, 0x03, 0x25, 0x20}, /* none in 2025 */
        {946684799, 0x59, 0x59, 0x23, 6, 0x31, 0x12, 0x99, 0x19},  /* a century ends */
        {946684800, 0x00, 0x00, 0x00, 7, 0x01, 0x01, 0x00, 0x20},
        {4102444799, 0x59, 0x59, 0x23, 5, 0x31, 0x12, 0x99, 0x20},
        {1234567890, 0x30, 0x31, 0x23, 6, 0x13, 0x02, 0x09, 0x20},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        now = cases[i].seconds;
        (void)read_index(A);
        assert_int_equal(read_index(0), cases[i].second);
        assert_int_equal(read_index(2), cases[i].minute);
        assert_int_equal(read_index(4), cases[i].hour);
        assert_int_equal(read_index(6), cases[i].weekday);
        assert_int_equal(read_index(7), cases[i].day);
        assert_int_equal(read_index(8), cases[i].month);
        assert_int_equal(read_index(9), cases[i].year);
        assert_int_equal(read_index(CENTURY), cases[i].century);
    }
}

/* Every day from March 1996 to the end of 2099, its first second and its last. */
static void test_days(void **state) {
    (void)state;
    for (uint64_t time = FROM; time < TO; time += DAY) {
        expect((time_t)time);
        expect((time_t)(time + DAY - 1));
    }
}

/* Every second of a day. */
static void test_seconds(void **state) {
    (void)state;
    for (uint64_t time = 1764374400; time < 1764374400 + DAY; time++)
        expect((time_t)time);
}

/* All the others: the control registers, alarms that are off, memory that is empty. */
static void test_registers(void **state) {
    (void)state;
    for (unsigned index = 0; index < REGISTERS; index++) {
        unsigned value = read_index(index);

        switch (index) {
        case 0:
        case 2:
        case 4:
        case 6:
        case 7:
        case 8:
        case 9:
        case CENTURY:
            assert_int_not_equal(value, 0);
            break;
        case A:
            assert_int_equal(value, 0x26); /* 32,768 Hz, 1,024 interrupts a second were they on, no update */
            break;
        case B:
            assert_int_equal(value, 0x02); /* 24 hours, BCD, no interrupts, no daylight saving */
            break;
        case 0x0d:
            assert_int_equal(value, 0x80); /* the battery is good */
            break;
        default:
            assert_int_equal(value, 0);
        }
    }
}

/* The highest bit, which switches NMIs off on a PC, is no part of it. */
static void test_index(void **state) {
    (void)state;
    for (unsigned index = 0; index < REGISTERS; index++)
        assert_int_equal(read_index(index | 0x80), read_index(index));
    assert_int_equal(read_index(0x8d), 0x80);
    assert_int_equal(cmos_read(&cmos, 1), 0x80); /* the index stays */
    assert_int_equal(cmos_read(&cmos, 0), 0xff); /* it cannot be read */
    assert_int_equal(cmos_read(&cmos, 1), 0x80);
}

/* It cannot be set. */
static void test_writes(void **state) {
    (void)state;
    for (unsigned index = 0; index < REGISTERS; index++) {
        unsigned before = read_index(index);

        for (unsigned value = 0; value < 0x100; value++) {
            assert_int_equal(cmos_write(&cmos, 1, (uint8_t)value), VERDICT_RESUME);
            assert_int_equal(cmos_read(&cmos, 1), before);
        }
    }
    expect(1709251199);
}

/* Register A says that no update is under way: what is read in the second that follows is of that moment. */
static void test_snapshot(void **state) {
    (void)state;
    (void)read_index(A);
    now++; /* a month ends */
    assert_int_equal(read_index(8), 0x02);
    assert_int_equal(read_index(7), 0x29);
    assert_int_equal(read_index(4), 0x23);
    assert_int_equal(read_index(0), 0x59);
    assert_int_equal(read_index(A), 0x26); /* from here on it is the next */
    assert_int_equal(read_index(0), 0x00);
    assert_int_equal(read_index(7), 0x01);
    assert_int_equal(read_index(8), 0x03);
    now++;
    assert_int_equal(read_index(0), 0x00);
    now++; /* who does not read it is not shown the same for ever */
    assert_int_equal(read_index(0), 0x02);
    assert_int_equal(read_index(8), 0x03);
}

/* After reset it is the time at once. */
static void test_first(void **state) {
    (void)state;
    assert_int_equal(cmos_read(&cmos, 1), 0x59); /* index 0 */
    assert_int_equal(read_index(9), 0x24);
}

/* A machine without a clock says anything: there is a register all the same. */
static void test_any_time(void **state) {
    const uint64_t times[] = {0, 1, FROM - 1, TO, UINT32_MAX, INT64_MAX, UINT64_MAX};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(times); i++) {
        now = times[i];
        for (unsigned index = 0; index < REGISTERS; index++)
            (void)read_index(index);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_known, make),    cmocka_unit_test_setup(test_days, make),
        cmocka_unit_test_setup(test_seconds, make),  cmocka_unit_test_setup(test_registers, make),
        cmocka_unit_test_setup(test_index, make),    cmocka_unit_test_setup(test_writes, make),
        cmocka_unit_test_setup(test_snapshot, make), cmocka_unit_test_setup(test_first, make),
        cmocka_unit_test_setup(test_any_time, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
