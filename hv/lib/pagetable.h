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

/* Levels count as in the manual's figures: 4 is the PML4, 1 the page table. */
#define LEVEL_TOP  4
#define LEVEL_PAGE 1

/* What an entry of a level maps. */
static inline uint64_t level_bytes(int level) {
    return PAGE_BYTES << 9 * (level - 1);
}

static inline unsigned level_index(uint64_t address, int level) {
    return address / level_bytes(level) % ENTRIES;
}

/* Of an entry that is present. */
static inline bool level_is_leaf(uint64_t entry, int level) {
    return level == LEVEL_PAGE || (entry & ENTRY_LARGE);
}

struct pagetable {
    uint64_t *root; /* the PML4 */
    struct arena *arena;
    uint64_t table_bits; /* of entries that lead to tables */
    int level_max;       /* of large pages */
};

/*
 * Maps `size_bytes` from `from` on to `to` with the largest pages that fit, their entries having these `bits`; all are
 * multiples of 4 KiB. What is mapped already is replaced, large pages being split. False when the arena is used up.
 */
bool pagetable_map(const struct pagetable *pagetable, uint64_t from, uint64_t size_bytes, uint64_t to, uint64_t bits);
