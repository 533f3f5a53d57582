/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hypervisor with spoilt tables, for the tests of the audit: linked with --wrap, so that the core has no code for
 * it. A word of a partition's bootargs says what is spoilt: corrupt=NAME when the partition has been loaded,
 * corrupt-second=NAME the same of its second vCPU, corrupt-later=NAME when all partitions have stopped.
 */
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "partitions/partition.h"
#include "boot/start.h"

enum area {
    VMCB,     /* the word at an offset, as in the manual's appendix B */
    IOPM,     /* the word at an offset */
    MSRPM,    /* the same */
    NPT_LEAF, /* the entry that maps an address with 2 MiB */
    NPT_ROOT, /* the entry at an offset of the PML4 */
    NPT_COPY, /* the same becomes that of address 0 */
    NPT_NEW,  /* a page that is mapped in addition: from and to */
};

/* A 64-bit word, and the bits that flip in it. */
static const struct corruption {
    const char *name;
    enum area area;
    uint64_t at, flip;
} corruptions[] = {
    {"npt-present", NPT_LEAF, 0x200000, 1ULL << 0},
    {"npt-write", NPT_LEAF, 0x200000, 1ULL << 1},
    {"npt-user", NPT_LEAF, 0x200000, 1ULL << 2},
    {"npt-reserved", NPT_LEAF, 0x200000, 1ULL << 13},
    {"npt-address", NPT_LEAF, 0x200000, 1ULL << 24},
    {"npt-nx", NPT_LEAF, 0x200000, 1ULL << 63},
    {"npt-small", NPT_LEAF, 0x200000, 1ULL << 7}, /* a table, then, in the guest's own memory */
    {"npt-table-write", NPT_ROOT, 0, 1ULL << 1},
    {"npt-table-nx", NPT_ROOT, 0, 1ULL << 63},
    {"npt-top", NPT_COPY, 511 * 8, 0},
    {"npt-hypervisor", NPT_NEW, 0x40000000, 0x100000},
    {"npt-screen", NPT_NEW, 0xa0000000, 0xb8000},
    {"iopm-bit", IOPM, 0x60 / 8, 1ULL << 0},
    {"iopm-third-page", IOPM, 0x2000, 1ULL << 1},
    {"msrpm-read", MSRPM, 0x820, 1ULL << 0},   /* 0xc0000080, EFER */
    {"msrpm-write", MSRPM, 0x000, 1ULL << 33}, /* 0x10, TSC */
    {"msrpm-reserved", MSRPM, 0x1ff8, 1ULL << 63},
    {"msrpm-intercept", MSRPM, 0x840, 1ULL << 0}, /* 0xc0000100, FS_BASE */
    {"intercept-cr8", VMCB, 0x000, 1ULL << 24},
    {"intercept-db", VMCB, 0x008, 1ULL << 1},
    {"intercept-intr", VMCB, 0x008, 1ULL << 32},
    {"intercept-msr", VMCB, 0x008, 1ULL << 60},
    {"intercept-vmrun", VMCB, 0x010, 1ULL << 0},
    {"iopm-base", VMCB, 0x040, 1ULL << 28},
    {"msrpm-base", VMCB, 0x048, 1ULL << 4},
    {"asid-host", VMCB, 0x058, 1ULL << 1}, /* the second partition's is 2 */
    {"asid-shared", VMCB, 0x058, 3ULL},
    {"asid-second", VMCB, 0x058, 1ULL}, /* its second vCPU's is 3 */
    {"asid-third", VMCB, 0x058, 2ULL},
    {"interrupts-unmasked", VMCB, 0x060, 1ULL << 24},
    {"nested-paging", VMCB, 0x090, 1ULL << 0},
    {"ncr3", VMCB, 0x0b0, 1ULL << 40},
    {"ncr3-page", VMCB, 0x0b0, 1ULL << 12}, /* another page of the hypervisor's own */
    {"iopm-page", VMCB, 0x040, 1ULL << 12},
    {"msrpm-page", VMCB, 0x048, 1ULL << 12},
};

static uint64_t *table_at(uint64_t entry) {
    return (uint64_t *)(entry & 0x000ffffffffff000);
}

static uint64_t *word_of(struct vcpu *vcpu, enum area area, uint64_t at) {
    switch (area) {
    case VMCB:
        return (uint64_t *)((uintptr_t)vcpu->vmcb + at);
    case IOPM:
        return (uint64_t *)(vcpu->vmcb->control.iopm_base_pa + at);
    case MSRPM:
        return (uint64_t *)(vcpu->vmcb->control.msrpm_base_pa + at);
    case NPT_LEAF:
        return &table_at(table_at(*table_at(vcpu->vmcb->control.n_cr3))[at >> 30])[at >> 21 & 511];
    default:
        return (uint64_t *)(vcpu->vmcb->control.n_cr3 + at);
    }
}

static void corrupt(struct vcpu *vcpu, const struct corruption *c) {
    uint64_t *word = word_of(vcpu, c->area, c->at);

    log_line("test: corrupting %s", c->name);
    if (c->area == NPT_NEW)
        npt_map(&vcpu->common->npt, GPA(c->at), PAGE_BYTES, HPA(c->flip), REACH_WRITE);
    else if (c->area == NPT_COPY)
        *word = *table_at(vcpu->vmcb->control.n_cr3);
    else
        *word ^= c->flip;
}

/* Whether a word of the bootargs is `option` with `name` behind it. */
static bool asks_for(const char *bootargs, const char *option, const char *name) {
    size_t option_length = strlen(option), name_length = strlen(name);

    for (const char *at = bootargs; *at != '\0'; at++)
        if ((at == bootargs || at[-1] == ' ') && strncmp(at, option, option_length) == 0 &&
            strncmp(at + option_length, name, name_length) == 0 &&
            (at[option_length + name_length] == ' ' || at[option_length + name_length] == '\0'))
            return true;
    return false;
}

static void corrupt_as_asked(struct partition *partition, const char *option, unsigned vcpu) {
    for (unsigned i = 0; i < ARRAY_LENGTH(corruptions); i++)
        if (asks_for(partition->config->bootargs, option, corruptions[i].name))
            corrupt(&partition->common.vcpus[vcpu], &corruptions[i]);
}

bool __real_partition_load(struct partition *, uint64_t);
bool __wrap_partition_load(struct partition *, uint64_t);
bool __wrap_partition_load(struct partition *partition, uint64_t until_tsc) {
    bool loaded = __real_partition_load(partition, until_tsc);

    if (until_tsc != UINT64_MAX) /* a restart */
        return loaded;
    corrupt_as_asked(partition, "corrupt=", 0);
    corrupt_as_asked(partition, "corrupt-second=", 1);
    return loaded;
}

void __real_start_summarize(const struct boot *boot);
void __wrap_start_summarize(const struct boot *boot);
void __wrap_start_summarize(const struct boot *boot) {
    __real_start_summarize(boot);
    for (unsigned i = 0; i < boot->system.config.partition_count; i++)
        corrupt_as_asked(&boot->partitions[i], "corrupt-later=", 0);
}
