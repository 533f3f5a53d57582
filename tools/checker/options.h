/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker's command line.
 */
#pragma once

#include <stdbool.h>

#define OPTIONS_NAMES_MAX 64

struct options {
    const char *system;                         /* the .dts or .dtb */
    const char *board;                          /* the machine's */
    const char *const *images;                  /* those that are given, up to NULL */
    const char *directories[OPTIONS_NAMES_MAX]; /* where others are looked for, up to NULL */
    const char *ignored[OPTIONS_NAMES_MAX];     /* names of warnings, up to NULL */
    const char *certificate, *svg;              /* files to write, "-" for standard output, or NULL */
    bool json, quiet, no_images;
};

/* Ends the program for --help, and with what is wrong. */
void options_read(struct options *options, int argc, char **argv);
