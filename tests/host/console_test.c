/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * console.c: whole lines with their labels, and nothing that a terminal would act on.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "hv/dev/console.h"
#include "hv/lib/log.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

static struct console_line line;
static uint64_t position;

static int make(void **state) {
    (void)state;
    console_init(&line, "ab", 5, &position);
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
    console_init(&line, "ab", 2, &position);
    put_text("x\n");
    log_expect("ab | x\n");
    console_init(&line, "longer", 2, &position);
    put_text("x\n\n");
    log_expect("longer | x\nlonger |\n");
    console_init(&line, "fifteen-letters", CONSOLE_LABEL_MAX, &position);
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
    console_init(&other, "other", 5, &position);
    put_text("one");
    console_put(&other, 'x');
    console_put(&other, '\n');
    put_text("two\n");
    log_expect("other | x\nab    | onetwo\n");
}

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
    assert_in_range(position, 1, sink_position);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines, make), cmocka_unit_test_setup(test_flush, make),
        cmocka_unit_test_setup(test_label, make), cmocka_unit_test_setup(test_long_line, make),
        cmocka_unit_test_setup(test_two, make),   cmocka_unit_test_setup(test_race, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
