/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line multiplexer: see console.h. A line is sent in one go, in the time of the
 * partition that ended it, so lines never mix. Control characters do not reach the
 * terminal: one partition's escape sequences could disguise another's lines.
 */
#include "hv/dev/console.h"

#include "hv/lib/log.h"

#define CONTROL_REPLACEMENT '?'

void console_flush(struct console_line *line) {
    if (line->length == 0)
        return;
    log_print("%-*s | ", line->label_width, line->label);
    for (unsigned i = 0; i < line->length; i++)
        log_put(line->text[i]);
    log_put('\n');
    line->length = 0;
}

static void end_line(struct console_line *line) {
    if (line->length == 0)
        log_print("%-*s |\n", line->label_width, line->label);
    console_flush(line);
}

static bool is_printable(uint8_t c) {
    return (c >= ' ' && c < 0x7f) || c >= 0xa0 || c == '\t';
}

static void put_special(struct console_line *line, uint8_t c) {
    if (c == '\n') {
        end_line(line);
        return;
    }
    if (c == '\r')
        return;
    if (line->length == CONSOLE_LINE_MAX)
        console_flush(line);
    line->text[line->length++] = is_printable(c) ? (char)c : CONTROL_REPLACEMENT;
}

/* Nearly all characters take the short way. */
void console_put(struct console_line *line, uint8_t c) {
    if (c >= ' ' && c < 0x7f && line->length < CONSOLE_LINE_MAX)
        line->text[line->length++] = (char)c;
    else
        put_special(line, c);
}
