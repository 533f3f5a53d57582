/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bump allocator over one piece of memory, used while the system is built and
 * never after. What it hands out is zeroed and is never given back.
 */
#pragma once

#include "hv/lib/types.h"

struct arena {
    uint8_t *next;
    uint8_t *end;
    bool used_up; /* something did not fit */
};

/* Zeroed memory aligned to `align` (a power of two), or NULL when the arena is used up. */
void *arena_alloc(struct arena *arena, size_t size_bytes, size_t align);

/* A copy of `text` without its enclosing buffer, or NULL when the arena is used up. */
const char *arena_string(struct arena *arena, const char *text);
