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

#define LARGE_BYTES (2 * MIB)
#define RIGHTS_DATA (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NX)

/* Filled by boot/entry.S: PML4, PDPT, and the directories of the first 4 GiB one after the other. */
#define TABLE(name, entries) __attribute__((aligned(PAGE_BYTES))) uint64_t name[entries]
TABLE(boot_pml4, ENTRIES);
TABLE(boot_pdpt, ENTRIES);
TABLE(boot_directories, 4 * ENTRIES);
static TABLE(low_table, ENTRIES);

/* From boot/shikiri.ld. */
extern const uint8_t text_start[], text_end[], rodata_start[], rodata_end[];

static bool is_between(uint64_t address, const uint8_t *from, const uint8_t *to) {
    return address >= (uintptr_t)from && address < (uintptr_t)to;
}

static bool is_guard(uint64_t address) {
    uint64_t offset = address - (uintptr_t)cpu_stacks;

    return offset < sizeof(cpu_stacks) &&
           (offset % CPU_STACKS_BYTES == 0 || offset % CPU_STACKS_BYTES == CPU_FAULT_STACK_GUARD);
}

/* The entry of a page in the first 2 MiB; 0 for one that nobody may touch. */
static uint64_t low_entry(uint64_t address) {
    if (address == 0 || is_guard(address))
        return 0;
    if (is_between(address, text_start, text_end))
        return address | ENTRY_PRESENT;
    if (is_between(address, rodata_start, rodata_end))
        return address | ENTRY_PRESENT | ENTRY_NX;
    return address | RIGHTS_DATA;
}

/* The page directory entry of an address, with its tables; NULL when the arena is used up. */
static uint64_t *large_entry(uint64_t address, struct arena *arena) {
    uint64_t *table = boot_pml4;

    for (unsigned shift = 39; shift > 21 && table; shift -= 9)
        table = pagetable_below(&table[(address >> shift) % ENTRIES], ENTRY_TABLE, arena);
    return table ? &table[(address >> 21) % ENTRIES] : NULL;
}

static bool map_ram(struct range ram, struct arena *arena) {
    uint64_t end = range_end(ram);

    for (uint64_t at = align_down(ram.base, LARGE_BYTES); at < end; at += LARGE_BYTES) {
        uint64_t *entry = large_entry(at, arena);

        if (!entry)
            return false;
        if (at != 0)
            *entry = at | RIGHTS_DATA | ENTRY_LARGE;
    }
    return true;
}

bool paging_init(const struct range *ram, unsigned ram_count, struct arena *arena) {
    x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_NXE);
    for (unsigned i = 0; i < ENTRIES; i++)
        low_table[i] = low_entry(i * PAGE_BYTES);
    boot_directories[0] = (uintptr_t)low_table | ENTRY_TABLE;
    memset(&boot_directories[1], 0, sizeof(boot_directories) - sizeof(boot_directories[0]));
    for (unsigned i = 0; i < ram_count; i++)
        if (!map_ram(ram[i], arena))
            return false;
    boot_directories[LAPIC_BASE / LARGE_BYTES] = LAPIC_BASE | RIGHTS_DATA | ENTRY_NO_CACHE | ENTRY_LARGE;
    x86_write_cr0(x86_read_cr0() | CR0_WP);
    x86_write_cr3((uintptr_t)boot_pml4);
    return true;
}
