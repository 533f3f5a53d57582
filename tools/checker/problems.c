/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Problems: see problems.h.
 */
#include "tools/checker/problems.h"

#include <stdarg.h>
#include <string.h>

#include "partitions/fdt.h"
#include "tools/checker/hints.h"
#include "tools/checker/tool.h"

static void add(struct problems *problems, struct problem problem) {
    *TOOL_APPEND(problems->list, problems->count) = problem;
}

static const char *keep(const char *text) {
    return text ? tool_text("%s", text) : NULL;
}

static const char *note_on(const struct problems *problems, const struct finding *finding) {
    const struct source *source = problems->source;

    if (problems->searched && finding->property && strcmp(finding->property, "image") == 0 &&
        strstr(finding->text, "want it loaded"))
        return tool_text("looked for it in %s", problems->searched);
    return dt_check(source->blob, source->size_bytes) == 0 ? hints_note(source->blob, finding, problems->report.known)
                                                           : NULL;
}

static void emit(struct report *report, const struct finding *finding) {
    struct problems *problems = (struct problems *)report;

    add(problems, (struct problem){.path = keep(finding->path),
                                   .property = keep(finding->property),
                                   .text = keep(finding->text),
                                   .hint = keep(finding->hint),
                                   .place = source_place(problems->source, finding->path, finding->property),
                                   .note = note_on(problems, finding)});
}

void problems_init(struct problems *problems, const char *const *ignored) {
    *problems = (struct problems){.report = {.emit = emit}, .ignored = ignored};
}

void problems_look_at(struct problems *problems, const struct source *source) {
    problems->source = source;
    for (size_t i = 0; i < source->error_count; i++) {
        const struct source_error *error = &source->errors[i];

        add(problems, (struct problem){.path = error->path,
                                       .property = error->property,
                                       .text = error->text,
                                       .hint = error->hint,
                                       .place = error->place});
        problems->report.errors++;
    }
}

void problems_error_at(struct problems *problems, struct place place, const char *path, const char *format, ...) {
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    add(problems, (struct problem){.path = path, .text = keep(text), .place = place});
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
    add(problems, (struct problem){.warning = warning,
                                   .path = keep(path),
                                   .property = property,
                                   .text = keep(text),
                                   .hint = hint,
                                   .place = source_place(problems->source, path, property)});
    problems->warnings++;
}

static const char *severity(const struct problem *problem) {
    return problem->warning ? "warning" : "error";
}

static void print_place(const struct place *place, FILE *to) {
    fprintf(to, "%s:", place->file);
    if (place->line)
        fprintf(to, "%u:", place->line);
}

static void print_one(const struct problem *problem, FILE *to) {
    const struct finding finding = {problem->path, problem->property, problem->text, problem->hint};
    char line[1024];

    report_line(&finding, line, sizeof(line));
    print_place(&problem->place, to);
    fprintf(to, " %s: %s", severity(problem), *problem->path ? line : line + strlen(": "));
    if (problem->warning)
        fprintf(to, " [%s]", problem->warning);
    fputc('\n', to);
    if (!problem->note)
        return;
    print_place(&problem->place, to);
    fprintf(to, " note: %s\n", problem->note);
}

void problems_print(const struct problems *problems, FILE *to) {
    for (size_t i = 0; i < problems->count; i++)
        print_one(&problems->list[i], to);
}
