/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format that all page tables of long mode share, our own, nested ones and guests' (APM vol. 2, "Long-Mode Page
 * Translation").
 */
#pragma once

#include "hv/lib/arena.h"

#define ENTRIES        512u
#define ENTRY_PRESENT  (1ULL << 0)
#define ENTRY_WRITE    (1ULL << 1)
#define ENTRY_USER     (1ULL << 2)
#define ENTRY_NO_CACHE (1ULL << 3 | 1ULL << 4) /* PWT, PCD: uncacheable by the reset PAT */
#define ENTRY_ACCESSED (1ULL << 5)
#define ENTRY_DIRTY    (1ULL << 6)
#define ENTRY_LARGE    (1ULL << 7)
#define ENTRY_NX       (1ULL << 63)
#define ENTRY_ADDRESS  0x000ffffffffff000ULL
#define ENTRY_TABLE    (ENTRY_PRESENT | ENTRY_WRITE) /* of a table below: rights are for its entries to give */

static inline uint64_t *pagetable_of(uint64_t entry) {
    return (uint64_t *)(uintptr_t)(entry & ENTRY_ADDRESS);
}

/* The table below `entry`, made with these `bits` where it is missing; NULL when the arena is used up. */
static inline uint64_t *pagetable_below(uint64_t *entry, uint64_t bits, struct arena *arena) {
    if (!(*entry & ENTRY_PRESENT)) {
        void *table = arena_alloc(arena, PAGE_BYTES, PAGE_BYTES);

        *entry = table ? (uintptr_t)table | bits : 0;
    }
    return pagetable_of(*entry);
}
