/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c against the MC146818 data sheet, "Time, Calendar, and Alarm Locations" and "Registers", with a clock of the
 * test behind ports 70h and 71h. What it should say is the C library's.
 */
#include "hv/cpu/rtc.h"

#include <string.h>
#include <time.h>

#include "tests/host/processor.h"
#include "tests/host/test.h"

#define SECONDS_OF_DAY 86400
#define UPDATES        0x80 /* register A */
#define HOURS_24       0x02 /* register B */
#define BINARY         0x04
#define PM             0x80

static struct {
    time_t time;
    uint8_t mode;            /* register B */
    uint8_t number;          /* of the register that is read next */
    unsigned updates;        /* so many more looks find an update under way */
    unsigned reads_to_next;  /* so many more reads of the time, and a second is over; 0: never */
    unsigned reads, a_reads; /* of the time, and of register A */
    bool is_absent;
} rtc;

static uint8_t encode(int value) {
    return (uint8_t)((rtc.mode & BINARY) ? value : value / 10 * 16 + value % 10);
}

static uint8_t encode_hour(int hour) {
    if (rtc.mode & HOURS_24)
        return encode(hour);
    return encode(hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0);
}

static uint8_t read_time(uint8_t number) {
    struct tm tm;

    assert_int_equal(rtc.updates, 0); /* undefined while an update is under way */
    rtc.reads++;
    gmtime_r(&rtc.time, &tm);
    if (rtc.reads_to_next && --rtc.reads_to_next == 0)
        rtc.time++;
    switch (number) {
    case 0:
        return encode(tm.tm_sec);
    case 2:
        return encode(tm.tm_min);
    case 4:
        return encode_hour(tm.tm_hour);
    case 7:
        return encode(tm.tm_mday);
    case 8:
        return encode(tm.tm_mon + 1);
    case 9:
        return encode(tm.tm_year % 100);
    default:
        fail_msg("found a read of register 0x%x, want one of the time's", number);
        return 0;
    }
}

static uint8_t inb(uint16_t port) {
    assert_int_equal(port, 0x71);
    if (rtc.is_absent)
        return 0xff;
    if (rtc.number == 0x0b)
        return rtc.mode;
    if (rtc.number != 0x0a)
        return read_time(rtc.number);
    rtc.a_reads++;
    if (!rtc.updates)
        return 0x26; /* divider and rate */
    return --rtc.updates ? UPDATES | 0x26 : 0x26;
}

static void outb(uint16_t port, uint8_t value) {
    assert_int_equal(port, 0x70);
    rtc.number = value;
}

static void set(time_t time, uint8_t mode) {
    memset(&rtc, 0, sizeof(rtc));
    rtc.time = time;
    rtc.mode = mode;
}

static int make(void **state) {
    (void)state;
    processor = (struct processor){.inb = inb, .outb = outb};
    set(0, HOURS_24);
    return 0;
}

static time_t at(int year, int month, int day, int hour, int minute, int second) {
    return timegm(&(struct tm){.tm_year = year - 1900,
                               .tm_mon = month - 1,
                               .tm_mday = day,
                               .tm_hour = hour,
                               .tm_min = minute,
                               .tm_sec = second});
}

/* All of register B that has to do with the time; the rest does not matter. */
static const uint8_t modes[] = {0, HOURS_24, BINARY, HOURS_24 | BINARY, 0x79, 0x79 | HOURS_24 | BINARY};

static void test_known(void **state) {
    (void)state;
    set(at(2038, 1, 19, 3, 14, 7), HOURS_24);
    assert_int_equal(rtc_seconds(), 0x7fffffff);
    set(at(2000, 1, 1, 0, 0, 0), HOURS_24);
    assert_int_equal(rtc_seconds(), 946684800);
    set(at(2099, 12, 31, 23, 59, 59), HOURS_24);
    assert_int_equal(rtc_seconds(), 4102444799);
}

/* Each day of the century, 29 February and 31 December among them. */
static void test_days(void **state) {
    (void)state;
    for (time_t time = at(2000, 1, 1, 12, 34, 56); time < at(2100, 1, 1, 0, 0, 0); time += SECONDS_OF_DAY) {
        set(time, HOURS_24);
        assert_int_equal(rtc_seconds(), time);
    }
}

/* Every minute of a day in every form, 12 AM and 12 PM among them. */
static void test_forms(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        time_t midnight = at(2028, 2, 29, 0, 0, 0);

        for (time_t since = 0; since < SECONDS_OF_DAY; since += 59) {
            set(midnight + since, modes[i]);
            assert_int_equal(rtc_seconds(), midnight + since);
        }
    }
}

/* The registers themselves, in the forms that are the easiest to get wrong. */
static void test_twelve(void **state) {
    static const struct {
        int hour;
        uint8_t bcd, binary;
    } hours[] = {{0, 0x12, 12}, {1, 0x01, 1}, {11, 0x11, 11}, {12, 0x92, 0x8c}, {13, 0x81, 0x81}, {23, 0x91, 0x8b}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(hours); i++) {
        rtc.mode = 0;
        assert_int_equal(encode_hour(hours[i].hour), hours[i].bcd);
        rtc.mode = BINARY;
        assert_int_equal(encode_hour(hours[i].hour), hours[i].binary);
    }
}

/* While an update is under way nothing is read but that it is. */
static void test_update(void **state) {
    (void)state;
    for (unsigned looks = 1; looks < 5000; looks += 7) {
        set(at(2024, 2, 29, 23, 59, 59), 0);
        rtc.updates = looks;
        assert_int_equal(rtc_seconds(), at(2024, 2, 29, 23, 59, 59));
        assert_int_equal(rtc.a_reads, looks);
    }
}

/* A second that ends between two of the reads: it says what was before it or what is after, and no mixture. */
static void test_second_ends(void **state) {
    static const int ends[][6] = {{2023, 12, 31, 23, 59, 59}, {2024, 2, 28, 23, 59, 59}, {2024, 2, 29, 23, 59, 59},
                                  {2025, 2, 28, 23, 59, 59},  {2030, 6, 1, 11, 59, 59},  {2030, 6, 1, 8, 0, 0}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(ends) * ARRAY_LENGTH(modes); i++) {
        const int *end = ends[i % ARRAY_LENGTH(ends)];
        time_t time = at(end[0], end[1], end[2], end[3], end[4], end[5]);

        for (unsigned reads = 1; reads < 20; reads++) {
            set(time, modes[i / ARRAY_LENGTH(ends)]);
            rtc.reads_to_next = reads;
            assert_int_equal(rtc_seconds(), reads < 7 ? time + 1 : time); /* the seventh is of the seconds again */
            assert_int_equal(rtc.reads, reads < 7 ? 14 : 7);
        }
    }
}

/* All ones for ever, an update under way among them: it comes to an end, with some time or other. */
static void test_absent(void **state) {
    (void)state;
    rtc.is_absent = true;
    (void)rtc_seconds();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_known, make),  cmocka_unit_test_setup(test_days, make),
        cmocka_unit_test_setup(test_forms, make),  cmocka_unit_test_setup(test_twelve, make),
        cmocka_unit_test_setup(test_update, make), cmocka_unit_test_setup(test_second_ends, make),
        cmocka_unit_test_setup(test_absent, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
