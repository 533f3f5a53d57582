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

struct console_line {
    unsigned start;     /* of the label in `line`, which ends before the text */
    unsigned length;    /* of the text */
    uint64_t *position; /* gets where in the log the last line ended */
    char line[CONSOLE_TEXT + CONSOLE_LINE_MAX];
};

/* An empty line, its label padded to `label_width` so that all texts start in one column. */
void console_init(struct console_line *line, const char *label, int label_width, uint64_t *position);

/* One character of the partition's output; a newline sends the line. */
void console_put(struct console_line *line, uint8_t c);

/* Sends a line that has no end yet. */
void console_flush(struct console_line *line);
