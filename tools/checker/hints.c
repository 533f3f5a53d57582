/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hints: see hints.h. Each note is one function, tried in turn: it knows the finding by its property and
 * the words of its text, and looks at the blob for what the author may have meant.
 */
#include "tools/checker/hints.h"

#include <ctype.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "hv/lib/types.h"
#include "tools/checker/tool.h"

/* ---- syntax: from the text -------------------------------------------------------------------- */

/* What a source leaves open: the lines on which a string and a comment begin that do not end, or 0; braces. */
struct open {
    unsigned string, comment;
    int braces;
};

/* Blanks comments and what is in strings, so that lines keep their ends. Strings end with their lines. */
static struct open blank(char *text) {
    enum { CODE, STRING, LINE_COMMENT, COMMENT } in = CODE;
    struct open open = {0};
    unsigned line = 1, begun = 0;

    for (char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            if (in == STRING && !open.string)
                open.string = line;
            in = in == COMMENT ? COMMENT : CODE;
            line++;
        } else if (in == CODE) {
            open.braces += *c == '{' ? 1 : *c == '}' ? -1 : 0;
            in = *c == '"' ? STRING : *c != '/' ? CODE : c[1] == '/' ? LINE_COMMENT : c[1] == '*' ? COMMENT : CODE;
            if (in == LINE_COMMENT || in == COMMENT) {
                *c++ = ' ';
                *c = ' ';
                begun = line;
            }
        } else if (in == STRING && *c == '"') {
            in = CODE;
        } else if (in == STRING && *c == '\\' && c[1] != '\0' && c[1] != '\n') {
            *c++ = 'x';
            *c = 'x';
        } else if (in == COMMENT && *c == '*' && c[1] == '/') {
            in = CODE;
            *c++ = ' ';
            *c = ' ';
        } else {
            *c = in == STRING ? 'x' : ' ';
        }
    }
    open.comment = in == COMMENT ? begun : 0;
    return open;
}

/* The text as lines without blanks at their ends; NULL behind the last one. */
static char **split(char *text) {
    char **lines = NULL;
    size_t count = 0;

    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        for (char *end = line + strlen(line); end > line && isspace((unsigned char)end[-1]);)
            *--end = '\0';
        *TOOL_APPEND(lines, count) = line;
    }
    *TOOL_APPEND(lines, count) = NULL;
    return lines;
}

static bool is_directive(const char *line) {
    static const char *const words[] = {"include", "define", "undef", "if",    "ifdef",
                                        "ifndef",  "else",   "endif", "pragma"};

    line += strspn(line, " \t");
    if (*line++ != '#')
        return false;
    line += strspn(line, " \t");
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0 && !isalnum((unsigned char)line[strlen(words[i])]) &&
            line[strlen(words[i])] != '-')
            return true;
    return false;
}

/* The last line above that has something on it, from 1, when a statement should end there and does not; else 0. */
static unsigned unended_line(char *const *lines, unsigned number, unsigned column) {
    const char *line = lines[number - 1];

    if (column > 0 && strspn(line, " \t") + 1 < column) /* something stands before it on its own line */
        return 0;
    for (unsigned above = number - 1; above > 0; above--) {
        size_t length = strlen(lines[above - 1]);

        if (length > 0)
            return strchr(";{,:(<[", lines[above - 1][length - 1]) ? 0 : above;
    }
    return 0;
}

/* A value without its brackets or quotes. */
static const char *bare_value(const char *line, unsigned column) {
    const char *at = column > 0 && column <= strlen(line) ? line + column - 1 : line, *before = at;

    while (before > line && isspace((unsigned char)before[-1]))
        before--;
    if (before == line || before[-1] != '=')
        return NULL;
    return isdigit((unsigned char)*at)   ? "a number stands in angle brackets: <1>"
           : isalpha((unsigned char)*at) ? "a string stands in double quotes"
                                         : NULL;
}

static const char *hint_of_text(const char *text) {
    static const struct {
        const char *text, *hint;
    } hints[] = {
        {"Value out of range", "a cell has 32 bits; a larger number is two cells, the upper half first"},
        {"Bad integer literal '0", "a number that begins with 0 is octal, one that begins with 0x hexadecimal"},
        {"Label or path", "&NAME refers to a node with a label: NAME: node { ... };"},
        {"Reference to non-existent", "&NAME refers to a node with a label: NAME: node { ... };"},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(hints); i++)
        if (strncmp(text, hints[i].text, strlen(hints[i].text)) == 0)
            return hints[i].hint;
    return NULL;
}

const char *hints_syntax(const struct place *place, bool is_included, const char *text) {
    size_t size_bytes;
    char *source = tool_read_file(place->file, &size_bytes);
    unsigned count = 0;

    if (strcmp(text, "syntax error") != 0 || !source)
        return hint_of_text(text);
    struct open open = blank(source);
    bool has_version = strstr(source, "/dts-v1/") != NULL;
    char **lines = split(source);

    while (lines[count])
        count++;
    unsigned number = place->line > count ? count : place->line;
    unsigned above = unended_line(lines, number, place->column);

    if (is_directive(lines[number - 1]))
        return "the C preprocessor is not run; use /include/";
    if (!has_version && !is_included)
        return "a source begins with /dts-v1/;";
    if (open.comment)
        return tool_text("the comment that begins on line %u has no end", open.comment);
    if (open.string && open.string <= number)
        return tool_text("a '\"' may be missing on line %u", open.string);
    if (above)
        return tool_text("a ';' may be missing on line %u", above);
    if (open.braces > 0 && number + 1 >= count)
        return "a \"};\" may be missing at the end";
    return bare_value(lines[number - 1], place->column);
}

/* ---- findings: from the blob ------------------------------------------------------------------ */

#define CELLS_MAX 4

/* The cells of the finding's property, at most CELLS_MAX; their number, 0 where there are none. */
static unsigned read_cells(const void *blob, const struct finding *finding, const char *property, uint32_t *cells) {
    int node = fdt_path_offset(blob, finding->path), length;
    const fdt32_t *value = node < 0 || !property ? NULL : fdt_getprop(blob, node, property, &length);
    unsigned count = value ? (unsigned)length / sizeof(*value) : 0;

    if (count > CELLS_MAX)
        count = CELLS_MAX;
    for (unsigned i = 0; i < count; i++)
        cells[i] = fdt32_ld(&value[i]);
    return count;
}

static bool is_about(const struct finding *finding, const char *property) {
    return finding->property && strcmp(finding->property, property) == 0;
}

static bool says(const struct finding *finding, const char *words) {
    return strstr(finding->text, words) != NULL;
}

/* "memory@100000" of "/partitions/partition@0/memory@100000" */
static const char *last_name(const struct finding *finding) {
    return tool_name(finding->path);
}

/* The address in a reg: a partition's number, memory's two cells, or a port behind its space. */
static bool read_address(const void *blob, const struct finding *finding, uint64_t *address) {
    uint32_t cells[CELLS_MAX] = {0};
    unsigned count = read_cells(blob, finding, "reg", cells);

    *address = count == 4 ? (uint64_t)cells[0] << 32 | cells[1] : count == 3 ? cells[1] : cells[0];
    return count == 1 || count >= 3;
}

static const char *note_status(const void *blob, const struct finding *finding) {
    (void)blob;
    return is_about(finding, "status") && says(finding, "unknown property")
               ? "to leave a node out, take it out of the file, or by /delete-node/ in one that includes it"
               : NULL;
}

static const char *note_cells(const void *blob, const struct finding *finding) {
    const char *name = last_name(finding);

    (void)blob;
    if (!says(finding, "found ") || !says(finding, " cell") || says(finding, "found nothing"))
        return NULL;
    if (is_about(finding, "host-address"))
        return "they are the upper and the lower half of the address";
    if (is_about(finding, "reg") && strncmp(name, "memory@", 7) == 0)
        return "they are address and size, two cells each, the upper half first";
    if (is_about(finding, "reg") && strncmp(name, "serial@", 7) == 0)
        return "they are 1 for I/O space, the first port, and 8 ports";
    return NULL;
}

/* Two cells of which the upper one has what belongs into the lower one. */
static const char *note_halves(const void *blob, const struct finding *finding) {
    uint32_t cells[CELLS_MAX];

    if (!says(finding, " at most") && !says(finding, "inside RAM"))
        return NULL;
    unsigned count = read_cells(blob, finding, finding->property, cells);

    for (unsigned i = 0; i + 1 < count; i += 2)
        if (cells[i] >= PAGE_BYTES && is_aligned(cells[i], PAGE_BYTES) && cells[i + 1] == 0)
            return tool_text("the upper half comes first: 0x%x is <0 0x%x>", cells[i], cells[i]);
    return NULL;
}

/* A decimal number whose digits would do as hexadecimal ones. */
static const char *note_decimal(const void *blob, const struct finding *finding) {
    const char *at = strchr(last_name(finding), '@');
    uint32_t cells[CELLS_MAX];
    uint64_t address;

    if (says(finding, "found unit address") && at && read_address(blob, finding, &address) &&
        strcmp(at + 1, tool_text("%lu", address)) == 0)
        return tool_text("reg has %s in decimal; 0x may be missing there", at + 1);
    if (!says(finding, "multiple") && !says(finding, "remainder"))
        return NULL;
    unsigned count = read_cells(blob, finding, finding->property, cells);

    for (unsigned i = 0; i < count; i++) {
        const char *digits = tool_text("%u", cells[i]);

        if (!is_aligned(cells[i], PAGE_BYTES) && is_aligned(strtoul(digits, NULL, 16), PAGE_BYTES))
            return tool_text("0x may be missing: 0x%s", digits);
    }
    return NULL;
}

static const char *note_board(const void *blob, const struct finding *finding) {
    (void)blob;
    if (!is_about(finding, "compatible") || strcmp(finding->path, "/") != 0)
        return NULL;
    if (says(finding, "found \"shikiri,board\""))
        return "this is a board; use --board";
    return says(finding, "found \"shikiri,system\"") ? "this is a system, which goes without --board" : NULL;
}

/* ---- findings: unknown names ------------------------------------------------------------------ */

#define NEAR 2 /* edits that a typing mistake may have */

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Insertions, deletions and replacements that make one of the other (Levenshtein). */
static size_t edits(const char *a, const char *b) {
    size_t length = strlen(b);
    size_t *row = tool_alloc((length + 1) * sizeof(*row));

    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 1; j <= length; j++) {
            size_t replaced = diagonal + (a[i] != b[j - 1]);

            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}

/* The nearest name, if one is near, or else all of them but for what dtc adds, which is nobody's to write. */
static const char *note_names(const char *name, const char *const *known) {
    const char *nearest = NULL, *list = NULL;
    size_t fewest = NEAR + 1;

    for (; *known; known++) {
        size_t distance = edits(name, *known);

        if (distance < fewest) {
            fewest = distance;
            nearest = *known;
        }
        if (**known != '_')
            list = list ? tool_text("%s, %s", list, *known) : *known;
    }
    if (nearest)
        return tool_text("did you mean \"%s\"?", nearest);
    return list ? tool_text("known here: %s", list) : "nothing is known here";
}

static bool is_in(const char *name, const char *const *known) {
    while (*known && strcmp(name, *known) != 0)
        known++;
    return *known;
}

/* The names, between which there are spaces, one by one; NULL behind the last one. */
static const char *const *each_name(const char *known) {
    const char **names = NULL;
    size_t count = 0;

    for (char *name = strtok(tool_text("%s", known), " "); name; name = strtok(NULL, " "))
        *TOOL_APPEND(names, count) = name;
    *TOOL_APPEND(names, count) = NULL;
    return names;
}

/* A node's name is known by what is in front of its unit address, and that there is one. */
static const char *note_unknown(const void *blob, const struct finding *finding, const char *known) {
    const char *name = finding->property ? finding->property : last_name(finding);
    const char *at = finding->property ? NULL : strchr(name, '@');
    const char *const *names;
    uint64_t address;

    if (!says(finding, "found an unknown "))
        return NULL;
    names = each_name(known);
    if (is_in(tool_text("%s@", name), names) && read_address(blob, finding, &address))
        return tool_text("by its reg it is %s@%lx", name, address);
    return note_names(at ? tool_text("%.*s", (int)(at + 1 - name), name) : name, names);
}

/* ---- all of them -------------------------------------------------------------------------------- */

const char *hints_note(const void *blob, const struct finding *finding, const char *known) {
    static const char *(*const notes[])(const void *, const struct finding *) = {
        note_status, note_cells, note_halves, note_decimal, note_board,
    };
    const char *note = NULL;

    for (size_t i = 0; i < ARRAY_LENGTH(notes) && !note && finding->path[0] == '/'; i++)
        note = notes[i](blob, finding);
    return note ? note : note_unknown(blob, finding, known);
}
