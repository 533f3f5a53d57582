/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpuid.c: what is left of a processor that has everything, and of one that has nothing. Features are listed by
 * APM vol. 3, appendix E; any other bit of their registers must be zero.
 */
#include "hv/cpu/xstate.h"
#include "hv/exits.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define ALL 0xffffffffU

enum { EAX, EBX, ECX, EDX };

static struct vcpu vcpu;
static struct common common;
static struct vmcb vmcb;
static uint64_t components;

uint64_t xstate_guest_components(void) {
    return components;
}

static const struct feature {
    uint32_t leaf;
    unsigned in, bit;
    const char *name;
} offered[] = {
    {1, ECX, 0, "SSE3"},
    {1, ECX, 1, "PCLMULQDQ"},
    {1, ECX, 9, "SSSE3"},
    {1, ECX, 12, "FMA"},
    {1, ECX, 13, "CMPXCHG16B"},
    {1, ECX, 19, "SSE4.1"},
    {1, ECX, 20, "SSE4.2"},
    {1, ECX, 22, "MOVBE"},
    {1, ECX, 23, "POPCNT"},
    {1, ECX, 25, "AES"},
    {1, ECX, 26, "XSAVE"},
    {1, ECX, 28, "AVX"},
    {1, ECX, 29, "F16C"},
    {1, ECX, 30, "RDRAND"},
    {1, ECX, 31, "hypervisor"},
    {1, EDX, 0, "FPU"},
    {1, EDX, 1, "VME"},
    {1, EDX, 2, "DE"},
    {1, EDX, 3, "PSE"},
    {1, EDX, 4, "TSC"},
    {1, EDX, 5, "MSR"},
    {1, EDX, 6, "PAE"},
    {1, EDX, 8, "CMPXCHG8B"},
    {1, EDX, 11, "SysEnterSysExit"},
    {1, EDX, 13, "PGE"},
    {1, EDX, 15, "CMOV"},
    {1, EDX, 16, "PAT"},
    {1, EDX, 17, "PSE36"},
    {1, EDX, 19, "CLFSH"},
    {1, EDX, 23, "MMX"},
    {1, EDX, 24, "FXSR"},
    {1, EDX, 25, "SSE"},
    {1, EDX, 26, "SSE2"},
    {6, EAX, 2, "ARAT"},
    {7, EBX, 0, "FSGSBASE"},
    {7, EBX, 3, "BMI1"},
    {7, EBX, 5, "AVX2"},
    {7, EBX, 7, "SMEP"},
    {7, EBX, 8, "BMI2"},
    {7, EBX, 9, "ERMS"},
    {7, EBX, 18, "RDSEED"},
    {7, EBX, 19, "ADX"},
    {7, EBX, 20, "SMAP"},
    {7, EBX, 23, "CLFLUSHOPT"},
    {7, EBX, 24, "CLWB"},
    {7, EBX, 29, "SHA"},
    {0x80000001, ECX, 0, "LahfSahf"},
    {0x80000001, ECX, 5, "ABM"},
    {0x80000001, ECX, 6, "SSE4A"},
    {0x80000001, ECX, 7, "MisAlignSse"},
    {0x80000001, ECX, 8, "3DNowPrefetch"},
    {0x80000001, EDX, 0, "FPU"},
    {0x80000001, EDX, 1, "VME"},
    {0x80000001, EDX, 2, "DE"},
    {0x80000001, EDX, 3, "PSE"},
    {0x80000001, EDX, 4, "TSC"},
    {0x80000001, EDX, 5, "MSR"},
    {0x80000001, EDX, 6, "PAE"},
    {0x80000001, EDX, 8, "CMPXCHG8B"},
    {0x80000001, EDX, 11, "SysCallSysRet"},
    {0x80000001, EDX, 13, "PGE"},
    {0x80000001, EDX, 15, "CMOV"},
    {0x80000001, EDX, 16, "PAT"},
    {0x80000001, EDX, 17, "PSE36"},
    {0x80000001, EDX, 20, "NX"},
    {0x80000001, EDX, 22, "MmxExt"},
    {0x80000001, EDX, 23, "MMX"},
    {0x80000001, EDX, 24, "FXSR"},
    {0x80000001, EDX, 26, "Page1GB"},
    {0x80000001, EDX, 27, "RDTSCP"},
    {0x80000001, EDX, 29, "LM"},
    {0x80000001, EDX, 30, "3DNowExt"},
    {0x80000001, EDX, 31, "3DNow"},
    {0x80000007, EDX, 8, "TscInvariant"},
};

static struct cpuid_result everything(uint32_t leaf, uint32_t subleaf) {
    (void)leaf;
    (void)subleaf;
    return (struct cpuid_result){ALL, ALL, ALL, ALL};
}

static struct cpuid_result nothing(uint32_t leaf, uint32_t subleaf) {
    (void)leaf;
    (void)subleaf;
    return (struct cpuid_result){0, 0, 0, 0};
}

/* Who asks is seen in the answer. */
static struct cpuid_result echo(uint32_t leaf, uint32_t subleaf) {
    return (struct cpuid_result){leaf, subleaf, leaf + 1, subleaf + 1};
}

static int make(void **state) {
    (void)state;
    vmcb = (struct vmcb){0};
    common = (struct common){0};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common};
    components = XCR0_X87 | XCR0_SSE | XCR0_AVX;
    processor.cpuid = everything;
    return 0;
}

/* A CPUID instruction of 2 bytes, with bits above 32 that do not count. */
static void run(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
    uint64_t *registers = vcpu.guest.registers;

    vmcb.save.rax = 0xaaaaaaaa00000000 | leaf;
    registers[REGISTER_RCX] = 0xbbbbbbbb00000000 | subleaf;
    vmcb.save.rip = 0x1000;
    vmcb.control.interrupt_shadow = 1;
    assert_int_equal(cpuid_exit(&vcpu), VERDICT_RESUME);
    assert_int_equal(vmcb.save.rip, 0x1002);
    assert_int_equal(vmcb.control.interrupt_shadow, 0);
    assert_int_equal(
        (vmcb.save.rax | registers[REGISTER_RBX] | registers[REGISTER_RCX] | registers[REGISTER_RDX]) >> 32, 0);
    r[EAX] = (uint32_t)vmcb.save.rax;
    r[EBX] = (uint32_t)registers[REGISTER_RBX];
    r[ECX] = (uint32_t)registers[REGISTER_RCX];
    r[EDX] = (uint32_t)registers[REGISTER_RDX];
}

static void expect(uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx) {
    uint32_t r[4];

    run(leaf, subleaf, r);
    if (r[EAX] != eax || r[EBX] != ebx || r[ECX] != ecx || r[EDX] != edx)
        fail_msg("leaf %x, subleaf %x: found %x %x %x %x, want %x %x %x %x", leaf, subleaf, r[EAX], r[EBX], r[ECX],
                 r[EDX], eax, ebx, ecx, edx);
}

static uint32_t bits_offered(uint32_t leaf, unsigned in) {
    uint32_t bits = 0;

    for (const struct feature *f = offered; f < offered + ARRAY_LENGTH(offered); f++)
        if (f->leaf == leaf && f->in == in)
            bits |= 1U << f->bit;
    return bits;
}

static void test_features(void **state) {
    uint32_t r[4];

    (void)state;
    for (const struct feature *f = offered; f < offered + ARRAY_LENGTH(offered); f++) {
        run(f->leaf, 0, r);
        if (!(r[f->in] >> f->bit & 1))
            fail_msg("leaf %x: found no %s (bit %u), want it offered", f->leaf, f->name, f->bit);
    }
    expect(1, 0, ALL, 0x0000ff00, bits_offered(1, ECX), bits_offered(1, EDX));
    expect(6, 0, bits_offered(6, EAX), 0, 0, 0);
    expect(7, 0, 0, bits_offered(7, EBX), 0, 0);
    expect(0x80000001, 0, ALL, 0, bits_offered(0x80000001, ECX), bits_offered(0x80000001, EDX));
    expect(0x80000007, 0, 0, 0, 0, bits_offered(0x80000007, EDX));
    expect(0x80000008, 0, 0xffff, 0, 0, 0);
}

/* Each of these would be a hole or a promise that nobody keeps. */
static void test_hidden(void **state) {
    static const struct feature hidden[] = {
        {0x80000001, ECX, 2, "SVM"},
        {0x80000001, ECX, 4, "AltMovCr8"},
        {0x80000001, ECX, 12, "SKINIT"},
        {0x80000001, ECX, 29, "MONITORX"},
        {1, ECX, 3, "MONITOR"},
        {1, ECX, 17, "PCID"},
        {1, ECX, 21, "x2APIC"},
        {1, ECX, 24, "TSC deadline"},
        {1, EDX, 7, "MCE"},
        {1, EDX, 9, "APIC"},
        {1, EDX, 12, "MTRR"},
        {7, EBX, 1, "TSC_ADJUST"},
        {7, EBX, 16, "AVX512F"},
        {7, ECX, 3, "PKU"},
        {7, ECX, 16, "LA57"},
        {0x80000001, EDX, 25, "FFXSR"},
        {0x80000008, EBX, 4, "RDPRU"},
        {0x8000000a, EDX, 0, "NP"},
    };
    uint32_t r[4];

    (void)state;
    for (const struct feature *f = hidden; f < hidden + ARRAY_LENGTH(hidden); f++) {
        run(f->leaf, 0, r);
        if (r[f->in] >> f->bit & 1)
            fail_msg("leaf %x: found %s (bit %u), want it hidden", f->leaf, f->name, f->bit);
    }
}

/* With an APIC it is told of, and its id; the processor need not have any of it. */
static void test_apic(void **state) {
    (void)state;
    common.has_apic = true;
    vcpu.apic.registers[APIC_ID] = 3;
    expect(1, 0, ALL, 0x0300ff00, bits_offered(1, ECX) | 1U << 21 | 1U << 24, bits_offered(1, EDX) | 1U << 9);
    processor.cpuid = nothing;
    vcpu.apic.registers[APIC_ID] = 0;
    expect(1, 0, 0, 0, 0x81200000, 0x200);
}

/* A feature that the processor lacks is not made up; that there is a hypervisor is. */
static void test_poor_processor(void **state) {
    (void)state;
    processor.cpuid = nothing;
    expect(1, 0, 0, 0, 0x80000000, 0);
    expect(7, 0, 0, 0, 0, 0);
    expect(0x80000001, 0, 0, 0, 0, 0);
    expect(0, 0, 0, 0, 0, 0);
    expect(0xd, 1, 0, 0, 0, 0);
    expect(6, 0, 0, 0, 0, 0);
    expect(0x80000007, 0, 0, 0, 0, 1U << 8); /* without it no guest would run */
}

/* OSXSAVE is the guest's CR4 bit, whatever the hypervisor's is. */
static void test_osxsave(void **state) {
    uint32_t r[4];

    (void)state;
    processor.cpuid = nothing;
    vmcb.save.cr4 = CR4_OSXSAVE;
    run(1, 0, r);
    assert_int_equal(r[ECX], 0x88000000);
    processor.cpuid = everything;
    vmcb.save.cr4 = ~CR4_OSXSAVE;
    run(1, 0, r);
    assert_int_equal(r[ECX] >> 27 & 1, 0);
}

static void test_last_leaves(void **state) {
    (void)state;
    expect(0, 0, 0xd, ALL, ALL, ALL);
    expect(0x80000000, 0, 0x80000008, ALL, ALL, ALL);
    processor.cpuid = echo;
    expect(0, 0, 0, 0, 1, 1);
    expect(0x80000000, 0, 0x80000000, 0, 0x80000001, 1);
}

static void test_absent_leaves(void **state) {
    static const uint32_t absent[] = {2,          3,          4,          5,          8,
                                      0xb,        0xe,        0xf,        0x1f,       0x3fffffff,
                                      0x40000001, 0x400000ff, 0x40000102, 0x4fffffff, 0x7fffffff,
                                      0x80000009, 0x8000000a, 0x8000001d, 0x8000001f, 0xffffffff};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(absent); i++)
        expect(absent[i], 0, 0, 0, 0, 0);
    expect(7, 1, 0, 0, 0, 0);
    expect(7, ALL, 0, 0, 0, 0);
}

static void test_passed_leaves(void **state) {
    (void)state;
    processor.cpuid = echo;
    for (uint32_t leaf = 0x80000002; leaf <= 0x80000006; leaf++)
        expect(leaf, 5, leaf, 5, leaf + 1, 6);
}

/* Leaf 0xd: x87, SSE and AVX alone, and an area no larger than these need. */
static void test_xstate(void **state) {
    (void)state;
    expect(0xd, 0, 7, ALL, 832, 0);
    expect(0xd, 1, 5, 0, 0, 0); /* XSAVEOPT and XGETBV of 1, no XSAVEC, no XSAVES */
    expect(0xd, 2, ALL, ALL, ALL, ALL);
    for (uint32_t subleaf = 3; subleaf < 100; subleaf++)
        expect(0xd, subleaf, 0, 0, 0, 0);
    expect(0xd, 0x80000002, 0, 0, 0, 0);
    components = XCR0_X87 | XCR0_SSE;
    expect(0xd, 0, 3, ALL, 576, 0);
    expect(0xd, 2, 0, 0, 0, 0);
    processor.cpuid = echo;
    components = XCR0_X87 | XCR0_SSE | XCR0_AVX;
    expect(0xd, 2, 0xd, 2, 0xe, 3);
}

static void test_hypervisor(void **state) {
    (void)state;
    expect(0x40000000, 0, 0x40000000, 0x6b696853, 0x48697269, 0x72657079);
}

/* "KVMKVMKVM", where Linux looks behind another hypervisor, its clock from MSRs 0x4b564d00 on, which is stable, and
 * no wait after port accesses; no other of KVM's features. */
static void test_kvm(void **state) {
    (void)state;
    processor.cpuid = nothing;
    expect(0x40000100, 0, 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d);
    expect(0x40000101, 0, 1U << 1 | 1U << 3 | 1U << 24, 0, 0, 0);
    expect(0x40000100, ALL, 0x40000101, 0x4b4d564b, 0x564b4d56, 0x4d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_features, make),
        cmocka_unit_test_setup(test_hidden, make),
        cmocka_unit_test_setup(test_poor_processor, make),
        cmocka_unit_test_setup(test_osxsave, make),
        cmocka_unit_test_setup(test_last_leaves, make),
        cmocka_unit_test_setup(test_absent_leaves, make),
        cmocka_unit_test_setup(test_passed_leaves, make),
        cmocka_unit_test_setup(test_xstate, make),
        cmocka_unit_test_setup(test_hypervisor, make),
        cmocka_unit_test_setup(test_apic, make),
        cmocka_unit_test_setup(test_kvm, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
