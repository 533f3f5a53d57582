/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Problems: see problems.h.
 */
#include "tools/checker/problems.h"

#include <stdarg.h>
#include <string.h>

#include "tools/checker/tool.h"

static void add(struct problems *problems, struct problem problem) {
    struct problem *kept = TOOL_APPEND(problems->list, problems->count);

    problem.place = source_place(problems->source, problem.path, problem.property);
    *kept = problem;
}

static const char *keep(const char *text) {
    return text ? tool_text("%s", text) : NULL;
}

static void emit(struct report *report, const struct finding *finding) {
    add((struct problems *)report, (struct problem){.path = keep(finding->path),
                                                    .property = keep(finding->property),
                                                    .text = keep(finding->text),
                                                    .hint = keep(finding->hint)});
}

void problems_init(struct problems *problems, const struct source *source, const char *const *ignored) {
    *problems = (struct problems){.report = {.emit = emit}, .source = source, .ignored = ignored};
}

void problems_add_syntax(struct problems *problems) {
    struct problem *problem = TOOL_APPEND(problems->list, problems->count);

    *problem = (struct problem){.path = "", .text = problems->source->said, .place = problems->source->wrong};
    problems->report.errors++;
}

void problems_warn(struct problems *problems, const char *warning, const char *path, const char *property,
                   const char *hint, const char *format, ...) {
    char text[256];
    va_list arguments;

    for (const char *const *ignored = problems->ignored; *ignored; ignored++)
        if (strcmp(*ignored, warning) == 0)
            return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    add(problems, (struct problem){warning, keep(path), property, keep(text), hint, {0}});
    problems->warnings++;
}

static const char *severity(const struct problem *problem) {
    return problem->warning ? "warning" : "error";
}

static void print_one(const struct problem *problem, FILE *to) {
    const struct finding finding = {problem->path, problem->property, problem->text, problem->hint};
    char line[1024];

    report_line(&finding, line, sizeof(line));
    fprintf(to, "%s:", problem->place.file);
    if (problem->place.line)
        fprintf(to, "%u:", problem->place.line);
    fprintf(to, " %s: %s", severity(problem), *problem->path ? line : problem->text);
    if (problem->warning)
        fprintf(to, " [%s]", problem->warning);
    fputc('\n', to);
}

void problems_print(const struct problems *problems, FILE *to) {
    for (size_t i = 0; i < problems->count; i++)
        print_one(&problems->list[i], to);
}

static void print_string(const char *text, FILE *to) {
    if (!text) {
        fputs("null", to);
        return;
    }
    fputc('"', to);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if (*c < ' ' || *c > '~')
            fprintf(to, "\\u%04x", (unsigned char)*c);
        else
            fputc(*c, to);
    }
    fputc('"', to);
}

static void print_field(const char *name, const char *text, FILE *to) {
    fprintf(to, ", \"%s\": ", name);
    print_string(text, to);
}

void problems_print_json(const struct problems *problems, const char *certificate, FILE *to) {
    fprintf(to, "{\"errors\": %u, \"warnings\": %u", problems->report.errors, problems->warnings);
    print_field("certificate", certificate, to);
    fputs(", \"problems\": [", to);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];

        fprintf(to, "%s\n  {\"severity\": \"%s\", \"line\": %u, \"column\": %u", i ? "," : "", severity(problem),
                problem->place.line, problem->place.column);
        print_field("file", problem->place.file, to);
        print_field("path", problem->path, to);
        print_field("property", problem->property, to);
        print_field("message", problem->text, to);
        print_field("hint", problem->hint, to);
        print_field("warning", problem->warning, to);
        fputc('}', to);
    }
    fputs(problems->count ? "\n]}\n" : "]}\n", to);
}
