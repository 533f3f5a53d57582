/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: each word, what is not one, and the program's name.
 */
#include "boot/options.h"
#include "tests/host/findings.h"
#include "tests/host/test.h"

#define WANT                                                                                                           \
    ", want on-end=halt, =qemu-exit or =bochs-shutdown, end-after-ms=N, idle=poll, trace=print or certificate=HASH\n"
#define X16       "xxxxxxxxxxxxxxxx"
#define X127      X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxxxxxxx"
#define H63       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define HASH      H63 "f"
#define WANT_HASH "\", want 64 digits of 0 to 9 and a to f; it is what sha256sum prints of a certificate\n"

static const struct {
    const char *line;
    enum machine_exit on_end;
    bool trace;
    const char *lines;
} cases[] = {
    {"", MACHINE_HALT, false, ""},
    {"   ", MACHINE_HALT, false, ""},
    {"shikiri.elf", MACHINE_HALT, false, ""},
    {"/boot/shikiri.elf on-end=qemu-exit", MACHINE_QEMU_EXIT, false, ""},
    {"on-end=qemu-exit", MACHINE_QEMU_EXIT, false, ""},
    {"shikiri on-end=bochs-shutdown", MACHINE_BOCHS_SHUTDOWN, false, ""},
    {"shikiri on-end=qemu-exit on-end=halt", MACHINE_HALT, false, ""},
    {"shikiri trace=print", MACHINE_HALT, true, ""},
    {"  shikiri   on-end=qemu-exit   trace=print  ", MACHINE_QEMU_EXIT, true, ""},
    {"trace=print on-end=qemu-exit", MACHINE_QEMU_EXIT, true, ""},
    {"shikiri quiet", MACHINE_HALT, false, "command line: found quiet" WANT},
    {"quiet=1", MACHINE_HALT, false, "command line: found quiet=1" WANT},
    {"shikiri on-end", MACHINE_HALT, false, "command line: found on-end" WANT},
    {"shikiri on-end=", MACHINE_HALT, false, "command line: found on-end=" WANT},
    {"shikiri on-end=halt2", MACHINE_HALT, false, "command line: found on-end=halt2" WANT},
    {"shikiri trace=exits on-end=qemu-exit x", MACHINE_QEMU_EXIT, false,
     "command line: found trace=exits" WANT "command line: found x" WANT},
    {"shikiri " X127, MACHINE_HALT, false, "command line: found " X127 WANT},
    {"shikiri " X127 "yz trace=print", MACHINE_HALT, true, "command line: found " X127 WANT},
};

static void test_options(void **state) {
    static struct findings findings;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct options options = {.on_end = MACHINE_BOCHS_SHUTDOWN, .trace_print = true};

        findings_init(&findings);
        options_read(&options, cases[i].line, &findings.report);
        findings_expect(&findings, cases[i].line, cases[i].lines);
        assert_int_equal(options.on_end, cases[i].on_end);
        assert_int_equal(options.trace_print, cases[i].trace);
    }
}

#define WANT_MS "\", want 1 to 86400000\n"

static void test_idle(void **state) {
    static struct findings findings;
    struct options options = {.idle_polls = true};

    (void)state;
    findings_init(&findings);
    options_read(&options, "shikiri", &findings.report);
    assert_false(options.idle_polls);
    options_read(&options, "shikiri idle=poll", &findings.report);
    assert_true(options.idle_polls);
    options_read(&options, "idle=halt", &findings.report);
    findings_expect(&findings, "idle", "command line: found idle=halt" WANT);
}

static void test_end_after(void **state) {
    static const struct {
        const char *line;
        uint32_t ms;
        const char *lines;
    } numbers[] = {
        {"shikiri", 0, ""},
        {"end-after-ms=1", 1, ""},
        {"shikiri end-after-ms=86400000", 86400000, ""},
        {"end-after-ms=", 0, "command line/end-after-ms: found \"" WANT_MS},
        {"end-after-ms=0", 0, "command line/end-after-ms: found \"0" WANT_MS},
        {"end-after-ms=86400001", 0, "command line/end-after-ms: found \"86400001" WANT_MS},
        {"end-after-ms=4294967297", 0, "command line/end-after-ms: found \"4294967297" WANT_MS},
        {"end-after-ms=1s", 0, "command line/end-after-ms: found \"1s" WANT_MS},
        {"end-after-ms=-1", 0, "command line/end-after-ms: found \"-1" WANT_MS},
    };
    static struct findings findings;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(numbers); i++) {
        struct options options = {.end_after_ms = 7};

        findings_init(&findings);
        options_read(&options, numbers[i].line, &findings.report);
        findings_expect(&findings, numbers[i].line, numbers[i].lines);
        assert_int_equal(options.end_after_ms, numbers[i].ms);
    }
}

static void test_certificate(void **state) {
    static const struct {
        const char *line, *certificate, *lines;
    } words[] = {
        {"", "", ""},
        {"shikiri certificate=" HASH, HASH, ""},
        {"certificate=" HASH " trace=print", HASH, ""},
        {"certificate=", "", "command line/certificate: found \"" WANT_HASH},
        {"certificate=" H63, "", "command line/certificate: found \"" H63 WANT_HASH},
        {"certificate=" HASH "0", "", "command line/certificate: found \"" HASH "0" WANT_HASH},
        {"certificate=" HASH "g", "", "command line/certificate: found \"" HASH "g" WANT_HASH},
        {"certificate=" H63 "F", H63 "f", ""},
        {"certificate=" H63 "G", "", "command line/certificate: found \"" H63 "G" WANT_HASH},
        {"certificate=" H63 "g", "", "command line/certificate: found \"" H63 "g" WANT_HASH},
        {"certificates=" HASH, "", "command line: found certificates=" HASH WANT},
    };
    static struct findings findings;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(words); i++) {
        struct options options;

        findings_init(&findings);
        options_read(&options, words[i].line, &findings.report);
        findings_expect(&findings, words[i].line, words[i].lines);
        assert_string_equal(options.certificate, words[i].certificate);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_end_after),
        cmocka_unit_test(test_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
