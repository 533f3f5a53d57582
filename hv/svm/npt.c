/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page tables: see npt.h. Levels count as in the manual's figures: 4 is the
 * PML4, 1 the page table. Entries need U=1, as every nested access is a user access
 * (APM vol. 2, "Nested Table Walk").
 */
#include "hv/svm/npt.h"

#define ENTRY_PRESENT (1ULL << 0)
#define ENTRY_WRITE   (1ULL << 1)
#define ENTRY_USER    (1ULL << 2)
#define ENTRY_LARGE   (1ULL << 7)
#define ENTRY_NX      (1ULL << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ULL
#define ENTRY_TABLE   (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER)
#define ENTRIES       512u

#define LEVEL_TOP       4
#define LEVEL_PAGE      1
#define LEVEL_LARGE_MAX 3 /* 1 GiB pages */

static unsigned level_shift(int level) {
    return 12 + 9 * (unsigned)(level - 1);
}

static uint64_t level_bytes(int level) {
    return 1ULL << level_shift(level);
}

static uint64_t *entry_of(uint64_t *table, uint64_t gpa, int level) {
    return &table[(gpa >> level_shift(level)) % ENTRIES];
}

static bool is_leaf(uint64_t entry, int level) {
    return level == LEVEL_PAGE || (entry & ENTRY_LARGE);
}

static uint64_t *table_of(uint64_t entry) {
    return (uint64_t *)(uintptr_t)(entry & ENTRY_ADDRESS);
}

static uint64_t *new_table(struct npt *npt) {
    return arena_alloc(npt->arena, PAGE_BYTES, PAGE_BYTES);
}

static uint64_t leaf(uint64_t hpa, unsigned rights, int level) {
    return hpa | ENTRY_PRESENT | ENTRY_USER | ((rights & NPT_WRITE) ? ENTRY_WRITE : 0) |
           ((rights & NPT_EXECUTE) ? 0 : ENTRY_NX) | (level > LEVEL_PAGE ? ENTRY_LARGE : 0);
}

bool npt_init(struct npt *npt, struct arena *arena, bool gigabyte_pages) {
    *npt = (struct npt){.arena = arena, .gigabyte_pages = gigabyte_pages};
    npt->root = new_table(npt);
    return npt->root != NULL;
}

/* Replaces a large page at `level` by a table of pages one level down that map the same. */
static bool split(struct npt *npt, uint64_t *entry, int level) {
    uint64_t *table = new_table(npt);
    uint64_t step = level_bytes(level - 1);
    uint64_t first = level - 1 == LEVEL_PAGE ? *entry & ~ENTRY_LARGE : *entry;

    if (!table)
        return false;
    for (unsigned i = 0; i < ENTRIES; i++)
        table[i] = first + i * step;
    *entry = (uintptr_t)table | ENTRY_TABLE;
    return true;
}

/* The table below `entry` of `level`, made where it is missing; NULL when the arena is used up. */
static uint64_t *descend(struct npt *npt, uint64_t *entry, int level) {
    if (!(*entry & ENTRY_PRESENT)) {
        uint64_t *table = new_table(npt);

        if (!table)
            return NULL;
        *entry = (uintptr_t)table | ENTRY_TABLE;
    } else if (is_leaf(*entry, level) && !split(npt, entry, level)) {
        return NULL;
    }
    return table_of(*entry);
}

static int largest_level(const struct npt *npt, uint64_t gpa, uint64_t hpa, uint64_t size_bytes) {
    int level = npt->gigabyte_pages ? LEVEL_LARGE_MAX : LEVEL_LARGE_MAX - 1;

    while (level > LEVEL_PAGE && (!is_aligned(gpa | hpa, level_bytes(level)) || size_bytes < level_bytes(level)))
        level--;
    return level;
}

bool npt_map(struct npt *npt, gpa_t gpa, uint64_t size_bytes, hpa_t hpa, unsigned rights) {
    uint64_t from = gpa.value;
    uint64_t to = hpa.value;

    while (size_bytes > 0) {
        int level = largest_level(npt, from, to, size_bytes);
        uint64_t *table = npt->root;

        for (int above = LEVEL_TOP; above > level; above--) {
            table = descend(npt, entry_of(table, from, above), above);
            if (!table)
                return false;
        }
        *entry_of(table, from, level) = leaf(to, rights, level);
        from += level_bytes(level);
        to += level_bytes(level);
        size_bytes -= level_bytes(level);
    }
    return true;
}

bool npt_lookup(const struct npt *npt, gpa_t gpa, hpa_t *hpa, unsigned *rights) {
    uint64_t *table = npt->root;

    if (gpa.value >= NPT_GPA_LIMIT)
        return false;
    for (int level = LEVEL_TOP;; level--) {
        uint64_t entry = *entry_of(table, gpa.value, level);

        if (!(entry & ENTRY_PRESENT))
            return false;
        if (is_leaf(entry, level)) {
            uint64_t offset = gpa.value & (level_bytes(level) - 1);

            *hpa = HPA(align_down(entry & ENTRY_ADDRESS, level_bytes(level)) + offset);
            *rights = ((entry & ENTRY_WRITE) ? NPT_WRITE : 0) | ((entry & ENTRY_NX) ? 0 : NPT_EXECUTE);
            return true;
        }
        table = table_of(entry);
    }
}

hpa_t npt_root(const struct npt *npt) {
    return HPA((uintptr_t)npt->root);
}
