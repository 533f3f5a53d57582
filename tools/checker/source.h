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

/* What keeps a source from becoming a blob. */
struct source_error {
    struct place place;
    const char *path;     /* of the node, "" where there is none */
    const char *property; /* or NULL */
    const char *text;
    const char *hint; /* or NULL */
};

struct source {
    const char *path; /* of the file */
    void *blob;
    size_t size_bytes;
    struct source_entry *entries; /* none for a .dtb */
    size_t entry_count;
    struct source_error *errors; /* there is a blob when there are none */
    size_t error_count;
};

/* Whether a file is a blob to the hypervisor: by its magic alone, as boot/start.c sees it. */
bool source_is_blob(const void *data, size_t size_bytes);

/* Compiles a .dts with dtc, or reads a .dtb as it is. Ends the program when the file cannot be read. */
void source_read(struct source *source, const char *path);

/*
 * Where a property stands. Where it does not stand in the source, the place of its node, or of the
 * nearest node above; without lines, the file alone.
 */
struct place source_place(const struct source *source, const char *path, const char *property);
