/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings about a configuration: see report.h.
 */
#include "hv/lib/report.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define TEXT_HEAD 150 /* characters of a text that is too long, as its values may have any length */
#define TEXT_TAIL 100 /* and of its end, where it says what is wanted */
#define GAP       " ... "
#define TEXT_MAX  (TEXT_HEAD + sizeof(GAP) - 1 + TEXT_TAIL)

struct text {
    size_t length;
    char chars[TEXT_MAX + 1];
};

/* What no longer fits pushes out what is between head and tail. */
static void keep(void *context, char c) {
    struct text *text = context;

    if (text->length == TEXT_MAX) {
        memcpy(text->chars + TEXT_HEAD, GAP, sizeof(GAP) - 1);
        memmove(text->chars + TEXT_MAX - TEXT_TAIL, text->chars + TEXT_MAX - TEXT_TAIL + 1, TEXT_TAIL - 1);
        text->length--;
    }
    text->chars[text->length++] = c;
}

bool report_error(struct report *report, const char *path, const char *property, const char *hint, const char *format,
                  ...) {
    struct text text = {0};
    va_list arguments;

    va_start(arguments, format);
    format_to(keep, &text, format, arguments);
    va_end(arguments);
    report->errors++;
    report->emit(report, &(struct finding){path, property, text.chars, hint});
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
