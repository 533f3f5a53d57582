/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations for tests: a good system as device-tree source, changed in one place a
 * case and compiled with dtc.
 */
#pragma once

#include <stddef.h>

#include "partitions/config.h"
#include "tests/host/findings.h"

extern const char dts_good[];

/* `from`, which must occur, is replaced by `to` where it occurs first; then `lines` are reported. */
struct dts_case {
    const char *name, *from, *to, *lines;
};

/* The source with a replacement; to be freed. */
char *dts_replace(const char *source, const char *from, const char *to);

/* The source as a blob that has exactly *size_bytes, so that reading past it is seen; to be freed. */
void *dts_compile(const char *source, size_t *size_bytes);

/* Parses a source with more than enough memory; what `config` points to stays until the next call. */
void dts_parse(const char *source, struct config *config, struct findings *findings);

/* Parses the good system as each case changes it, and compares what is reported. */
void dts_check(const struct dts_case *cases, unsigned count);
