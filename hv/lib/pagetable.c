/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building page tables: see pagetable.h.
 */
#include "hv/lib/pagetable.h"

/*
 * The table below `entry` of `level`, made where it is missing, and where there is a large page of pages one level down
 * that map the same. NULL when the arena is used up.
 */
static uint64_t *descend(const struct pagetable *pagetable, uint64_t *entry, int level) {
    uint64_t first = level - 1 == LEVEL_PAGE ? *entry & ~ENTRY_LARGE : *entry;
    uint64_t *table;

    if ((*entry & ENTRY_PRESENT) && !level_is_leaf(*entry, level))
        return pagetable_of(*entry);
    table = arena_alloc(pagetable->arena, PAGE_BYTES, PAGE_BYTES);
    if (!table)
        return NULL;
    for (unsigned i = 0; i < ENTRIES && (*entry & ENTRY_PRESENT); i++)
        table[i] = first + i * level_bytes(level - 1);
    *entry = (uintptr_t)table | pagetable->table_bits;
    return table;
}

static int largest_level(const struct pagetable *pagetable, uint64_t addresses, uint64_t size_bytes) {
    int level = pagetable->level_max;

    while (level > LEVEL_PAGE && (!is_aligned(addresses, level_bytes(level)) || size_bytes < level_bytes(level)))
        level--;
    return level;
}

bool pagetable_map(const struct pagetable *pagetable, uint64_t from, uint64_t size_bytes, uint64_t to, uint64_t bits) {
    while (size_bytes > 0) {
        int level = largest_level(pagetable, from | to, size_bytes);
        uint64_t *table = pagetable->root, bytes = level_bytes(level);

        for (int above = LEVEL_TOP; above > level; above--) {
            table = descend(pagetable, &table[level_index(from, above)], above);
            if (!table)
                return false;
        }
        table[level_index(from, level)] = to | bits | (level > LEVEL_PAGE ? ENTRY_LARGE : 0);
        from += bytes;
        to += bytes;
        size_bytes -= bytes;
    }
    return true;
}
