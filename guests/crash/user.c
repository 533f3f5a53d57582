/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring 3: see user.h (APM vol. 2, "Segmented Virtual Memory" and "64-Bit Task State Segment").
 */
#include "guests/crash/user.h"

#include "guests/lib/x86.h"

#define TABLES        6 /* PML4, PDPT and four directories, one after the other (docs/guest-interface.md) */
#define TABLE_ENTRIES 512
#define ENTRY_PRESENT 1
#define ENTRY_USER    4

#define SELECTOR_TSS  0x28
#define TSS_AVAILABLE 0x89ULL

struct __attribute__((packed)) tss {
    uint32_t reserved_000;
    uint64_t rsp0;
    uint8_t reserved_00c[0x66 - 0x0c];
    uint16_t io_map_base;
} user_tss = {.io_map_base = sizeof(struct tss)};

/* Null, code and data of ring 0, data and code of ring 3, the TSS in two entries; user_64.S has the selectors. */
static uint64_t gdt[] = {0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff, 0, 0};

static void open_pages(void) {
    uint64_t *entry;

    __asm__ volatile("mov %%cr3, %0" : "=r"(entry));
    for (unsigned i = 0; i < TABLES * TABLE_ENTRIES; i++)
        if (entry[i] & ENTRY_PRESENT)
            entry[i] |= ENTRY_USER;
    __asm__ volatile("mov %0, %%cr3" ::"r"(entry) : "memory");
}

void user_init(void) {
    uint64_t base = (uintptr_t)&user_tss;
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } table = {sizeof(gdt) - 1, (uintptr_t)gdt};

    open_pages();
    gdt[SELECTOR_TSS / 8] = (sizeof(user_tss) - 1) | (base & 0xffffff) << 16 | TSS_AVAILABLE << 40 | base >> 24 << 56;
    __asm__ volatile("lgdt %0\n\tltr %w1" ::"m"(table), "r"(SELECTOR_TSS) : "memory");
}
