/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line multiplexer: see console.h. A line is logged in one piece by the partition
 * that ended it, so lines never mix. Control characters do not reach the terminal: one
 * partition's escape sequences could disguise another's lines.
 */
#include "hv/dev/console.h"

#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"

#define CONTROL_REPLACEMENT '?'

void console_init(struct console_line *line, const char *label, int label_width) {
    char text[CONSOLE_TEXT + 1];
    unsigned length = (unsigned)format_string(text, sizeof(text), "%-*s | ", label_width, label);

    line->length = 0;
    line->start = CONSOLE_TEXT - length;
    memcpy(line->line + line->start, text, length);
}

/* The label and what is behind it, up to and without `end`. */
static void send(struct console_line *line, unsigned end) {
    char last = line->line[end];

    line->line[end] = '\n';
    line->position = log_write(line->line + line->start, end + 1 - line->start);
    line->line[end] = last;
    line->length = 0;
}

void console_flush(struct console_line *line) {
    if (line->length > 0)
        send(line, CONSOLE_TEXT + line->length);
}

/* An empty line goes without the space behind the bar. */
static void end_line(struct console_line *line) {
    send(line, line->length ? CONSOLE_TEXT + line->length : CONSOLE_TEXT - 1);
}

static bool is_printable(uint8_t c) {
    return (c >= ' ' && c < 0x7f) || c >= 0xa0 || c == '\t';
}

/* Inlined, this would cost the short way the saving of its registers. */
__attribute__((noinline)) static void put_special(struct console_line *line, uint8_t c) {
    if (c == '\n') {
        end_line(line);
        return;
    }
    if (c == '\r')
        return;
    if (line->length == CONSOLE_LINE_MAX)
        console_flush(line);
    line->line[CONSOLE_TEXT + line->length++] = is_printable(c) ? (char)c : CONTROL_REPLACEMENT;
}

/* Nearly all characters take the short way. */
void console_put(struct console_line *line, uint8_t c) {
    if (c >= ' ' && c < 0x7f && line->length < CONSOLE_LINE_MAX)
        line->line[CONSOLE_TEXT + line->length++] = (char)c;
    else
        put_special(line, c);
}
