/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c: the one-line form of a finding, counting, and cutting.
 */
#include <stdio.h>
#include <string.h>

#include "hv/lib/report.h"
#include "hv/lib/types.h"
#include "tests/host/findings.h"
#include "tests/host/test.h"

static void test_line(void **state) {
    const struct {
        struct finding finding;
        const char *line;
    } cases[] = {
        {{"/a", "p", "found 1", "do this"}, "/a/p: found 1; do this"},
        {{"/a", "p", "found 1", NULL}, "/a/p: found 1"},
        {{"/a", NULL, "found 1", "do this"}, "/a: found 1; do this"},
        {{"/a", NULL, "found 1", NULL}, "/a: found 1"},
    };
    char line[64], cut[10];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        report_line(&cases[i].finding, line, sizeof(line));
        assert_string_equal(line, cases[i].line);
    }
    report_line(&cases[0].finding, cut, sizeof(cut));
    assert_string_equal(cut, "/a/p: fou");
}

static void test_error(void **state) {
    static struct findings findings;

    (void)state;
    findings_init(&findings);
    findings_expect(&findings, "nothing", "");
    report_error(&findings.report, "/a", "p", NULL, "found %u, want %s", 1u, "two");
    report_error(&findings.report, "/b", NULL, "hint %u", "found %d", -1);
    assert_int_equal(findings.report.errors, 2);
    findings_expect(&findings, "two", "/a/p: found 1, want two\n/b: found -1; hint %u\n");
}

/* However long a value is, what is wanted is still said. */
static void test_long(void **state) {
    static struct findings findings;
    const unsigned lengths[] = {0, 1, 130, 238, 239, 240, 336, 999}; /* up to 238 the text is whole: 255 characters */
    char value[1000], want[400];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(lengths); i++) {
        memset(value, 'x', sizeof(value));
        value[lengths[i]] = '\0';
        findings_init(&findings);
        report_error(&findings.report, "/a", NULL, NULL, "found %s, want less", value);
        snprintf(want, sizeof(want),
                 lengths[i] > 238 ? "/a: found %.144s ... %.89s, want less\n" : "/a: found %s, want less\n", value,
                 value);
        findings_expect(&findings, "long", want);
    }
}

/* A finding is one line, and says nothing to a terminal. */
static void test_unprintable(void **state) {
    static struct findings findings;

    (void)state;
    findings_init(&findings);
    report_error(&findings.report, "/a\n", "\x1b[2J", NULL, "found \"%s\"", "\x07 ~\x7f\x80\xff\t");
    findings_expect(&findings, "unprintable", "/a?/?[2J: found \"? ~????\"\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_unprintable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
