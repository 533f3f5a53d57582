/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where findings about a configuration go. Every check reports and goes on, so
 * that a user sees all of them at once; `errors` decides afterwards.
 */
#pragma once

#include <stdbool.h>

struct finding {
    const char *path;     /* of the node: "/partitions/partition@0", or the name of an image */
    const char *property; /* NULL where the finding is about the node itself */
    const char *text;     /* "found …, want …" */
    const char *hint;     /* what to do, or NULL */
};

struct report {
    void (*emit)(struct report *report, const struct finding *finding);
    unsigned errors;
    const char *known; /* the names that an unknown one was looked for in, a space between them */
};

/*
 * Counts one error and emits it: `format` says what was found and what is wanted. A long text loses its middle.
 * Always false, for those that answer whether all is well.
 */
bool report_error(struct report *report, const char *path, const char *property, const char *hint, const char *format,
                  ...) __attribute__((format(printf, 5, 6)));

/*
 * "PATH/PROPERTY: TEXT; HINT", cut to `size_bytes`: the one-line form of a finding. What is not a printable
 * ASCII character becomes "?", as names and values may be anything.
 */
void report_line(const struct finding *finding, char *line, unsigned size_bytes);
