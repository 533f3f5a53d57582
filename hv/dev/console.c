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

void console_init(struct console_line *line, const char *label, int label_width, uint64_t *position) {
    char text[CONSOLE_TEXT + 1];
    unsigned length = (unsigned)format_string(text, sizeof(text), "%-*s | ", label_width, label);

    line->length = 0;
    line->position = position;
    line->start = CONSOLE_TEXT - length;
    memcpy(line->line + line->start, text, length);
}

/*
 * Two vCPUs of a partition may be at work on its UART's line at once. Their characters are lost or mixed then, and
 * that is all: a length is read once, so what was checked is what is used, and it never exceeds CONSOLE_LINE_MAX;
 * the label in front is never written, and what is sent is a copy, whose only newline is at its end.
 */
static unsigned read_length(const struct console_line *line) {
    return __atomic_load_n(&line->length, __ATOMIC_RELAXED);
}

static void append(struct console_line *line, unsigned length, char c) {
    line->line[CONSOLE_TEXT + length] = c;
    __atomic_store_n(&line->length, length + 1, __ATOMIC_RELAXED);
}

/* The label and what is behind it, up to and without `end`. */
static void send(struct console_line *line, unsigned end) {
    char copy[CONSOLE_TEXT + CONSOLE_LINE_MAX + 1];
    unsigned length = end - line->start;

    memcpy(copy, line->line + line->start, length);
    copy[length] = '\n';
    __atomic_store_n(line->position, log_write(copy, length + 1), __ATOMIC_RELAXED);
    __atomic_store_n(&line->length, 0, __ATOMIC_RELAXED);
}

void console_flush(struct console_line *line) {
    unsigned length = read_length(line);

    if (length > 0)
        send(line, CONSOLE_TEXT + length);
}

/* An empty line goes without the space behind the bar. */
static void end_line(struct console_line *line, unsigned length) {
    send(line, length ? CONSOLE_TEXT + length : CONSOLE_TEXT - 1);
}

static bool is_printable(uint8_t c) {
    return (c >= ' ' && c < 0x7f) || c >= 0xa0 || c == '\t';
}

/* Inlined, this would cost the short way the saving of its registers. */
__attribute__((noinline)) static void put_special(struct console_line *line, unsigned length, uint8_t c) {
    if (c == '\n') {
        end_line(line, length);
        return;
    }
    if (c == '\r')
        return;
    if (length == CONSOLE_LINE_MAX) {
        send(line, CONSOLE_TEXT + length);
        length = 0;
    }
    append(line, length, is_printable(c) ? (char)c : CONTROL_REPLACEMENT);
}

/* Nearly all characters take the short way. */
void console_put(struct console_line *line, uint8_t c) {
    unsigned length = read_length(line);

    if (c >= ' ' && c < 0x7f && length < CONSOLE_LINE_MAX)
        append(line, length, (char)c);
    else
        put_special(line, length, c);
}
