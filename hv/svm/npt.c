/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page tables: see npt.h. Entries need U=1, as every nested access is a user access
 * (APM vol. 2, "Nested Table Walk").
 */
#include "hv/svm/npt.h"

#include "hv/lib/pagetable.h"

#define NPT_TABLE (ENTRY_TABLE | ENTRY_USER)

#define LEVEL_LARGE_MAX 3 /* 1 GiB pages */

#define WALK_END (1ULL << 48) /* past what four levels translate */

static unsigned entry_rights(uint64_t entry) {
    return REACH_READ | ((entry & ENTRY_WRITE) ? REACH_WRITE : 0) | ((entry & ENTRY_NX) ? 0 : REACH_EXECUTE);
}

bool npt_init(struct npt *npt, struct arena *arena, bool gigabyte_pages) {
    *npt = (struct npt){.arena = arena, .gigabyte_pages = gigabyte_pages};
    npt->root = HPA((uintptr_t)arena_alloc(npt->arena, PAGE_BYTES, PAGE_BYTES));
    return npt->root.value != 0;
}

bool npt_map(struct npt *npt, gpa_t gpa, uint64_t size_bytes, hpa_t hpa, unsigned rights) {
    struct pagetable pagetable = {(uint64_t *)npt->root.value, npt->arena, NPT_TABLE,
                                  npt->gigabyte_pages ? LEVEL_LARGE_MAX : LEVEL_LARGE_MAX - 1};
    uint64_t bits = ENTRY_PRESENT | ENTRY_USER | ((rights & REACH_WRITE) ? ENTRY_WRITE : 0) |
                    ((rights & REACH_EXECUTE) ? 0 : ENTRY_NX);

    return pagetable_map(&pagetable, gpa.value, size_bytes, hpa.value, bits);
}

void *npt_memory(const struct npt *npt, gpa_t gpa, unsigned rights) {
    const uint64_t *table = (const uint64_t *)npt->root.value;

    if (gpa.value >= NPT_GPA_LIMIT)
        return NULL;
    for (int level = LEVEL_TOP;; level--) {
        uint64_t entry = table[level_index(gpa.value, level)];

        if (!(entry & ENTRY_PRESENT) || (level_is_leaf(entry, level) && (rights & ~entry_rights(entry))))
            return NULL;
        if (level_is_leaf(entry, level))
            return (uint8_t *)pagetable_of(align_down(entry, level_bytes(level))) + gpa.value % level_bytes(level);
        table = pagetable_of(entry);
    }
}

/* Bits that an entry may have; what the processor writes itself is among them. */
static uint64_t known_bits(uint64_t entry, int level) {
    uint64_t bits = NPT_TABLE | ENTRY_ACCESSED | ENTRY_NX;

    if (!level_is_leaf(entry, level))
        return bits | ENTRY_ADDRESS;
    bits |= ENTRY_DIRTY | (ENTRY_ADDRESS & ~(level_bytes(level) - 1));
    return level > LEVEL_PAGE && level <= LEVEL_LARGE_MAX ? bits | ENTRY_LARGE : bits;
}

/* What is wanted of a present entry that is odd; NULL for one that is not. */
static const char *wanted(uint64_t entry, int level, struct range tables) {
    if (!(entry & ENTRY_USER))
        return "bit 2 (U) set";
    if (entry & ~known_bits(entry, level))
        return "its reserved and unused bits clear";
    if (!level_is_leaf(entry, level) && !range_contains(tables, (struct range){entry & ENTRY_ADDRESS, PAGE_BYTES}))
        return "it to lead to a table of the hypervisor's";
    return NULL;
}

static bool check_table(const uint64_t *table, int level, uint64_t gpa, struct range tables, struct npt_odd *odd) {
    for (unsigned i = 0; i < ENTRIES; i++, gpa += level_bytes(level)) {
        uint64_t entry = table[i];

        if (!(entry & ENTRY_PRESENT))
            continue;
        *odd = (struct npt_odd){GPA(gpa), level, entry, wanted(entry, level, tables)};
        if (odd->want ||
            (!level_is_leaf(entry, level) && !check_table(pagetable_of(entry), level - 1, gpa, tables, odd)))
            return false;
    }
    return true;
}

bool npt_check(hpa_t root, struct range tables, struct npt_odd *odd) {
    return check_table((const uint64_t *)root.value, LEVEL_TOP, 0, tables, odd);
}

/*
 * Adds the pages of a table from `from` on to the run, whose rights are 0 before the first; false where it ends. Each
 * level can only take rights away (APM vol. 2, "Page-Protection Checks").
 */
static bool extend(const uint64_t *table, int level, uint64_t from, unsigned rights, struct reach *run) {
    uint64_t bytes = level_bytes(level);

    for (unsigned i = level_index(from, level); i < ENTRIES; i++, from = align_down(from, bytes) + bytes) {
        uint64_t entry = table[i];

        if (!(entry & ENTRY_PRESENT)) {
            if (run->rights)
                return false;
            continue;
        }
        unsigned left = rights & entry_rights(entry);

        if (!level_is_leaf(entry, level)) {
            if (!extend(pagetable_of(entry), level - 1, from, left, run))
                return false;
            continue;
        }
        uint64_t offset = from & (bytes - 1);
        uint64_t hpa = (entry & ENTRY_ADDRESS) + offset;

        if (run->rights == 0)
            *run = (struct reach){from, from - 1, hpa, left};
        if (hpa - run->host != run->last + 1 - run->first || left != run->rights)
            return false;
        run->last += bytes - offset;
    }
    return true;
}

bool npt_next(hpa_t root, gpa_t from, struct reach *run) {
    *run = (struct reach){0};
    if (from.value < WALK_END)
        extend((const uint64_t *)root.value, LEVEL_TOP, from.value, REACH_READ | REACH_WRITE | REACH_EXECUTE, run);
    return run->rights != 0;
}
