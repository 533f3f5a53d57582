/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources and their lines: see source.h. dtc tells the places in a comment behind each
 * line of the source that it prints back: a.dts:3:2-3:14 (option -T, given twice).
 */
#include "tools/checker/source.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/checker/dtc.h"
#include "tools/checker/tool.h"

#define DEPTH_MAX 64

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* "FILE:LINE:COLUMN-LINE:COLUMN", the first of several with commas between. */
static struct place parse_place(const char *text) {
    size_t length = strcspn(text, ",");
    char *copy = tool_text("%.*s", (int)length, text);
    struct place place = {0};
    char *at;

    for (int colons = 0; colons < 3; colons++) { /* from the end: column, column-line, line */
        at = strrchr(copy, ':');
        if (!at)
            return place;
        if (colons == 1)
            place.column = (unsigned)strtoul(at + 1, NULL, 10);
        if (colons == 2)
            place.line = (unsigned)strtoul(at + 1, NULL, 10);
        *at = '\0';
    }
    place.file = copy;
    return place;
}

/* The name that a line begins with, behind labels, up to one of `ends`. */
static char *parse_name(const char *line, const char *ends) {
    const char *start = line;

    for (const char *label = strstr(start, ": "); label && label < start + strcspn(start, ends);
         label = strstr(start, ": "))
        start = label + 2;
    return tool_text("%.*s", (int)strcspn(start, ends), start);
}

static void add(struct source *source, const char *path, const char *property, struct place place) {
    struct source_entry *entry = TOOL_APPEND(source->entries, source->entry_count);

    *entry = (struct source_entry){tool_text("%s", path), property, place};
}

/* What dtc prints has one node or property a line, so a line's shape tells what it is. */
static void parse_lines(struct source *source, char *text) {
    char *paths[DEPTH_MAX] = {0};
    unsigned depth = 0;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        line += strspn(line, "\t ");
        char *comment = ends_with(line, " */") ? strstr(line, " /* ") : NULL;

        for (char *next = comment; next; next = strstr(next + 1, " /* "))
            comment = next;
        if (!comment)
            continue;
        *comment = '\0';
        struct place place = parse_place(comment + strlen(" /* "));

        if (ends_with(line, "{") && depth < DEPTH_MAX) {
            char *name = parse_name(line, " {");
            const char *above = depth > 1 ? paths[depth - 1] : "";

            paths[depth] = depth ? tool_text("%s/%s", above, name) : "/";
            add(source, paths[depth++], NULL, place);
        } else if (strcmp(line, "};") == 0 && depth > 0) {
            depth--;
        } else if (depth > 0) {
            add(source, paths[depth - 1], parse_name(line, " ;="), place);
        }
    }
}

bool source_is_blob(const void *data, size_t size_bytes) {
    return size_bytes >= sizeof(fdt32_t) && fdt_magic(data) == FDT_MAGIC;
}

/* What a file that is no text is, or NULL. */
static const char *binary_kind(const void *data, size_t size_bytes) {
    if (size_bytes >= 4 && memcmp(data, "\177ELF", 4) == 0)
        return "an ELF file";
    return memchr(data, '\0', size_bytes) ? "a binary file" : NULL;
}

static void compile(struct source *source) {
    const char *const blob[] = {"dtc", "-q", "-I", "dts", "-O", "dtb", "-o", "-", source->path, NULL};
    const char *const lines[] = {"dtc", "-q", "-q", "-T", "-T", "-I", "dts", "-O", "dts", source->path, NULL};
    size_t text_bytes;
    void *text;
    char *said;
    int status = tool_run(blob, &source->blob, &source->size_bytes, &said);

    if (status < 0 || status == 127)
        tool_fail("found no dtc, want the device-tree compiler (package device-tree-compiler)");
    if (status != 0)
        dtc_read_errors(source, said);
    else if (tool_run(lines, &text, &text_bytes, &said) == 0)
        parse_lines(source, text);
}

void source_read(struct source *source, const char *path) {
    *source = (struct source){.path = path};
    source->blob = tool_read_file(path, &source->size_bytes);
    if (!source->blob)
        tool_fail("%s: found %s, want a .dts or .dtb", path, tool_missing(path));
    if (ends_with(path, ".dtb") || source_is_blob(source->blob, source->size_bytes))
        return;
    const char *kind = binary_kind(source->blob, source->size_bytes);

    if (kind)
        *TOOL_APPEND(source->errors, source->error_count) =
            (struct source_error){{path, 0, 0},
                                  "",
                                  NULL,
                                  tool_text("found %s, want a device-tree source (.dts) or blob (.dtb)", kind),
                                  "name the system first, then its images"};
    else
        compile(source);
}

struct place source_place(const struct source *source, const char *path, const char *property) {
    char *node = tool_text("%s", path);

    for (;;) {
        const struct source_entry *found = NULL;

        for (size_t i = 0; i < source->entry_count; i++) {
            const struct source_entry *entry = &source->entries[i];

            if (strcmp(entry->path, node) != 0)
                continue;
            if (!entry->property && !found)
                found = entry;
            if (entry->property && property && strcmp(entry->property, property) == 0)
                return entry->place;
        }
        if (found)
            return found->place;
        property = NULL;
        char *slash = strrchr(node, '/');

        if (!slash || strcmp(node, "/") == 0)
            return (struct place){source->path, 0, 0};
        slash[slash == node] = '\0';
    }
}
