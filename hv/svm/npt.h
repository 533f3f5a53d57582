/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page tables (APM vol. 2, "Nested Paging"): four levels in the host's long
 * mode format. What is not mapped is absent. Pure: tables come from an arena, and
 * no hardware is touched; whoever changes a table that has been used flushes the
 * ASID.
 */
#pragma once

#include "hv/lib/arena.h"
#include "hv/lib/range.h"
#include "hv/lib/reach.h"

#define NPT_GPA_LIMIT (1ULL << 39) /* one PML4 entry: 512 GiB of guest-physical addresses */

struct npt {
    hpa_t root; /* nCR3: the PML4 */
    struct arena *arena;
    bool gigabyte_pages; /* the processor has 1 GiB pages (CPUID 0x80000001 EDX bit 26) */
};

/* An empty table; false when the arena is used up. */
bool npt_init(struct npt *npt, struct arena *arena, bool gigabyte_pages);

/*
 * Maps `size_bytes` at `gpa` to `hpa` with the largest pages that fit. All three are
 * multiples of 4 KiB; gpa + size_bytes is at most NPT_GPA_LIMIT. A part that is mapped
 * already is replaced, large pages being split. What is mapped can be read, whatever `rights`, of
 * hv/lib/reach.h, say of that. False when the arena is used up.
 */
bool npt_map(struct npt *npt, gpa_t gpa, uint64_t size_bytes, hpa_t hpa, unsigned rights);

/* The memory at a guest-physical address, up to the end of its page; NULL when it is absent or lacks one of the
 * `rights`. */
void *npt_memory(const struct npt *npt, gpa_t gpa, unsigned rights);

/*
 * For audits: what a table in memory says, read as the processor reads it. Only nCR3 comes in, and
 * all 512 entries of the PML4 count.
 */

/* An entry that npt_map() does not write. */
struct npt_odd {
    gpa_t gpa;
    int level; /* 4 is the PML4 */
    uint64_t entry;
    const char *want;
};

/*
 * Whether every present entry is one that npt_map() writes, and every table lies in `tables`; false and the
 * first other one in *odd. The rights of tables may differ.
 */
bool npt_check(hpa_t root, struct range tables, struct npt_odd *odd);

/*
 * The lowest run of addresses at `from` or above: as long as it is contiguous in GPA and HPA and
 * all levels give it the same rights. False when there is none. For tables that npt_check() has passed.
 */
bool npt_next(hpa_t root, gpa_t from, struct reach *run);
