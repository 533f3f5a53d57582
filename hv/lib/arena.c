/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bump allocator: see arena.h.
 */
#include "hv/lib/arena.h"

#include "hv/lib/string.h"

void *arena_alloc(struct arena *arena, size_t size_bytes, size_t align) {
    size_t padding = (size_t)(-(uintptr_t)arena->next & (align - 1));
    size_t left = (size_t)(arena->end - arena->next);

    if (padding > left || size_bytes > left - padding) {
        arena->used_up = true;
        return NULL;
    }
    uint8_t *memory = arena->next + padding;
    arena->next = memory + size_bytes;
    return memset(memory, 0, size_bytes);
}

const char *arena_string(struct arena *arena, const char *text) {
    size_t size_bytes = strlen(text) + 1;
    char *copy = arena_alloc(arena, size_bytes, 1);

    return copy ? memcpy(copy, text, size_bytes) : NULL;
}
