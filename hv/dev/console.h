/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line multiplexer: many partitions print on one serial port, in whole lines,
 * each with its partition's label in front.
 */
#pragma once

#include "hv/lib/types.h"

#define CONSOLE_LINE_MAX 120 /* characters; a longer line is broken */

struct console_line {
    const char *label;
    int label_width; /* of the longest label, so that all texts start in one column */
    unsigned length;
    char text[CONSOLE_LINE_MAX];
};

/* One character of the partition's output; a newline sends the line. */
void console_put(struct console_line *line, uint8_t c);

/* Sends a line that has no end yet. */
void console_flush(struct console_line *line);
