/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the checker's parts share: errors of use, and memory and files that either
 * work or end the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code {
    EXIT_CLEAN,    /* no errors; there may be warnings */
    EXIT_PROBLEMS, /* the configuration is refused */
    EXIT_UNABLE,   /* wrong use, a missing file, no dtc */
};

/* Says what is missing and ends the program with EXIT_UNABLE. */
__attribute__((noreturn, format(printf, 1, 2))) void tool_fail(const char *format, ...);

/* Zeroed memory; ends the program when there is none. Nothing is given back: the program is short. */
void *tool_alloc(size_t size_bytes);

/* An array of `count` elements that grows by one: its last, zeroed element. */
#define TOOL_APPEND(array, count) ((array) = tool_grow((array), (count), sizeof(*(array))), &(array)[(count)++])
void *tool_grow(void *array, size_t count, size_t element_bytes);

/* A formatted string of its own. */
__attribute__((format(printf, 1, 2))) char *tool_text(const char *format, ...);

/* A whole file, with a zero byte behind it; NULL when it cannot be read. */
void *tool_read_file(const char *path, size_t *size_bytes);

/* What is to be found in place of a file that cannot be read: "a directory", "no such file". */
const char *tool_missing(const char *path);

bool tool_is_directory(const char *path);

/* Whether both names lead to one file that is there. */
bool tool_is_same_file(const char *a, const char *b);

/* The text as a terminal can show it: other characters than printable ASCII become "?". */
const char *tool_printable(const char *text);

/* "a/b.dts" is in "a", "b.dts" in ".". */
const char *tool_directory(const char *path);
const char *tool_name(const char *path);

/*
 * Runs a program, looked for in PATH; its standard output comes back as for a file, and what it says on
 * standard error in *said. Its exit status, or -1 when it cannot be started.
 */
int tool_run(const char *const *command, void **output, size_t *size_bytes, char **said);
