/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings about a configuration: see report.h.
 */
#include "hv/lib/report.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

void report_error_v(struct report *report, const char *path, const char *property, const char *hint, const char *format,
                    va_list arguments) {
    char text[256];

    format_string_v(text, sizeof(text), format, arguments);
    report->errors++;
    report->emit(report, &(struct finding){path, property, text, hint});
}

void report_error(struct report *report, const char *path, const char *property, const char *hint, const char *format,
                  ...) {
    va_list arguments;

    va_start(arguments, format);
    report_error_v(report, path, property, hint, format, arguments);
    va_end(arguments);
}

void report_line(const struct finding *finding, char *line, unsigned size_bytes) {
    const char *between = finding->property && strcmp(finding->path, "/") != 0 ? "/" : "";

    format_string(line, size_bytes, "%s%s%s: %s%s%s", finding->path, between,
                  finding->property ? finding->property : "", finding->text, finding->hint ? "; " : "",
                  finding->hint ? finding->hint : "");
}
