/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.c: each word, what is not one, and the program's name.
 */
#include "boot/options.h"
#include "tests/host/findings.h"
#include "tests/host/test.h"

#define WANT ", want on-end=halt, on-end=qemu-exit, on-end=bochs-shutdown or trace=switch\n"
#define X16  "xxxxxxxxxxxxxxxx"
#define X63  X16 X16 X16 "xxxxxxxxxxxxxxx"

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
    {"shikiri trace=switch", MACHINE_HALT, true, ""},
    {"  shikiri   on-end=qemu-exit   trace=switch  ", MACHINE_QEMU_EXIT, true, ""},
    {"trace=switch on-end=qemu-exit", MACHINE_QEMU_EXIT, true, ""},
    {"shikiri quiet", MACHINE_HALT, false, "command line: found quiet" WANT},
    {"quiet=1", MACHINE_HALT, false, "command line: found quiet=1" WANT},
    {"shikiri on-end", MACHINE_HALT, false, "command line: found on-end" WANT},
    {"shikiri on-end=", MACHINE_HALT, false, "command line: found on-end=" WANT},
    {"shikiri on-end=halt2", MACHINE_HALT, false, "command line: found on-end=halt2" WANT},
    {"shikiri trace=exits on-end=qemu-exit x", MACHINE_QEMU_EXIT, false,
     "command line: found trace=exits" WANT "command line: found x" WANT},
    {"shikiri " X63, MACHINE_HALT, false, "command line: found " X63 WANT},
    {"shikiri " X63 "yz trace=switch", MACHINE_HALT, true, "command line: found " X63 WANT},
};

static void test_options(void **state) {
    static struct findings findings;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct options options = {.on_end = MACHINE_BOCHS_SHUTDOWN, .trace_switches = true};

        findings_init(&findings);
        options_read(&options, cases[i].line, &findings.report);
        findings_expect(&findings, cases[i].line, cases[i].lines);
        assert_int_equal(options.on_end, cases[i].on_end);
        assert_int_equal(options.trace_switches, cases[i].trace);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_options)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
