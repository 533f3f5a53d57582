/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys.c: who gets what is typed, and the commands behind Ctrl-]. Keyboard, COM1, screens and report are the test's.
 */
#include <string.h>

#include "hv/cpu/keyboard.h"
#include "hv/cpu/serial.h"
#include "partitions/devices.h"
#include "hv/lib/log.h"
#include "sched/keys.h"
#include "sched/report.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

#define PARTITIONS 4
#define FOCUS                                                                                                          \
    "\x1d"                                                                                                             \
    "c"

#define HELP                                                                                                           \
    "shikiri: keys: Ctrl-] and l lists the partitions, A, B... goes to the console of one in the list, c to the "      \
    "next, b sends it a break, a audits the tables, "

static struct partition partitions[PARTITIONS]; /* the second and the last have no console */
static const struct partition_config configs[PARTITIONS] = {
    {.label = "a"}, {.label = "b"}, {.label = "c"}, {.label = "d"}};
static const char *typed;
static int screen_key; /* on the keyboard */
static unsigned screens, shown, audits, refreshes;
static char logged[4096];

int serial_get(void) {
    return *typed ? (uint8_t)*typed++ : -1;
}

int keyboard_poll_screen(void) {
    int key = screen_key;

    screen_key = -1;
    return key;
}

void devices_show_screen(unsigned number) {
    shown = number;
}

void devices_refresh_screen(void) {
    refreshes++;
}

unsigned devices_screen_count(void) {
    return screens;
}

const char *report_certificate(void) {
    audits++;
    return "";
}

void report_partition(const struct partition *partition, char letter, uint64_t ticks) {
    assert_true(ticks > 0);
    log_line("%s %s", (char[]){letter, '\0'}, partition->config->label);
}

static uint64_t take(const char *text, size_t length) {
    assert_true(strlen(logged) + length < sizeof(logged));
    strncat(logged, text, length);
    return 1;
}

static void expect_log(const char *text) {
    assert_string_equal(logged, text);
    logged[0] = '\0';
}

static void type(const char *text) {
    typed = text;
    while (keys_poll())
        continue;
}

/* Everybody's lines are shown, whatever was in focus before. */
static int make(void **state) {
    (void)state;
    log_capture_by(take);
    for (unsigned i = 0; i < PARTITIONS; i++) {
        struct partition *partition = &partitions[i];

        partition->config = &configs[i];
        partition->uart =
            (struct uart){.line = i % 2 ? NULL : (struct console_line *)partition, .ioapic = &partition->ioapic};
        uart_reset(&partition->uart);
    }
    keys_init(partitions, PARTITIONS);
    screen_key = -1;
    screens = 0;
    for (unsigned i = 0; i < PARTITIONS && !strstr(logged, "all"); i++)
        type(FOCUS);
    for (unsigned i = 0; i < PARTITIONS; i++)
        partitions[i].common.console = (struct console){.mode = CONSOLE_LINES};
    shown = 99;
    audits = refreshes = 0;
    logged[0] = '\0';
    return 0;
}

static unsigned waiting(unsigned partition) {
    return UART_RECEIVES - uart_room(&partitions[partition].uart);
}

static void expect_received(unsigned partition, const char *text) {
    assert_int_equal(waiting(partition), strlen(text));
    for (; *text != '\0'; text++)
        assert_int_equal(uart_read(&partitions[partition].uart, 0), *text);
}

static void expect_modes(enum console_mode a, enum console_mode b, enum console_mode c, enum console_mode d) {
    assert_int_equal(partitions[0].common.console.mode, a);
    assert_int_equal(partitions[1].common.console.mode, b);
    assert_int_equal(partitions[2].common.console.mode, c);
    assert_int_equal(partitions[3].common.console.mode, d);
}

/* Those that have a console, one after the other, and then the lines of all. */
static void test_focus(void **state) {
    (void)state;
    type(FOCUS);
    expect_log("shikiri: console: a\n");
    expect_modes(CONSOLE_RAW, CONSOLE_QUIET, CONSOLE_QUIET, CONSOLE_QUIET);
    type(FOCUS);
    expect_log("shikiri: console: c\n");
    expect_modes(CONSOLE_QUIET, CONSOLE_QUIET, CONSOLE_RAW, CONSOLE_QUIET);
    type(FOCUS);
    expect_log("shikiri: console: the lines of all partitions\n");
    expect_modes(CONSOLE_LINES, CONSOLE_LINES, CONSOLE_LINES, CONSOLE_LINES);
    type(FOCUS);
    expect_log("shikiri: console: a\n");
}

/* What is typed goes to the one in focus alone; Ctrl-] twice is one for it. */
static void test_bytes(void **state) {
    (void)state;
    type("nobody's");
    for (unsigned i = 0; i < PARTITIONS; i++)
        expect_received(i, "");
    type(FOCUS "ls\r\x1d\x1d"
               "c\x03");
    expect_received(0, "ls\r\x1d"
                       "c\x03");
    type(FOCUS "\x1b[A");
    expect_received(0, "");
    expect_received(2, "\x1b[A");
    type(FOCUS "x");
    for (unsigned i = 0; i < PARTITIONS; i++)
        expect_received(i, "");
}

/* A look takes 16 bytes at most, and says whether there may be more. */
static void test_look(void **state) {
    (void)state;
    type(FOCUS);
    typed = "0123456789abcdefg";
    assert_true(keys_poll());
    expect_received(0, "0123456789abcdef");
    assert_false(keys_poll());
    expect_received(0, "g");
    assert_false(keys_poll());
    typed = "\x1d";
    assert_false(keys_poll());
    typed = "a"; /* in a later look */
    assert_false(keys_poll());
    assert_int_equal(audits, 1);
    expect_received(0, "");
    assert_int_equal(refreshes > 5, true);
}

/* A guest that does not read what it gets is no obstacle for the commands. */
static void test_full(void **state) {
    static char much[UART_RECEIVES + 77];

    (void)state;
    memset(much, 'x', sizeof(much) - 1);
    type(FOCUS);
    type(much);
    assert_int_equal(waiting(0), UART_RECEIVES);
    type("y\x1d"
         "a" FOCUS "z");
    assert_int_equal(audits, 1);
    assert_int_equal(waiting(0), UART_RECEIVES);
    expect_received(2, "z");
    for (unsigned i = 0; i < UART_RECEIVES; i++)
        assert_int_equal(uart_read(&partitions[0].uart, 0), 'x');
}

static void test_commands(void **state) {
    (void)state;
    screens = 3;
    type("\x1d"
         "2");
    assert_int_equal(shown, 1);
    type("\x1d"
         "3");
    assert_int_equal(shown, 2);
    type("3");
    assert_int_equal(shown, 2);
    expect_log("");
    shown = 99;
    type("\x1d"
         "4\x1d"
         "0\x1d?");
    assert_int_equal(shown, 99);
    expect_log(HELP "a digit shows one of 3 screens\n" HELP "a digit shows one of 3 screens\n" HELP
                    "a digit shows one of 3 screens\n");
    screens = 0;
    type("\x1d"
         "1");
    expect_log(HELP "a digit shows one of 0 screens\n");
    assert_int_equal(audits, 0);
    type("\x1d"
         "a");
    assert_int_equal(audits, 1);
}

/* A line a look, so that none takes longer than a chore; from then on there is one to come soon. */
static void test_list(void **state) {
    static const char *const lines[] = {"shikiri: A a\n", "shikiri: B b\n", "shikiri: C c\n", "shikiri: D d\n"};

    (void)state;
    typed = "\x1dl";
    assert_true(keys_poll());
    expect_log("");
    for (unsigned i = 0; i < PARTITIONS; i++) {
        assert_int_equal(keys_poll(), i + 1 < PARTITIONS);
        expect_log(lines[i]);
    }
    type("");
    expect_log("");
}

/* By the letter of the list, which is a capital one; not of those without a console, nor of more than there are. */
static void test_letters(void **state) {
    (void)state;
    type("\x1d"
         "C");
    expect_log("shikiri: console: c\n");
    expect_modes(CONSOLE_QUIET, CONSOLE_QUIET, CONSOLE_RAW, CONSOLE_QUIET);
    type("\x1d"
         "A\x1d"
         "A");
    expect_log("shikiri: console: a\nshikiri: console: a\n");
    type("\x1d"
         "B\x1d"
         "E\x1d@\x1d\xff");
    expect_log(HELP "a digit shows one of 0 screens\n" HELP "a digit shows one of 0 screens\n" HELP
                    "a digit shows one of 0 screens\n" HELP "a digit shows one of 0 screens\n");
    expect_modes(CONSOLE_RAW, CONSOLE_QUIET, CONSOLE_QUIET, CONSOLE_QUIET);
}

/* LSR's BI once, and a byte of zeros; nobody's without a focus. */
static void test_break(void **state) {
    (void)state;
    type("\x1d"
         "b");
    expect_log(HELP "a digit shows one of 0 screens\n");
    type(FOCUS "\x1d"
               "b");
    assert_int_equal(waiting(2), 0);
    assert_int_equal(waiting(0), 1);
    assert_int_equal(uart_read(&partitions[0].uart, 5), 0x71);
    assert_int_equal(uart_read(&partitions[0].uart, 5), 0x61);
    assert_int_equal(uart_read(&partitions[0].uart, 0), 0);
    assert_int_equal(uart_read(&partitions[0].uart, 5), 0x60);
}

static void test_keyboard(void **state) {
    (void)state;
    screen_key = 5;
    type("");
    assert_int_equal(shown, 5);
    shown = 99;
    type("");
    assert_int_equal(shown, 99);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_focus, make),    cmocka_unit_test_setup(test_bytes, make),
        cmocka_unit_test_setup(test_look, make),     cmocka_unit_test_setup(test_full, make),
        cmocka_unit_test_setup(test_commands, make), cmocka_unit_test_setup(test_keyboard, make),
        cmocka_unit_test_setup(test_list, make),     cmocka_unit_test_setup(test_letters, make),
        cmocka_unit_test_setup(test_break, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
