/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings about a configuration: see report.h.
 */
#include "hv/lib/report.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define TEXT_HEAD 150 /* characters of a long text that are kept, as its values may have any length */
#define TEXT_TAIL 100 /* and of its end, where it says what is wanted */
#define GAP       " ... "

struct text {
    size_t length;
    size_t seen;
    size_t kept;
    char chars[TEXT_HEAD + TEXT_TAIL + sizeof(GAP)];
};

static void count(void *context, char c) {
    struct text *text = context;

    (void)c;
    text->length++;
}

static void keep(void *context, char c) {
    struct text *text = context;

    if (text->seen < TEXT_HEAD || text->seen + TEXT_TAIL >= text->length) {
        text->chars[text->kept++] = c;
    } else if (text->seen == TEXT_HEAD) {
        memcpy(text->chars + text->kept, GAP, sizeof(GAP) - 1);
        text->kept += sizeof(GAP) - 1;
    }
    text->seen++;
}

bool report_error_v(struct report *report, const char *path, const char *property, const char *hint, const char *format,
                    va_list arguments) {
    struct text text = {0};

    format_to(count, &text, format, arguments);
    format_to(keep, &text, format, arguments);
    report->errors++;
    report->emit(report, &(struct finding){path, property, text.chars, hint});
    return false;
}

bool report_error(struct report *report, const char *path, const char *property, const char *hint, const char *format,
                  ...) {
    va_list arguments;

    va_start(arguments, format);
    report_error_v(report, path, property, hint, format, arguments);
    va_end(arguments);
    return false;
}

void report_line(const struct finding *finding, char *line, unsigned size_bytes) {
    const char *between = finding->property && strcmp(finding->path, "/") != 0 ? "/" : "";

    format_string(line, size_bytes, "%s%s%s: %s%s%s", finding->path, between,
                  finding->property ? finding->property : "", finding->text, finding->hint ? "; " : "",
                  finding->hint ? finding->hint : "");
    for (char *c = line; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}
