/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings as text: see findings.h.
 */
#include "tests/host/findings.h"

#include <stdio.h>
#include <string.h>

#include "tests/host/test.h"

static void keep(struct report *report, const struct finding *finding) {
    struct findings *findings = (struct findings *)report;
    char line[1024];

    report_line(finding, line, sizeof(line));
    assert_true(findings->length + strlen(line) + 2 < sizeof(findings->lines));
    findings->length += (unsigned)sprintf(findings->lines + findings->length, "%s\n", line);
}

void findings_init(struct findings *findings) {
    *findings = (struct findings){.report = {.emit = keep}};
}

void findings_expect(const struct findings *findings, const char *name, const char *lines) {
    unsigned count = 0;

    for (const char *c = lines; *c != '\0'; c++)
        count += *c == '\n';
    if (strcmp(findings->lines, lines) != 0 || findings->report.errors != count)
        fail_msg("%s: reported %u errors\n%sexpected %u\n%s", name, findings->report.errors, findings->lines, count,
                 lines);
}
