/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own words: see log.h.
 */
#include "hv/lib/log.h"

#include "hv/lib/format.h"

void log_line(const char *format, ...) {
    char line[LOG_LINE_MAX + 2];
    size_t length = format_string(line, sizeof(line) - 1, "shikiri: ");
    va_list arguments;

    va_start(arguments, format);
    length += format_string_v(line + length, sizeof(line) - 1 - length, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    log_write(line, length);
}
