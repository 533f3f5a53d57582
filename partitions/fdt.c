/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed reading of a device tree: see fdt.h.
 */
#include "partitions/fdt.h"

#include <libfdt.h>

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define BLOB           "device tree"
#define VERSION_MIN    16 /* earlier ones have paths for names, which libfdt trips over */
#define PATH_MAX_BYTES 160
#define ROOT           0 /* the node's offset, for libfdt */
#define WANT_MAX       80

int dt_check(const void *blob, size_t size_bytes) {
    if (size_bytes < sizeof(struct fdt_header) || fdt_magic(blob) != FDT_MAGIC)
        return -FDT_ERR_BADMAGIC;
    if (fdt_version(blob) < VERSION_MIN)
        return -FDT_ERR_BADVERSION;
    int error = fdt_check_full(blob, size_bytes);

    return error == 0 && !fdt_get_name(blob, ROOT, NULL) ? -FDT_ERR_BADSTRUCTURE : error; /* it lets none pass too */
}

bool dt_open(struct dt *dt, const void *blob, size_t size_bytes) {
    int error = dt_check(blob, size_bytes);

    dt->blob = blob;
    if (error)
        return report_error(dt->report, BLOB, NULL, "make it with dtc -O dtb",
                            "found %lu bytes (%s), want a whole device-tree blob", (unsigned long)size_bytes,
                            fdt_strerror(error));
    if (fdt_num_mem_rsv(blob) != 0) /* nobody would keep out of them */
        report_error(dt->report, BLOB, NULL, "memory that no window has is left alone anyway",
                     "found %d memory reservations, want no /memreserve/", fdt_num_mem_rsv(blob));
    return true;
}

const char *dt_path(const struct dt *dt, int node) {
    static char path[PATH_MAX_BYTES];

    return fdt_get_path(dt->blob, node, path, PATH_MAX_BYTES) == 0 ? path : "a node with a very long path";
}

const char *dt_keep_path(const struct dt *dt, int node) {
    const char *path = arena_string(dt->arena, dt_path(dt, node));

    return path ? path : "a node";
}

/* Which of the words the name is, from 0, or -1; "a@" is the name of anything that begins so. */
static int find_word(const char *name, const char *words) {
    for (int i = 0; *words != '\0'; i++) {
        const char *end = strchrnul(words, ' ');
        size_t length = (size_t)(end - words);

        if (strncmp(name, words, length) == 0 && (name[length] == '\0' || end[-1] == '@'))
            return i;
        words = end + (*end == ' ');
    }
    return -1;
}

bool dt_is_named(const struct dt *dt, int node, const char *name) {
    return find_word(fdt_get_name(dt->blob, node, NULL), name) == 0;
}

/* dtc merges nodes of one name; a blob made otherwise may have several. */
void dt_check_names(const struct dt *dt, int node, const char *properties, const char *children) {
    int property, child;

    dt->report->known = properties;
    fdt_for_each_property_offset(property, dt->blob, node) {
        const char *name;
        const void *value = fdt_getprop_by_offset(dt->blob, property, &name, NULL);

        if (!value || strcmp(name, "phandle") == 0)
            continue;
        if (find_word(name, properties) < 0)
            dt_error(dt, node, name, NULL, "found an unknown property, want none");
        else if (fdt_getprop(dt->blob, node, name, NULL) != value)
            dt_error(dt, node, name, NULL, "found it a second time, want it once");
    }
    dt->report->known = children;
    fdt_for_each_subnode(child, dt->blob, node) {
        const char *name = fdt_get_name(dt->blob, child, NULL);

        if (find_word(name, children) < 0)
            dt_error(dt, child, NULL, NULL, "found an unknown node, want none");
        else if (dt_find(dt, node, name) != child)
            dt_error(dt, child, NULL, NULL, "found a second node of this name, want one");
    }
}

void dt_check_unit_address(const struct dt *dt, int node, uint64_t address) {
    const char *at = strchr(fdt_get_name(dt->blob, node, NULL), '@');
    const char *found = at ? at + 1 : "";
    char want[20];

    format_string(want, sizeof(want), "%lx", address);
    if (strcmp(found, want) != 0)
        dt_error(dt, node, NULL, "the unit address repeats the address in reg",
                 "found unit address \"%s\", want \"%s\"", found, want);
}

static const void *required(const struct dt *dt, int node, const char *property, const char *want, int *length) {
    const void *value = fdt_getprop(dt->blob, node, property, length);

    if (!value)
        dt_error(dt, node, property, NULL, "found nothing, want %s", want);
    return value;
}

const char *dt_string(const struct dt *dt, int node, const char *property) {
    int length;
    const char *value = required(dt, node, property, "a string", &length);

    if (value && (length < 1 || strnlen(value, (size_t)length) != (size_t)length - 1)) {
        dt_error(dt, node, property, NULL, "found %d bytes that are not one string, want one string", length);
        return NULL;
    }
    return value;
}

const char *dt_optional_string(const struct dt *dt, int node, const char *property) {
    return dt_has(dt, node, property) ? dt_string(dt, node, property) : NULL;
}

bool dt_cells(const struct dt *dt, int node, const char *property, uint32_t *cells, unsigned count) {
    char want[32];
    int length;

    format_string(want, sizeof(want), "%u cell%s of 32 bits", count, count == 1 ? "" : "s");
    const fdt32_t *value = required(dt, node, property, want, &length);

    if (!value)
        return false;
    if ((size_t)length != count * sizeof(*cells))
        return dt_error(dt, node, property, NULL, "found %d bytes, want %lu: %s", length, count * sizeof(*cells), want);
    for (unsigned i = 0; i < count; i++)
        cells[i] = fdt32_ld(&value[i]);
    return true;
}

void dt_cell(const struct dt *dt, int node, const char *property, uint32_t least, uint32_t most, const char *hint,
             uint32_t *value) {
    uint32_t found = 0;
    char want[32];
    size_t at = format_string(want, sizeof(want), "%u", least);

    if (least != most)
        format_string(want + at, sizeof(want) - at, " to %u", most);
    if (!required(dt, node, property, want, NULL) || !dt_cells(dt, node, property, &found, 1))
        return;
    if (strcmp(property, "reg") == 0)
        dt_check_unit_address(dt, node, found);
    if (found < least || found > most)
        dt_error(dt, node, property, hint, "found %u, want %s", found, want);
    else if (value)
        *value = found;
}

unsigned dt_count_cells(const struct dt *dt, int node, const char *property) {
    int length;

    return fdt_getprop(dt->blob, node, property, &length) ? (unsigned)length / sizeof(uint32_t) : 0;
}

uint64_t dt_join(const uint32_t cells[2]) {
    return (uint64_t)cells[0] << 32 | cells[1];
}

bool dt_has(const struct dt *dt, int node, const char *property) {
    return fdt_getprop(dt->blob, node, property, NULL) != NULL;
}

bool dt_flag(const struct dt *dt, int node, const char *property) {
    int length;
    const void *value = fdt_getprop(dt->blob, node, property, &length);

    if (value && length != 0)
        dt_error(dt, node, property, "the property's presence is its meaning", "found %d bytes, want an empty property",
                 length);
    return value != NULL;
}

int dt_choice(const struct dt *dt, int node, const char *property, const char *known) {
    const char *found = dt_string(dt, node, property);
    int choice = found ? find_word(found, known) : -1;
    char want[WANT_MAX];
    size_t at = 0;

    if (!found || choice >= 0)
        return choice;
    for (; *known != '\0'; known++)
        at += format_string(want + at, sizeof(want) - at, "%s", *known == ' ' ? "\" or \"" : (char[2]){*known});
    dt_error(dt, node, property, NULL, "found \"%s\", want \"%s\"", found, want);
    return -1;
}

void dt_expect_cells(const struct dt *dt, int node, uint32_t address_cells, uint32_t size_cells) {
    dt_cell(dt, node, "#address-cells", address_cells, address_cells, NULL, NULL);
    dt_cell(dt, node, "#size-cells", size_cells, size_cells, NULL, NULL);
}

int dt_next(const struct dt *dt, int node, const char *name, int child) {
    do
        child = child < 0 ? fdt_first_subnode(dt->blob, node) : fdt_next_subnode(dt->blob, child);
    while (child >= 0 && !dt_is_named(dt, child, name));
    return child;
}

int dt_find(const struct dt *dt, int node, const char *name) {
    return dt_next(dt, node, name, -1);
}

unsigned dt_count(const struct dt *dt, int node, const char *name) {
    unsigned count = 0;

    for (int child = -1; (child = dt_next(dt, node, name, child)) >= 0;)
        count++;
    return count;
}

void *dt_alloc(const struct dt *dt, unsigned count, size_t size_bytes) {
    return arena_alloc(dt->arena, count * size_bytes, sizeof(uint64_t));
}

void *dt_alloc_children(const struct dt *dt, int node, uint32_t address_cells, uint32_t size_cells, const char *name,
                        const char *what, unsigned most, size_t size_bytes) {
    unsigned count = dt_count(dt, node, name);

    dt_expect_cells(dt, node, address_cells, size_cells);
    if (count >= 1 && count <= most)
        return dt_alloc(dt, count, size_bytes);
    dt_error(dt, node, NULL, NULL, "found %u %s, want 1 to %u", count, what, most);
    return NULL;
}

int dt_child(const struct dt *dt, int node, const char *name) {
    int child = dt_find(dt, node, name);

    if (child < 0)
        dt_error(dt, node, NULL, NULL, "found no node \"%s\", want one", name);
    return child;
}
