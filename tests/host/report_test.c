/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c: the one-line form of a finding, counting, and cutting.
 */
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
    char text[300], want[300];

    (void)state;
    findings_init(&findings);
    findings_expect(&findings, "nothing", "");
    report_error(&findings.report, "/a", "p", NULL, "found %u, want %s", 1u, "two");
    report_error(&findings.report, "/b", NULL, "hint %u", "found %d", -1);
    assert_int_equal(findings.report.errors, 2);
    findings_expect(&findings, "two", "/a/p: found 1, want two\n/b: found -1; hint %u\n");

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    findings_init(&findings);
    report_error(&findings.report, "/", NULL, NULL, "%s", text);
    memset(want, 'x', 3 + 255);
    memcpy(want, "/: ", 3);
    memcpy(want + 3 + 255, "\n", 2);
    findings_expect(&findings, "long", want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
