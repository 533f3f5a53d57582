/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line multiplexer: see console.h. A line is sent in one go, in the time of the
 * partition that ended it, so lines never mix. Control characters do not reach the
 * terminal: one partition's escape sequences could disguise another's lines.
 */
#include "hv/dev/console.h"

#include "hv/lib/log.h"

#define CONTROL_REPLACEMENT '?'

static bool is_control(uint8_t c)
{
    return (c < ' ' && c != '\t') || c == 0x7f || (c >= 0x80 && c < 0xa0);
}

void console_flush(struct console_line *line)
{
    if (line->length == 0)
        return;
    log_print("%-*s | ", line->label_width, line->label);
    for (unsigned i = 0; i < line->length; i++)
        log_put(line->text[i]);
    log_put('\n');
    line->length = 0;
}

void console_put(struct console_line *line, uint8_t c)
{
    if (c == '\n') {
        if (line->length == 0)
            log_print("%-*s |\n", line->label_width, line->label);
        console_flush(line);
        return;
    }
    if (c == '\r')
        return;
    if (line->length == CONSOLE_LINE_MAX)
        console_flush(line);
    line->text[line->length++] = is_control(c) ? CONTROL_REPLACEMENT : (char)c;
}
