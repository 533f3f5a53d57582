/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own words: see log.h.
 */
#include "hv/lib/log.h"

#include "hv/lib/format.h"

void log_line_v(const char *kind, const char *format, va_list arguments) {
    char line[LOG_LINE_MAX + 2];
    size_t length = format_string(line, sizeof(line) - 1, "shikiri: %s", kind);

    length += format_string_v(line + length, sizeof(line) - 1 - length, format, arguments);
    line[length++] = '\n';
    log_write(line, length);
}

void log_line(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    log_line_v("", format, arguments);
    va_end(arguments);
}
