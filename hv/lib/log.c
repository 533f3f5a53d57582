/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own words: see log.h.
 */
#include "hv/lib/log.h"

#include "hv/lib/format.h"

static log_put_fn *sink;

void log_set_sink(log_put_fn *put) {
    sink = put;
}

void log_put(char c) {
    if (sink)
        sink(c);
}

static void put(void *context, char c) {
    (void)context;
    log_put(c);
}

void log_print(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    format_to(put, NULL, format, arguments);
    va_end(arguments);
}

void log_line(const char *format, ...) {
    va_list arguments;

    log_print("shikiri: ");
    va_start(arguments, format);
    format_to(put, NULL, format, arguments);
    va_end(arguments);
    log_put('\n');
}
