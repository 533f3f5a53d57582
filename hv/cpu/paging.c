/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's page tables: see paging.h. 2 MiB pages everywhere but in the first
 * 2 MiB, where the image and the VGA pages lie and 4 KiB pages give each its rights.
 */
#include "hv/cpu/paging.h"

#include "hv/cpu/lapic.h"
#include "hv/cpu/x86.h"
#include "hv/lib/pagetable.h"
#include "hv/lib/string.h"

#define LEVEL_LARGE 2
#define LARGE_BYTES level_bytes(LEVEL_LARGE)
#define RIGHTS_DATA (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NX)

/* Filled by boot/entry.S: PML4, PDPT, and the directories of the first 4 GiB one after the other. */
#define TABLE(name, entries) __attribute__((aligned(PAGE_BYTES))) uint64_t name[entries]
TABLE(boot_pml4, ENTRIES);
TABLE(boot_pdpt, ENTRIES);
TABLE(boot_directories, 4 * ENTRIES);

/* From boot/shikiri.ld. */
extern const uint8_t text_start[], text_end[], rodata_start[], rodata_end[];

/* At its own address, by as large pages as fit; what does not fit into the arena marks it as used up. */
static void map(struct arena *arena, uint64_t from, uint64_t end, uint64_t bits) {
    const struct pagetable pagetable = {boot_pml4, arena, ENTRY_TABLE, LEVEL_LARGE};

    pagetable_map(&pagetable, from, end - from, from, bits);
}

/* The first 2 MiB, piece by piece, as this runs in it: what is in the image has its rights, the rest those of data. */
static void map_low(struct arena *arena) {
    uint64_t text = (uintptr_t)text_start, rodata = (uintptr_t)rodata_start, data = (uintptr_t)rodata_end;

    map(arena, 0, PAGE_BYTES, 0);
    map(arena, PAGE_BYTES, text, RIGHTS_DATA);
    map(arena, text, (uintptr_t)text_end, ENTRY_PRESENT);
    map(arena, rodata, data, ENTRY_PRESENT | ENTRY_NX);
    map(arena, data, LARGE_BYTES, RIGHTS_DATA);
    for (unsigned i = 0; i < CPU_MAX; i++) { /* nobody may touch a guard page */
        uint64_t guard = (uintptr_t)cpu_stacks[i], second = guard + CPU_FAULT_STACK_GUARD;

        map(arena, guard, guard + PAGE_BYTES, 0);
        map(arena, second, second + PAGE_BYTES, 0);
    }
}

bool paging_init(const struct range *ram, unsigned ram_count, struct arena *arena) {
    x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_NXE);
    map_low(arena);
    memset(&boot_directories[1], 0, sizeof(boot_directories) - sizeof(boot_directories[0]));
    for (unsigned i = 0; i < ram_count; i++) {
        uint64_t from = higher(align_down(ram[i].base, LARGE_BYTES), LARGE_BYTES);
        uint64_t end = higher(align_up(range_end(ram[i]), LARGE_BYTES), LARGE_BYTES);

        map(arena, from, end, RIGHTS_DATA);
    }
    boot_directories[LAPIC_BASE / LARGE_BYTES] = LAPIC_BASE | RIGHTS_DATA | ENTRY_NO_CACHE | ENTRY_LARGE;
    x86_write_cr0(x86_read_cr0() | CR0_WP);
    x86_write_cr3((uintptr_t)boot_pml4);
    return !arena->used_up;
}
