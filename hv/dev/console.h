/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line multiplexer: many partitions print on one serial port, in whole lines,
 * each with its partition's label in front.
 */
#pragma once

#include "hv/lib/types.h"

#define CONSOLE_LINE_MAX  120                     /* characters; a longer line is broken */
#define CONSOLE_LABEL_MAX 15                      /* characters */
#define CONSOLE_TEXT      (CONSOLE_LABEL_MAX + 3) /* where in the line the text begins, behind " | " */

#define CONSOLE_HISTORY 8192U /* bytes */

enum console_mode {
    CONSOLE_LINES, /* whole lines go out, with their label */
    CONSOLE_RAW,   /* every byte does, as it is */
    CONSOLE_QUIET, /* nothing does, it is only kept */
};

/* Of a partition. */
struct console {
    uint64_t position; /* where in the log its last output ended */
    enum console_mode mode;
    unsigned kept; /* bytes that have gone to the history, of which only the last are there */
    char history[CONSOLE_HISTORY];
};

struct console_line {
    unsigned start;  /* of the label in `line`, which ends before the text */
    unsigned length; /* of the text */
    struct console *console;
    char line[CONSOLE_TEXT + CONSOLE_LINE_MAX];
};

/* An empty line, its label padded to `label_width` so that all texts start in one column. */
void console_init(struct console_line *line, const char *label, int label_width, struct console *console);

/* One character of the partition's output; a newline sends the line. */
void console_put(struct console_line *line, uint8_t c);

/* What becomes of the output from now on. Before a console is raw, what it has kept is shown. */
void console_set_mode(struct console *console, enum console_mode mode);

/* Sends a line that has no end yet. */
void console_flush(struct console_line *line);
