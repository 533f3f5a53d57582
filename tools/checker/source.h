/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device tree as its author has it: the blob, and the line of the source that each
 * node and property comes from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct place {
    const char *file;
    unsigned line, column; /* from 1; 0 when the place is not known */
};

struct source_entry {
    const char *path;     /* of the node */
    const char *property; /* NULL for the node itself */
    struct place place;
};

struct source {
    const char *path; /* of the file */
    void *blob;
    size_t size_bytes;
    struct source_entry *entries; /* none for a .dtb */
    size_t entry_count;
    struct place wrong; /* where dtc gave up */
    const char *said;   /* what dtc said then, NULL when there is a blob */
};

/* Compiles a .dts with dtc, or reads a .dtb as it is. Ends the program when that cannot be tried. */
void source_read(struct source *source, const char *path);

/*
 * Where a property stands. Where it does not stand in the source, the place of its node, or of the
 * nearest node above; without lines, the file alone.
 */
struct place source_place(const struct source *source, const char *path, const char *property);
