/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report that keeps its findings as text: one line each, in the form that users see.
 */
#pragma once

#include "hv/lib/report.h"

struct findings {
    struct report report; /* first: emit() gets its address */
    char lines[1 << 16];
    unsigned length;
};

void findings_init(struct findings *findings);

/* Asserts that exactly these lines were reported, each ending with a newline. */
void findings_expect(const struct findings *findings, const char *name, const char *lines);
