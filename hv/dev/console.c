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

void console_init(struct console_line *line, const char *label, int label_width, struct console *console) {
    unsigned length = (unsigned)format_string(line->line, CONSOLE_TEXT + 1, "%-*s | ", label_width, label);

    line->length = 0;
    line->console = console;
    line->start = CONSOLE_TEXT - length;
    memmove(line->line + line->start, line->line, length);
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

/* Several vCPUs may be at it, which mixes their output at worst. */
static void keep(struct console *console, const char *text, unsigned length) {
    for (unsigned i = 0; i < length; i++)
        console->history[console->kept++ % CONSOLE_HISTORY] = text[i];
}

static void log_text(struct console *console, const char *text, unsigned length) {
    __atomic_store_n(&console->position, log_write(text, length), __ATOMIC_RELAXED);
}

void console_set_mode(struct console *console, enum console_mode mode) {
    unsigned kept = console->kept, at = kept % CONSOLE_HISTORY;

    __atomic_store_n(&console->mode, mode, __ATOMIC_RELAXED);
    if (mode != CONSOLE_RAW)
        return;
    if (kept >= CONSOLE_HISTORY)
        log_write(console->history + at, CONSOLE_HISTORY - at);
    log_write(console->history, at);
}

/* The label and what is behind it, up to and without `end`. */
static void send(struct console_line *line, unsigned end) {
    char copy[CONSOLE_TEXT + CONSOLE_LINE_MAX + 1];
    unsigned length = end - line->start, text = (unsigned)lower(CONSOLE_TEXT - line->start, length);

    memcpy(copy, line->line + line->start, length);
    copy[length] = '\n';
    log_text(line->console, copy, length + 1);
    keep(line->console, copy + text, length + 1 - text);
    __atomic_store_n(&line->length, 0, __ATOMIC_RELAXED);
}

void console_flush(struct console_line *line) {
    unsigned length = read_length(line);

    if (length > 0)
        send(line, CONSOLE_TEXT + length);
}

static bool is_printable(uint8_t c) {
    return (c >= ' ' && c < 0x7f) || c >= 0xa0 || c == '\t';
}

/* Inlined, this would cost the short way the saving of its registers. */
__attribute__((noinline)) static void put_special(struct console_line *line, unsigned length, uint8_t c) {
    enum console_mode mode = __atomic_load_n(&line->console->mode, __ATOMIC_RELAXED);
    char text = (char)c;

    if (mode != CONSOLE_LINES) {
        keep(line->console, &text, 1);
        if (mode == CONSOLE_RAW)
            log_text(line->console, &text, 1);
        return;
    }
    if (c == '\n') /* an empty line goes without the space behind the bar */
        send(line, length ? CONSOLE_TEXT + length : CONSOLE_TEXT - 1);
    if (c == '\n' || c == '\r')
        return;
    if (length == CONSOLE_LINE_MAX) {
        send(line, CONSOLE_TEXT + length);
        length = 0;
    }
    append(line, length, is_printable(c) ? text : CONTROL_REPLACEMENT);
}

/* Nearly all characters take the short way. */
void console_put(struct console_line *line, uint8_t c) {
    unsigned length = read_length(line);

    if (c >= ' ' && c < 0x7f && length < CONSOLE_LINE_MAX &&
        __atomic_load_n(&line->console->mode, __ATOMIC_RELAXED) == CONSOLE_LINES)
        append(line, length, (char)c);
    else
        put_special(line, length, c);
}
