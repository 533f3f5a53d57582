/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed reading of a device tree over libfdt. Every reader reports what it finds
 * wrong and goes on, so that one pass finds everything. Names begin with dt_, as
 * fdt_ is libfdt's (Devicetree Specification 0.4, "The Devicetree").
 */
#pragma once

#include "hv/lib/arena.h"
#include "hv/lib/report.h"

struct dt {
    const void *blob;
    struct arena *arena;
    struct report *report;
};

/* 0 for a blob that is whole and can be read, else libfdt's error. */
int dt_check(const void *blob, size_t size_bytes);

/* Checks the whole blob; false, and one error, when it cannot be read. */
bool dt_open(struct dt *dt, const void *blob, size_t size_bytes);

/* The node's path, until the next call; the other one keeps it in the arena; "a node" when that is used up. */
const char *dt_path(const struct dt *dt, int node);
const char *dt_keep_path(const struct dt *dt, int node);

/* Reports an error at the node: its property or NULL, a hint or NULL, and the text. Always false. */
#define dt_error(dt, node, ...) report_error((dt)->report, dt_path(dt, node), __VA_ARGS__)

/* Whether that is the name; "a@" is that of any node a with a unit address. */
bool dt_is_named(const struct dt *dt, int node, const char *name);

/*
 * Reports properties and child nodes that are not among the names, which are report->known then, or repeated. Names
 * are words in one string, with a space between them. A node's name that ends with "@" wants a unit address, and any
 * number of such nodes may be there; of the others there is one at most.
 */
void dt_check_names(const struct dt *dt, int node, const char *properties, const char *children);

/* Reports a unit address that is not `address` in hexadecimal. */
void dt_check_unit_address(const struct dt *dt, int node, uint64_t address);

/* The property as one string, from the blob. NULL and an error when it is missing or something else. */
const char *dt_string(const struct dt *dt, int node, const char *property);

/* The same of a property that may be missing, which gives NULL too. */
const char *dt_optional_string(const struct dt *dt, int node, const char *property);

/* The property as `count` 32-bit cells. False and an error when it is missing or has another size. */
bool dt_cells(const struct dt *dt, int node, const char *property, uint32_t *cells, unsigned count);

/*
 * The property as one cell from `least` to `most`, which goes to *value unless that is NULL. Nothing does, and an error
 * is reported, when it is missing or something else; in "reg" also when the unit address does not repeat it.
 */
void dt_cell(const struct dt *dt, int node, const char *property, uint32_t least, uint32_t most, const char *hint,
             uint32_t *value);

/* Number of cells of a property; 0 where it is missing. */
unsigned dt_count_cells(const struct dt *dt, int node, const char *property);

/* What two cells say. */
uint64_t dt_join(const uint32_t cells[2]);

bool dt_has(const struct dt *dt, int node, const char *property);

/* Whether an empty property is there. */
bool dt_flag(const struct dt *dt, int node, const char *property);

/*
 * Which of the known words, with a space between them, the property is, from 0. -1, and an error, when it is missing
 * or something else.
 */
int dt_choice(const struct dt *dt, int node, const char *property, const char *known);

/* Reports other numbers of cells than these. */
void dt_expect_cells(const struct dt *dt, int node, uint32_t address_cells, uint32_t size_cells);

/* Children of that name, one after the other; -1 behind the last. `child` is the one before, or -1. */
int dt_next(const struct dt *dt, int node, const char *name, int child);

/* The first child of that name, or -1. libfdt's own search also takes a name with a unit address for one without. */
int dt_find(const struct dt *dt, int node, const char *name);

/* Number of children of that name. */
unsigned dt_count(const struct dt *dt, int node, const char *name);

/*
 * Memory for `size_bytes` of each child of that name, whose addresses have those cells. NULL, and an error, when the
 * number of them, which the error calls `what`, is not 1 to `most`; NULL also when the arena is used up.
 */
void *dt_alloc_children(const struct dt *dt, int node, uint32_t address_cells, uint32_t size_cells, const char *name,
                        const char *what, unsigned most, size_t size_bytes);

/* Memory for `count` structs of `size_bytes`, or NULL when the arena is used up. */
void *dt_alloc(const struct dt *dt, unsigned count, size_t size_bytes);

/* The first child of that name; an error and -1 when there is none. */
int dt_child(const struct dt *dt, int node, const char *name);
