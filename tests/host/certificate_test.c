/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * certificate.c: the text of configurations, its hash, and how differences are named.
 */
#include <string.h>

#include "partitions/certificate.h"
#include "tests/host/test.h"

#define MSRS                                                                                                           \
    "msr 0x00000174-0x00000176 rw\n"                                                                                   \
    "msr 0xc0000081-0xc0000084 rw\n"                                                                                   \
    "msr 0xc0000100-0xc0000102 rw\n"

#define WINDOW(at, bytes, host, w, x)                                                                                  \
    { .gpa = {at}, .size_bytes = bytes, .hpa = {host}, .writable = w, .executable = x }
#define VGA                                                                                                            \
    { .kind = DEVICE_VGA_TEXT }
#define UART(first)                                                                                                    \
    { .kind = DEVICE_UART, .port = first }
#define CONSOLE                                                                                                        \
    { .kind = DEVICE_CONSOLE, .port = 0x3f8 }

/* The text of a certificate, a newline behind each line. */
static const char *text_of(struct certificate certificate) {
    static char text[1 << 16];
    char line[CERTIFICATE_LINE_MAX];

    text[0] = '\0';
    while (certificate_next(&certificate, line)) {
        assert_true(strlen(text) + strlen(line) + 2 < sizeof(text));
        strcat(strcat(text, line), "\n");
    }
    assert_string_equal(line, "");
    assert_false(certificate_next(&certificate, line)); /* stays at the end */
    return text;
}

struct partition_case {
    struct window_config windows[4];
    struct device_config devices[3];
    const char *lines; /* between the partition's line and the MSRs */
};

static void check(const struct partition_case *c) {
    struct window_config windows[4];
    struct device_config devices[3];
    struct partition_config partition = {.label = "p", .windows = windows, .devices = devices};
    struct config config = {.partitions = &partition, .partition_count = 1};
    char want[2048] = "shikiri-certificate 1\npartition 0 \"p\"\n";

    for (; partition.window_count < 4 && c->windows[partition.window_count].size_bytes; partition.window_count++)
        windows[partition.window_count] = c->windows[partition.window_count];
    for (; partition.device_count < 3; partition.device_count++)
        devices[partition.device_count] = c->devices[partition.device_count];
    strcat(strcat(want, c->lines), MSRS);
    assert_string_equal(text_of(certificate_of_config(&config)), want);
}

static void test_windows(void **state) {
    const struct partition_case cases[] = {
        {{WINDOW(0, 4 * MIB, 2 * MIB, true, true)},
         {CONSOLE, CONSOLE, CONSOLE},
         "memory 0x000000000000-0x0000003fffff -> 0x000000200000-0x0000005fffff rwx\n"},
        {{WINDOW(0x7ffffff000, 4096, 0xfffffffff000, true, false)},
         {CONSOLE, CONSOLE, CONSOLE},
         "memory 0x007ffffff000-0x007fffffffff -> 0xfffffffff000-0xffffffffffff rw-\n"},
        /* by address, whatever the order in the file; rights apart */
        {{WINDOW(8 * MIB, MIB, 2 * MIB, true, true), WINDOW(2 * MIB, MIB, 32 * MIB, false, true),
          WINDOW(3 * MIB, MIB, 33 * MIB, false, false), WINDOW(MIB, 4096, 64 * MIB, true, false)},
         {CONSOLE, CONSOLE, CONSOLE},
         "memory 0x000000100000-0x000000100fff -> 0x000004000000-0x000004000fff rw-\n"
         "memory 0x000000200000-0x0000002fffff -> 0x000002000000-0x0000020fffff r-x\n"
         "memory 0x000000300000-0x0000003fffff -> 0x000002100000-0x0000021fffff r--\n"
         "memory 0x000000800000-0x0000008fffff -> 0x000000200000-0x0000002fffff rwx\n"},
        /* three that are one, and one that only looks like it */
        {{WINDOW(2 * MIB, MIB, 18 * MIB, true, true), WINDOW(3 * MIB, MIB, 19 * MIB, true, true),
          WINDOW(MIB, MIB, 17 * MIB, true, true), WINDOW(4 * MIB, MIB, 21 * MIB, true, true)},
         {CONSOLE, CONSOLE, CONSOLE},
         "memory 0x000000100000-0x0000003fffff -> 0x000001100000-0x0000013fffff rwx\n"
         "memory 0x000000400000-0x0000004fffff -> 0x000001500000-0x0000015fffff rwx\n"},
        /* contiguous in the machine's memory alone */
        {{WINDOW(2 * MIB, MIB, 18 * MIB, true, true), WINDOW(4 * MIB, MIB, 19 * MIB, true, true)},
         {CONSOLE, CONSOLE, CONSOLE},
         "memory 0x000000200000-0x0000002fffff -> 0x000001200000-0x0000012fffff rwx\n"
         "memory 0x000000400000-0x0000004fffff -> 0x000001300000-0x0000013fffff rwx\n"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        check(&cases[i]);
}

/* The screen's page cuts what lies over it, wherever that begins and ends. */
static void test_screen(void **state) {
#define SCREEN "memory 0x0000000b8000-0x0000000b8fff -> 0x0000000b8000-0x0000000b8fff rw- screen 0\n"
    const struct partition_case cases[] = {
        {{WINDOW(0, MIB, 2 * MIB, true, true)},
         {VGA, CONSOLE, CONSOLE},
         "memory 0x000000000000-0x0000000b7fff -> 0x000000200000-0x0000002b7fff rwx\n" SCREEN
         "memory 0x0000000b9000-0x0000000fffff -> 0x0000002b9000-0x0000002fffff rwx\n"},
        {{WINDOW(2 * MIB, MIB, 2 * MIB, true, true)},
         {CONSOLE, VGA, CONSOLE},
         SCREEN "memory 0x000000200000-0x0000002fffff -> 0x000000200000-0x0000002fffff rwx\n"},
        {{WINDOW(0, 0xb8000, 2 * MIB, true, true), WINDOW(0xb9000, 4096, 4 * MIB, true, true)},
         {VGA, CONSOLE, CONSOLE},
         "memory 0x000000000000-0x0000000b7fff -> 0x000000200000-0x0000002b7fff rwx\n" SCREEN
         "memory 0x0000000b9000-0x0000000b9fff -> 0x000000400000-0x000000400fff rwx\n"},
        {{WINDOW(0x10000, 0xa9000, 2 * MIB, true, true), WINDOW(0, 4096, MIB, true, true)},
         {VGA, CONSOLE, CONSOLE},
         "memory 0x000000000000-0x000000000fff -> 0x000000100000-0x000000100fff rwx\n"
         "memory 0x000000010000-0x0000000b7fff -> 0x000000200000-0x0000002a7fff rwx\n" SCREEN},
        {{WINDOW(0, 4096, MIB, true, true), WINDOW(0xb8000, 8192, 3 * MIB, false, true)},
         {VGA, CONSOLE, CONSOLE},
         "memory 0x000000000000-0x000000000fff -> 0x000000100000-0x000000100fff rwx\n" SCREEN
         "memory 0x0000000b9000-0x0000000b9fff -> 0x000000301000-0x000000301fff r-x\n"},
        {{WINDOW(0, 4096, MIB, true, true), WINDOW(0xb8000, 4096, 3 * MIB, false, true)},
         {VGA, CONSOLE, CONSOLE},
         "memory 0x000000000000-0x000000000fff -> 0x000000100000-0x000000100fff rwx\n" SCREEN},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        check(&cases[i]);
}

static void test_ports(void **state) {
    const char window[] = "memory 0x000000000000-0x000000000fff -> 0x000000100000-0x000000100fff rwx\n";
    const struct {
        struct device_config devices[3];
        const char *ports;
    } cases[] = {
        {{UART(0x2f8), CONSOLE, CONSOLE}, "port 0x02f8-0x02ff\n"},
        {{UART(0x3e8), CONSOLE, UART(0x2e8)}, "port 0x02e8-0x02ef\nport 0x03e8-0x03ef\n"},
        {{UART(0x2f8), UART(0x300), UART(0x2f0)}, "port 0x02f0-0x0307\n"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct partition_case c = {.windows = {WINDOW(0, 4096, MIB, true, true)}};
        char lines[256] = "";

        memcpy(c.devices, cases[i].devices, sizeof(c.devices));
        c.lines = strcat(strcat(lines, window), cases[i].ports);
        check(&c);
    }
}

/* Two partitions: numbers, labels, and screens counted over both. */
static struct window_config window_a = WINDOW(0, 2 * MIB, 2 * MIB, true, true);
static struct window_config window_b = WINDOW(0, 2 * MIB, 4 * MIB, true, true);
static struct window_config window_c = WINDOW(MIB, MIB, 7 * MIB, true, true);
static struct device_config screen_a = VGA, uart_b = UART(0x2f8), screen_c = VGA;

static struct partition_config partitions[] = {
    {.label = "a", .windows = &window_a, .window_count = 1, .devices = &screen_a, .device_count = 1},
    {.label = "a-longer-label", .windows = &window_b, .window_count = 1, .devices = &uart_b, .device_count = 1},
    {.label = "c", .windows = &window_c, .window_count = 1, .devices = &screen_c, .device_count = 1},
};
static const struct config three = {.partitions = partitions, .partition_count = ARRAY_LENGTH(partitions)};

static const char three_text[] = "shikiri-certificate 1\n"
                                 "partition 0 \"a\"\n"
                                 "memory 0x000000000000-0x0000000b7fff -> 0x000000200000-0x0000002b7fff rwx\n"
                                 "memory 0x0000000b8000-0x0000000b8fff -> 0x0000000b8000-0x0000000b8fff rw- screen 0\n"
                                 "memory 0x0000000b9000-0x0000001fffff -> 0x0000002b9000-0x0000003fffff rwx\n" MSRS
                                 "partition 1 \"a-longer-label\"\n"
                                 "memory 0x000000000000-0x0000001fffff -> 0x000000400000-0x0000005fffff rwx\n"
                                 "port 0x02f8-0x02ff\n" MSRS "partition 2 \"c\"\n"
                                 "memory 0x0000000b8000-0x0000000b8fff -> 0x0000000b9000-0x0000000b9fff rw- screen 1\n"
                                 "memory 0x000000100000-0x0000001fffff -> 0x000000700000-0x0000007fffff rwx\n" MSRS;

static void test_three(void **state) {
    (void)state;
    assert_string_equal(text_of(certificate_of_config(&three)), three_text);
}

/* What sha256sum says of the text above as a file. */
static void test_hash(void **state) {
    char hex[SHA256_HEX_DIGITS + 1];

    (void)state;
    certificate_hash(certificate_of_config(&three), hex);
    assert_string_equal(hex, "d9d5e9bb4e569ae256d22e2c295c66e3a6f582e005f75d7ef07dfd1d99241bd4");
}

/* A source of its own: the configuration's, but for one run that is changed, added or left out. */
static struct {
    unsigned partition;
    enum reach_kind kind;
    struct reach reach;
    bool left_out;
} change;

static bool changed(const struct config *context, unsigned partition, enum reach_kind kind, uint64_t from,
                    struct reach *reach) {
    struct certificate good = certificate_of_config(context);
    bool found = good.source(context, partition, kind, from, reach);
    bool here = partition == change.partition && kind == change.kind && change.reach.first >= from;

    if (!here || (found && reach->first < change.reach.first))
        return found;
    if (change.left_out)
        return good.source(context, partition, kind, change.reach.last + 1, reach);
    *reach = change.reach;
    return true;
}

static void test_compare(void **state) {
    const unsigned rwx = REACH_READ | REACH_WRITE | REACH_EXECUTE;
    const struct {
        unsigned partition;
        enum reach_kind kind;
        struct reach reach;
        bool left_out;
        const char *found, *want;
        unsigned line;
    } cases[] = {
        /* other rights, another place, shorter */
        {1,
         REACH_MEMORY,
         {0, 2 * MIB - 1, 4 * MIB, REACH_READ},
         false,
         "memory 0x000000000000-0x0000001fffff -> 0x000000400000-0x0000005fffff r--",
         "memory 0x000000000000-0x0000001fffff -> 0x000000400000-0x0000005fffff rwx",
         10},
        {2,
         REACH_MEMORY,
         {MIB, 2 * MIB - 1, 6 * MIB, rwx},
         false,
         "memory 0x000000100000-0x0000001fffff -> 0x000000600000-0x0000006fffff rwx",
         "memory 0x000000100000-0x0000001fffff -> 0x000000700000-0x0000007fffff rwx",
         17},
        {1, REACH_PORT, {0x2f8, 0x2fe, 0x2f8, 3}, false, "port 0x02f8-0x02fe", "port 0x02f8-0x02ff", 11},
        {0,
         REACH_MSR,
         {0x174, 0x176, 0x174, REACH_WRITE},
         false,
         "msr 0x00000174-0x00000176 -w",
         "msr 0x00000174-0x00000176 rw",
         6},
        /* more: in front, between, behind, where there is none of the kind, in the last place of all */
        {2,
         REACH_MEMORY,
         {0, 4095, 0, REACH_READ},
         false,
         "memory 0x000000000000-0x000000000fff -> 0x000000000000-0x000000000fff r--",
         "nothing",
         16},
        {0,
         REACH_MEMORY,
         {4 * MIB, 5 * MIB - 1, MIB, rwx},
         false,
         "memory 0x000000400000-0x0000004fffff -> 0x000000100000-0x0000001fffff rwx",
         "nothing",
         6},
        {0, REACH_PORT, {0x10000, 0x10002, 0x10000, 3}, false, "port 0x10000-0x10002", "nothing", 6},
        {2,
         REACH_MSR,
         {0xc0020000, 0xc0020000, 0xc0020000, REACH_READ},
         false,
         "msr 0xc0020000-0xc0020000 r-",
         "nothing",
         21},
        /* screens of other partitions, whole and in part */
        {1,
         REACH_MEMORY,
         {0, 0x3fff, 0xb7000, rwx},
         false,
         "memory 0x000000000000-0x000000003fff -> 0x0000000b7000-0x0000000bafff rwx screen 0-2",
         "memory 0x000000000000-0x0000001fffff -> 0x000000400000-0x0000005fffff rwx",
         10},
        {1,
         REACH_MEMORY,
         {0, 0x3fff, 0xbf000, rwx},
         false,
         "memory 0x000000000000-0x000000003fff -> 0x0000000bf000-0x0000000c2fff rwx screen 7",
         "memory 0x000000000000-0x0000001fffff -> 0x000000400000-0x0000005fffff rwx",
         10},
        {1,
         REACH_MEMORY,
         {0, 0x3fff, 0xc0000, rwx},
         false,
         "memory 0x000000000000-0x000000003fff -> 0x0000000c0000-0x0000000c3fff rwx",
         "memory 0x000000000000-0x0000001fffff -> 0x000000400000-0x0000005fffff rwx",
         10},
        /* less */
        {1, REACH_PORT, {0x2f8, 0x2ff, 0x2f8, 3}, true, "nothing", "port 0x02f8-0x02ff", 11},
        {0,
         REACH_MEMORY,
         {0xb9000, 2 * MIB - 1, 0, 0},
         true,
         "nothing",
         "memory 0x0000000b9000-0x0000001fffff -> 0x0000002b9000-0x0000003fffff rwx",
         5},
        {2, REACH_MSR, {0xc0000100, 0xc0000102, 0, 0}, true, "nothing", "msr 0xc0000100-0xc0000102 rw", 20},
    };
    struct certificate_difference difference;

    (void)state;
    assert_true(certificate_compare(certificate_of_config(&three), certificate_of_config(&three), &difference));
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct certificate found = {.source = changed, .config = &three};

        change.partition = cases[i].partition;
        change.kind = cases[i].kind;
        change.reach = cases[i].reach;
        change.left_out = cases[i].left_out;
        assert_false(certificate_compare(found, certificate_of_config(&three), &difference));
        assert_string_equal(difference.found, cases[i].found);
        assert_string_equal(difference.want, cases[i].want);
        assert_int_equal(difference.line, cases[i].line);
        assert_int_equal(difference.partition, cases[i].partition);
        assert_false(certificate_compare(certificate_of_config(&three), found, &difference));
        assert_string_equal(difference.found, cases[i].want);
        assert_string_equal(difference.want, cases[i].found);
    }
}

static bool compare_text(const char *text, size_t length, struct certificate_difference *difference) {
    return certificate_compare(certificate_of_config(&three), certificate_of_text(text, length), difference);
}

static void test_compare_text(void **state) {
    const size_t length = sizeof(three_text) - 1;
    struct certificate_difference difference;
    char text[sizeof(three_text) + 300];

    (void)state;
    assert_true(compare_text(three_text, length, &difference));
    assert_true(compare_text(three_text, length - 1, &difference)); /* the last newline is nobody's line */
    for (size_t at = 0; at < length - 1; at++) {
        unsigned line = 1;

        memcpy(text, three_text, sizeof(three_text));
        text[at] ^= 1;
        assert_false(compare_text(text, length, &difference));
        for (size_t i = 0; i < at; i++)
            line += three_text[i] == '\n' ? 1 : 0;
        assert_int_equal(difference.line, line);
    }
    assert_false(compare_text(three_text, 0, &difference));
    assert_string_equal(difference.found, CERTIFICATE_TITLE);
    assert_string_equal(difference.want, "nothing");
    assert_false(compare_text(three_text, length - 29, &difference));
    assert_string_equal(difference.found, "msr 0xc0000100-0xc0000102 rw");
    assert_string_equal(difference.want, "nothing");
    memcpy(text, three_text, sizeof(three_text));
    strcat(text, "port 0x0060-0x0060\n");
    assert_false(compare_text(text, strlen(text), &difference));
    assert_string_equal(difference.found, "nothing");
    assert_string_equal(difference.want, "port 0x0060-0x0060");
    assert_int_equal(difference.line, 21);
    memcpy(text, three_text, sizeof(three_text));
    strcat(text, "nothing\n"); /* one line more all the same */
    assert_false(compare_text(text, strlen(text), &difference));
    memcpy(text, three_text, length - 1);
    memcpy(text + length - 1, "\0\x1b\n", 3);
    assert_false(compare_text(text, length + 2, &difference));
    assert_string_equal(difference.found, "msr 0xc0000100-0xc0000102 rw");
    assert_string_equal(difference.want, "msr 0xc0000100-0xc0000102 rw??");
    memcpy(text, three_text, sizeof(three_text));
    memset(text + length, 'x', 299); /* longer than any line */
    assert_false(compare_text(text, length + 299, &difference));
    assert_int_equal(strlen(difference.want), CERTIFICATE_LINE_MAX - 1);
}

static void test_is_text(void **state) {
    static const char other[] = "shikiri-certificate 2\n";

    (void)state;
    assert_true(certificate_is_text(three_text, sizeof(three_text) - 1));
    assert_true(certificate_is_text(other, sizeof(other) - 1)); /* it is compared, and differs in its first line */
    assert_true(certificate_is_text(other, 19));
    assert_false(certificate_is_text(other, 18));
    assert_false(certificate_is_text("", 0));
    assert_false(certificate_is_text("Shikiri-certificate 1", 21));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),      cmocka_unit_test(test_screen),  cmocka_unit_test(test_ports),
        cmocka_unit_test(test_three),        cmocka_unit_test(test_hash),    cmocka_unit_test(test_compare),
        cmocka_unit_test(test_compare_text), cmocka_unit_test(test_is_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
