/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is wrong or odd: the parser's findings with their places, and the checker's own
 * warnings, printed in the manner of a compiler.
 */
#pragma once

#include <stdio.h>

#include "hv/lib/report.h"
#include "tools/checker/source.h"

struct problem {
    const char *warning; /* its name; NULL for an error */
    const char *path, *property, *text, *hint;
    struct place place;
    const char *note; /* what it may come from, or NULL: the checker's guess, where the rest is the parser's */
};

struct problems {
    struct report report;        /* first: its emit() finds the rest */
    const struct source *source; /* what is being looked at */
    const char *searched;        /* where images have been looked for, NULL before */
    const char *const *ignored;  /* names of warnings, up to NULL */
    struct problem *list;
    size_t count;
    unsigned warnings;
};

void problems_init(struct problems *problems, const char *const *ignored);

/* What is found from here on is about this source; what keeps it from being a blob is added at once. */
void problems_look_at(struct problems *problems, const struct source *source);

/* An error at a place in a file that is no source. */
__attribute__((format(printf, 4, 5))) void problems_error_at(struct problems *problems, struct place place,
                                                             const char *path, const char *format, ...);

/* A warning of that name at a node, or at one of its properties. */
__attribute__((format(printf, 6, 7))) void problems_warn(struct problems *problems, const char *warning,
                                                         const char *path, const char *property, const char *hint,
                                                         const char *format, ...);

/* FILE:LINE: error: PATH/PROPERTY: found ..., want ...; HINT, and FILE:LINE: note: NOTE */
void problems_print(const struct problems *problems, FILE *to);
