/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System registers of the counter: see system.h.
 */
#include "guests/counter/system.h"

#include "guests/lib/lib.h"

#define CR0_MP         (1UL << 1)
#define CR0_EM         (1UL << 2)
#define CR4_OSFXSR     (1UL << 9)
#define CR4_OSXMMEXCPT (1UL << 10)
#define CR4_OSXSAVE    (1UL << 18)
#define FEATURE_XSAVE  (1U << 26) /* CPUID 1 ECX */
#define FEATURE_AVX    (1U << 28)
#define FEATURE_RDTSCP (1U << 27) /* CPUID 0x80000001 EDX */
#define MSR_TSC_AUX    0xc0000103

/* SYSENTER_CS, _ESP, _EIP, STAR, LSTAR, CSTAR, SFMASK, FS and GS base, KernelGSBase. */
static const uint32_t msrs[] = {0x174,      0x175,      0x176,      0xc0000081, 0xc0000082,
                                0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102};

#define MSRS (sizeof(msrs) / sizeof(msrs[0]))

static bool has_tsc_aux;
static bool has_xsave;
static uint32_t xcr0;

static unsigned long read_cr4(void) {
    unsigned long value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static void write_cr4(unsigned long value) {
    __asm__ volatile("mov %0, %%cr4" ::"r"(value));
}

static uint32_t read_xcr0(void) {
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

bool system_enable_vectors(void) {
    unsigned long cr0;
    uint32_t r[4];

    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" ::"r"((cr0 | CR0_MP) & ~CR0_EM));
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    __asm__ volatile("fninit");
    cpuid(0x80000001, 0, r);
    has_tsc_aux = r[3] & FEATURE_RDTSCP;
    cpuid(1, 0, r);
    has_xsave = r[2] & FEATURE_XSAVE;
    if (!has_xsave)
        return false;
    write_cr4(read_cr4() | CR4_OSXSAVE);
    xcr0 = (r[2] & FEATURE_AVX) ? 7 : 3;
    __asm__ volatile("xsetbv" ::"c"(0), "a"(xcr0), "d"(0));
    return xcr0 == 7;
}

/* Below 2^16: valid in all of them, also in SYSENTER_CS. */
static uint32_t value_of(uint32_t seed, uint32_t number) {
    return (seed & 0xff) * 0x100 + number;
}

#define GDT_OWN        4 /* entries of the start code's, which stay */
#define DESCRIPTOR_LDT 0x82ULL
#define DESCRIPTOR_TSS 0x89ULL
#define TASK_BYTES     104UL
#define DESCRIPTOR(type, base)                                                                                         \
    ((TASK_BYTES - 1) | ((base)&0xffffffULL) << 16 | (type) << 40 | ((base) >> 24 & 0xffULL) << 56)

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uintptr_t base;
};

/* Different for even and odd seeds; a descriptor takes two entries in long mode. */
static uint16_t tr_of(uint32_t seed) {
    return (uint16_t)(8 * (GDT_OWN + (seed & 1 ? 4 : 0)));
}

static uint16_t ldtr_of(uint32_t seed) {
    return tr_of(seed) + 16;
}

/* A task state segment and an LDT, which nothing uses: only the registers matter. */
static void load_task(uint32_t seed) {
    static uint64_t gdts[VCPUS_MAX][GDT_OWN + 8], tasks[VCPUS_MAX][TASK_BYTES / 8];
    uint32_t number = info(SHIKIRI_INFO_VCPU);
    uint64_t *gdt = gdts[number];
    struct table_register table;
    uint64_t base = (uintptr_t)tasks[number];

    __asm__ volatile("sgdt %0" : "=m"(table));
    for (unsigned i = 0; i < GDT_OWN && i * 8 + 7 <= table.limit; i++)
        gdt[i] = ((const uint64_t *)table.base)[i];
    gdt[tr_of(seed) / 8] = DESCRIPTOR(DESCRIPTOR_TSS, base);
    gdt[ldtr_of(seed) / 8] = DESCRIPTOR(DESCRIPTOR_LDT, base);
    table = (struct table_register){sizeof(gdts[0]) - 1, (uintptr_t)gdt};
    __asm__ volatile("lgdt %0" ::"m"(table));
    __asm__ volatile("ltr %0" ::"r"(tr_of(seed)));
    __asm__ volatile("lldt %0" ::"r"(ldtr_of(seed)));
}

void system_fill(uint32_t seed) {
    unsigned long v = value_of(seed, 100);

    load_task(seed);
    __asm__ volatile("mov %0, %%dr0" ::"r"(v));
    __asm__ volatile("mov %0, %%dr1" ::"r"(v + 1));
    __asm__ volatile("mov %0, %%dr2" ::"r"(v + 2));
    __asm__ volatile("mov %0, %%dr3" ::"r"(v + 3));
    __asm__ volatile("mov %0, %%cr2" ::"r"(v + 4));
    for (unsigned i = 0; i < MSRS; i++)
        wrmsr(msrs[i], value_of(seed, i));
    if (has_tsc_aux)
        wrmsr(MSR_TSC_AUX, value_of(seed, 200));
}

static bool same(const char *name, uint32_t number, unsigned long long is, unsigned long long should_be) {
    if (is != should_be)
        print("counter: WRONG: %s %x is %llx, want %llx\n", name, number, is, should_be);
    return is == should_be;
}

static bool compare_task(uint32_t seed) {
    uint16_t tr, ldtr;

    __asm__ volatile("str %0" : "=r"(tr));
    __asm__ volatile("sldt %0" : "=r"(ldtr));
    return same("tr", 0, tr, tr_of(seed)) && same("ldtr", 0, ldtr, ldtr_of(seed));
}

static bool compare_debug(uint32_t seed) {
    unsigned long dr[4], cr2, v = value_of(seed, 100);
    bool ok = true;

    __asm__ volatile("mov %%dr0, %0" : "=r"(dr[0]));
    __asm__ volatile("mov %%dr1, %0" : "=r"(dr[1]));
    __asm__ volatile("mov %%dr2, %0" : "=r"(dr[2]));
    __asm__ volatile("mov %%dr3, %0" : "=r"(dr[3]));
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    for (unsigned i = 0; i < 4; i++)
        ok = ok && same("dr", i, dr[i], v + i);
    return ok && same("cr", 2, cr2, v + 4);
}

bool system_compare(uint32_t seed) {
    bool ok = compare_task(seed) && compare_debug(seed);
    uint32_t aux;

    for (unsigned i = 0; i < MSRS; i++)
        ok = ok && same("msr", msrs[i], rdmsr(msrs[i]), value_of(seed, i));
    if (has_tsc_aux) {
        __asm__ volatile("rdtscp" : "=c"(aux)::"eax", "edx");
        ok = ok && same("tsc_aux", 0, aux, value_of(seed, 200));
    }
    return ok && (!has_xsave || same("xcr", 0, read_xcr0(), xcr0));
}
