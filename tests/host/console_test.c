/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.c: whole lines with their labels, and nothing that a terminal would act on; and the modes for one that is in
 * focus.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "hv/dev/console.h"
#include "hv/lib/log.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

static struct console_line line;
static struct console console;

static int make(void **state) {
    (void)state;
    memset(&console, 0, sizeof(console));
    console_init(&line, "ab", 5, &console);
    log_capture();
    return 0;
}

static void put_text(const char *text) {
    for (; *text != '\0'; text++)
        console_put(&line, (uint8_t)*text);
}

static void test_lines(void **state) {
    const struct {
        const char *text, *logged;
    } cases[] = {
        {"one\n", "ab    | one\n"},           {"\n", "ab    |\n"},
        {"\n\n", "ab    |\nab    |\n"},       {"one\ntwo\n", "ab    | one\nab    | two\n"},
        {"one\r\n", "ab    | one\n"},         {"\r\n", "ab    |\n"},
        {"o\rn\re\n", "ab    | one\n"},       {" \n", "ab    |  \n"},
        {"a\tb\n", "ab    | a\tb\n"},         {"\033[2J\a\b\177\n", "ab    | ?[2J???\n"},
        {"\x80\x9b\x9f\n", "ab    | ???\n"},  {"gr\xc3\xbc\xc3\x9f\n", "ab    | gr\xc3\xbc\xc3?\n"},
        {"\xa0\xff\n", "ab    | \xa0\xff\n"}, {"~ %s %d\n", "ab    | ~ %s %d\n"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        put_text(cases[i].text);
        log_expect(cases[i].logged);
        assert_int_equal(line.length, 0);
    }
    console_put(&line, 0);
    console_put(&line, '\n');
    log_expect("ab    | ?\n");
}

static void test_flush(void **state) {
    (void)state;
    console_flush(&line);
    log_expect("");
    put_text("no end");
    log_expect("");
    console_flush(&line);
    log_expect("ab    | no end\n");
    console_flush(&line);
    log_expect("");
    put_text("next\n");
    log_expect("ab    | next\n");
}

static void test_label(void **state) {
    (void)state;
    console_init(&line, "ab", 2, &console);
    put_text("x\n");
    log_expect("ab | x\n");
    console_init(&line, "longer", 2, &console);
    put_text("x\n\n");
    log_expect("longer | x\nlonger |\n");
    console_init(&line, "fifteen-letters", CONSOLE_LABEL_MAX, &console);
    put_text("x\n");
    log_expect("fifteen-letters | x\n");
}

/* A line is broken where the 121st character comes, whatever it is, and not before. */
static void test_long_line(void **state) {
    const struct {
        unsigned characters;
        const char *then, *rest;
    } cases[] = {
        {119, "\n", ""},
        {120, "\n", ""},
        {120, "\r\n", ""},
        {120, "y\n", "ab    | y\n"},
        {120, "\033\n", "ab    | ?\n"},
        {120, "\n\n", "ab    |\n"},
    };
    char full[CONSOLE_LINE_MAX + 1], want[400];

    (void)state;
    assert_int_equal(CONSOLE_LINE_MAX, 120);
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        memset(full, 'x', sizeof(full));
        full[cases[i].characters] = '\0';
        put_text(full);
        log_expect("");
        put_text(cases[i].then);
        sprintf(want, "ab    | %s\n%s", full, cases[i].rest);
        log_expect(want);
    }
    for (unsigned i = 0; i < 240; i++)
        console_put(&line, 'x');
    full[119] = 'x';
    full[120] = '\0';
    sprintf(want, "ab    | %s\n", full);
    log_expect(want);
    assert_int_equal(line.length, 120);
}

/* Two partitions' characters come mixed, their lines do not. */
static void test_two(void **state) {
    struct console_line other;

    (void)state;
    console_init(&other, "other", 5, &console);
    put_text("one");
    console_put(&other, 'x');
    console_put(&other, '\n');
    put_text("two\n");
    log_expect("other | x\nab    | onetwo\n");
}

/* ---- modes ---------------------------------------------------------------------------------- */

static char shown[2 * CONSOLE_HISTORY];
static unsigned shown_bytes;

static uint64_t show(const char *text, size_t length) {
    assert_true(shown_bytes + length < sizeof(shown));
    memcpy(shown + shown_bytes, text, length);
    shown_bytes += (unsigned)length;
    return shown_bytes;
}

/* Exactly this has gone out since the last call. */
static void expect_shown(const char *text) {
    shown[shown_bytes] = '\0';
    shown_bytes = 0;
    assert_string_equal(shown, text);
}

static int make_modes(void **state) {
    make(state);
    log_capture_by(show);
    shown_bytes = 0;
    return 0;
}

/* Raw, every byte goes out at once as it is; quiet, none does; in lines again, those that begin then do. */
static void test_modes(void **state) {
    (void)state;
    console_set_mode(&console, CONSOLE_RAW);
    expect_shown("");
    for (const char *c = "a\033[2J\r\n\n\x80"; *c != '\0'; c++) {
        char want[] = {*c, '\0'};

        console_put(&line, (uint8_t)*c);
        expect_shown(want);
    }
    assert_int_equal(console.position, 1);
    console_set_mode(&console, CONSOLE_QUIET);
    put_text("quiet\n");
    expect_shown("");
    console_set_mode(&console, CONSOLE_LINES);
    expect_shown("");
    put_text("line\033\n");
    expect_shown("ab    | line?\n");
}

/* No line is too long where there are none. */
static void test_raw_is_endless(void **state) {
    char want[1001] = {0};

    (void)state;
    console_set_mode(&console, CONSOLE_RAW);
    memset(want, 'x', 1000);
    put_text(want);
    expect_shown(want);
}

/* What has come in lines, raw and quiet is shown before a console is raw, without labels; empty lines are among it. */
static void test_history(void **state) {
    (void)state;
    put_text("one\n\ntwo\r\n");
    expect_shown("ab    | one\nab    |\nab    | two\n");
    console_set_mode(&console, CONSOLE_QUIET);
    put_text("three\r\n\033[1m");
    console_set_mode(&console, CONSOLE_RAW);
    expect_shown("one\n\ntwo\nthree\r\n\033[1m");
    put_text("# ");
    expect_shown("# ");
    console_set_mode(&console, CONSOLE_RAW);
    expect_shown("one\n\ntwo\nthree\r\n\033[1m# ");
}

/* A label of any width is left out. */
static void test_history_labels(void **state) {
    (void)state;
    console_init(&line, "x", 1, &console);
    put_text("one\n\n");
    console_init(&line, "fifteen-letters", CONSOLE_LABEL_MAX, &console);
    put_text("two\n\n");
    expect_shown("x | one\nx |\nfifteen-letters | two\nfifteen-letters |\n");
    console_set_mode(&console, CONSOLE_RAW);
    expect_shown("one\n\ntwo\n\n");
}

/* The last 8 KiB are shown, the oldest first. */
static void test_history_wraps(void **state) {
    const unsigned counts[] = {1, 8191, 8192, 8193, 8200, 16383, 16384, 16385, 20000, 100000, 131072};
    static char want[CONSOLE_HISTORY + 1];

    for (unsigned i = 0; i < ARRAY_LENGTH(counts); i++) {
        unsigned kept = counts[i] < CONSOLE_HISTORY ? counts[i] : CONSOLE_HISTORY;

        make_modes(state);
        console_set_mode(&console, CONSOLE_QUIET);
        for (unsigned j = 0; j < counts[i]; j++)
            console_put(&line, (uint8_t)('a' + j % 23));
        for (unsigned j = 0; j < kept; j++)
            want[j] = (char)('a' + (counts[i] - kept + j) % 23);
        want[kept] = '\0';
        expect_shown("");
        console_set_mode(&console, CONSOLE_RAW);
        expect_shown(want);
    }
}

/* Two lines of a partition have one history, and one mode. */
static void test_shared(void **state) {
    struct console_line other;

    (void)state;
    console_init(&other, "ab", 5, &console);
    put_text("one\n");
    console_put(&other, '2');
    console_put(&other, '\n');
    expect_shown("ab    | one\nab    | 2\n");
    console_set_mode(&console, CONSOLE_RAW);
    expect_shown("one\n2\n");
    console_put(&other, '3');
    expect_shown("3");
}

/* ---- several vCPUs -------------------------------------------------------------------------- */

static uint64_t sink_position;

static uint64_t count_lines(const char *text, size_t length) {
    for (size_t i = 0; i + 1 < length; i++)
        assert_int_not_equal(text[i], '\n');
    assert_int_equal(text[length - 1], '\n');
    assert_memory_equal(text, "ab    |", 7);
    assert_in_range(length, 8, 8 + CONSOLE_LINE_MAX + 1);
    return ++sink_position;
}

static void *write_without_end(void *turns) {
    for (uintptr_t i = 0; i < (uintptr_t)turns; i++)
        console_put(&line, i % 1009 == 0 ? '\n' : i % 11 == 0 ? 0x1b : 'x');
    return NULL;
}

/* Two vCPUs at one UART: every line has its label, one newline at its end, and no more than fits. */
static void test_race(void **state) {
    pthread_t other;

    (void)state;
    log_capture_by(count_lines);
    assert_int_equal(pthread_create(&other, NULL, write_without_end, (void *)2000000UL), 0);
    write_without_end((void *)2000000UL);
    pthread_join(other, NULL);
    assert_in_range(line.length, 0, CONSOLE_LINE_MAX);
    assert_in_range(console.position, 1, sink_position);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines, make),
        cmocka_unit_test_setup(test_flush, make),
        cmocka_unit_test_setup(test_label, make),
        cmocka_unit_test_setup(test_long_line, make),
        cmocka_unit_test_setup(test_two, make),
        cmocka_unit_test_setup(test_race, make),
        cmocka_unit_test_setup(test_modes, make_modes),
        cmocka_unit_test_setup(test_raw_is_endless, make_modes),
        cmocka_unit_test_setup(test_history, make_modes),
        cmocka_unit_test_setup(test_history_labels, make_modes),
        cmocka_unit_test(test_history_wraps),
        cmocka_unit_test_setup(test_shared, make_modes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
