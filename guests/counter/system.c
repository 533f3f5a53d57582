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

void system_fill(uint32_t seed) {
    unsigned long v = value_of(seed, 100);

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
    bool ok = compare_debug(seed);
    uint32_t aux;

    for (unsigned i = 0; i < MSRS; i++)
        ok = ok && same("msr", msrs[i], rdmsr(msrs[i]), value_of(seed, i));
    if (has_tsc_aux) {
        __asm__ volatile("rdtscp" : "=c"(aux)::"eax", "edx");
        ok = ok && same("tsc_aux", 0, aux, value_of(seed, 200));
    }
    return ok && (!has_xsave || same("xcr", 0, read_xcr0(), xcr0));
}
