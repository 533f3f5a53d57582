/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtc's errors: see dtc.h. Those of its parser have a place alone, those of its checks a node as well:
 *     Error: a.dts:3.5-10 syntax error
 *     a.dts:3.5-4.10: ERROR (duplicate_node_names): /a: Duplicate node name
 */
#include "tools/checker/dtc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/checker/hints.h"
#include "tools/checker/tool.h"

#define CHECKED  ": ERROR ("
#define NO_FILE  "Couldn't open \""
#define FATAL    "FATAL ERROR: "
#define INCLUDES 16 /* files inside each other */

/* Checks whose findings the hypervisor's parser has too, in its words. */
static const struct {
    const char *check, *text;
} same[] = {
    {"duplicate_node_names", "found a second node of this name, want one"},
    {"duplicate_property_names", "found it a second time, want it once"},
};

static struct source_error *add(struct source *source, struct place place, const char *text) {
    struct source_error *error = TOOL_APPEND(source->errors, source->error_count);

    *error = (struct source_error){place, "", NULL, text, NULL};
    return error;
}

/* "FILE:LINE.COLUMN-..." up to `end`. */
static struct place parse_place(const char *text, const char *end) {
    char *copy = tool_text("%.*s", (int)(end - text), text);
    char *colon = strrchr(copy, ':');
    struct place place = {copy, 0, 0};

    if (!colon)
        return place;
    place.line = (unsigned)strtoul(colon + 1, &colon, 10);
    place.column = *colon == '.' ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
    *strrchr(copy, ':') = '\0';
    return place;
}

/* "FILE:3.5-10 TEXT": the file's name may have spaces, the numbers have none. */
static void add_parsed(struct source *source, const char *line) {
    const char *end = line;

    for (const char *at = line; (at = strchr(at, ':')); at++)
        if (at[1] >= '0' && at[1] <= '9') {
            end = at + strcspn(at, " ");
            break;
        }
    struct place place = parse_place(line, end);
    const char *text = *end == ' ' ? end + 1 : end;

    if (place.line == 0) /* an empty file */
        place.line = 1;
    struct source_error *error = add(source, place, text);

    error->hint = hints_syntax(&place, strcmp(place.file, source->path) != 0, text);
}

/* "PLACE: ERROR (CHECK): PATH[:PROPERTY]: TEXT" */
static void add_checked(struct source *source, const char *line, const char *checked) {
    const char *check = checked + strlen(CHECKED), *path = strstr(check, "): ");
    const char *text = path ? strstr(path + 3, ": ") : NULL;

    if (!text) {
        add(source, (struct place){source->path, 0, 0}, line);
        return;
    }
    struct source_error *error = add(source, parse_place(line, checked), text + 2);
    char *name = tool_text("%.*s", (int)(text - path - 3), path + 3);
    char *colon = strchr(name, ':');

    error->hint = hints_syntax(&error->place, true, error->text);
    error->path = name;
    if (colon) {
        *colon = '\0';
        error->property = colon + 1;
    }
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        if (strncmp(check, same[i].check, strlen(same[i].check)) == 0)
            error->text = same[i].text;
}

/* The line that includes a file which is not there; in `path` itself or a file that it includes. */
static bool find_include(const char *path, const char *name, unsigned depth, struct place *place) {
    static const char word[] = "/include/";
    size_t size_bytes;
    char *text = tool_read_file(path, &size_bytes);
    unsigned number = 1;

    for (char *line = text, *next; line && depth < INCLUDES; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *start = strstr(line, word), *quote = start ? strchr(start, '"') : NULL;

        if (!quote)
            continue;
        char *included = tool_text("%.*s", (int)strcspn(quote + 1, "\""), quote + 1);

        *place = (struct place){path, number, (unsigned)(start - line) + 1};
        if (strcmp(included, name) == 0 ||
            find_include(strchr(path, '/') ? tool_text("%s/%s", tool_directory(path), included) : included, name,
                         depth + 1, place))
            return true;
    }
    return false;
}

/* "Couldn't open "gone.dtsi": No such file or directory" */
static void add_missing_file(struct source *source, const char *line) {
    const char *start = line + strlen(NO_FILE);
    char *name = tool_text("%.*s", (int)strcspn(start, "\""), start);
    struct place place;

    if (find_include(source->path, name, 0, &place))
        add(source, place, tool_text("found no file \"%s\", want it", name))->hint =
            "it is looked for in the folder of the file that includes it";
    else
        add(source, (struct place){source->path, 0, 0}, line);
}

static void add_line(struct source *source, const char *line) {
    const char *checked = strstr(line, CHECKED), *error = strstr(line, "rror: ");

    if (strncmp(line, FATAL, strlen(FATAL)) == 0)
        line += strlen(FATAL);
    if (strncmp(line, NO_FILE, strlen(NO_FILE)) == 0)
        add_missing_file(source, line);
    else if (checked)
        add_checked(source, line, checked);
    else if (error && strcspn(line, ":") > (size_t)(error - line))
        add_parsed(source, error + strlen("rror: "));
    else
        add(source, (struct place){source->path, 0, 0}, line);
}

/* Whether a line only says that there were errors, or goes on with what another has said. */
static bool is_no_error(const char *line) {
    static const char *const results[] = {"ERROR: Input tree has errors", "FATAL ERROR: Unable to parse",
                                          "FATAL ERROR: Syntax error parsing"};

    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
        if (strncmp(line, results[i], strlen(results[i])) == 0)
            return true;
    return *line == ' ' || *line == '\t' || strstr(line, ": Warning (");
}

void dtc_read_errors(struct source *source, const char *said) {
    char *text = tool_text("%s", said);

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (!is_no_error(line))
            add_line(source, line);
    if (source->error_count == 0)
        add(source, (struct place){source->path, 0, 0}, "found a source that dtc refuses, want another");
}
