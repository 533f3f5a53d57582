/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID for guests: what the processor says, cut down by a row of masks a leaf.
 * A leaf without a row reads zero, so a feature is offered only when somebody has
 * written down here that a partition can have it (APM vol. 3, appendix E).
 */
#include "hv/cpu/x86.h"
#include "hv/cpu/xstate.h"
#include "hv/exits.h"

#define ALL           0xffffffffU
#define BIT(n)        (1U << (n))
#define EXTENDED      0x80000000U
#define STANDARD_LAST 0xdU
#define EXTENDED_LAST 0x80000008U

#define XSAVE_BYTES_SSE 576 /* legacy area and header */
#define XSAVE_BYTES_AVX (XSAVE_BYTES_SSE + 256)

#define KVM_BASE         0x40000100U
#define KVM_EBX          0x4b4d564bU /* "KVMK" */
#define KVM_ECX          0x564b4d56U /* "VMKV" */
#define KVM_EDX          0x0000004dU /* "M" */
#define KVM_NOP_IO_DELAY BIT(1)
#define KVM_CLOCK        BIT(3)
#define KVM_CLOCK_STABLE BIT(24)

#define EBX1_APIC_ID_SHIFT 24
#define ECX1_X2APIC        BIT(21)
#define ECX1_TSC_DEADLINE  BIT(24)
#define ECX1_OSXSAVE       BIT(27)
#define ECX1_HYPERVISOR    BIT(31)
#define EDX1_APIC          BIT(9)

/* What is kept of each register, and what has to be computed. */
struct mask {
    uint32_t eax, ebx, ecx, edx;
    enum verdict (*adjust)(struct vcpu *vcpu, uint32_t subleaf);
};

/* SSE3, PCLMUL, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, XSAVE, OSXSAVE, AVX, F16C, RDRAND */
#define ECX1                                                                                                           \
    (BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(26) |        \
     BIT(27) | BIT(28) | BIT(29) | BIT(30))
/* FPU, VME, DE, PSE, TSC, MSR, PAE, CX8, SEP, PGE, CMOV, PAT, PSE36, CLFLUSH, MMX, FXSR, SSE, SSE2 */
#define EDX1                                                                                                           \
    (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | BIT(13) | BIT(15) | BIT(16) |   \
     BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26))
/* FSGSBASE, BMI1, AVX2, SMEP, BMI2, ERMS, RDSEED, ADX, SMAP, CLFLUSHOPT, CLWB, SHA */
#define EBX7                                                                                                           \
    (BIT(0) | BIT(3) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(20) | BIT(23) | BIT(24) | BIT(29))
/* LAHF, ABM, SSE4A, misaligned SSE, PREFETCHW */
#define ECX_8_1 (BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
/* EDX1's common bits, SYSCALL, NX, MMX extensions, FFXSR not, 1 GiB pages, RDTSCP, long mode, 3DNow! */
#define EDX_8_1 ((EDX1 & 0x0183f3ffU) | BIT(11) | BIT(20) | BIT(22) | BIT(26) | BIT(27) | BIT(29) | BIT(30) | BIT(31))

static enum verdict answer(struct vcpu *vcpu, uint64_t eax, uint64_t ebx, uint64_t ecx, uint64_t edx) {
    vcpu->vmcb->save.rax = eax;
    vcpu->guest.registers[REGISTER_RBX] = ebx;
    vcpu->guest.registers[REGISTER_RCX] = ecx;
    vcpu->guest.registers[REGISTER_RDX] = edx;
    return VERDICT_RESUME;
}

/* The last leaf, of either kind. */
static enum verdict adjust_last(struct vcpu *vcpu, uint32_t subleaf) {
    uint64_t *last = &vcpu->vmcb->save.rax;

    *last = lower(*last, *last & EXTENDED ? EXTENDED_LAST : STANDARD_LAST);
    return VERDICT_RESUME;
}

static enum verdict adjust_features(struct vcpu *vcpu, uint32_t subleaf) {
    uint64_t *registers = vcpu->guest.registers;

    registers[REGISTER_RCX] &= ~(uint64_t)ECX1_OSXSAVE;
    registers[REGISTER_RCX] |= ECX1_HYPERVISOR | ((vcpu->vmcb->save.cr4 & CR4_OSXSAVE) ? ECX1_OSXSAVE : 0);
    if (vcpu->common->has_apic) {
        registers[REGISTER_RBX] |= (uint64_t)vcpu->apic.registers[APIC_ID] << EBX1_APIC_ID_SHIFT;
        registers[REGISTER_RCX] |= ECX1_X2APIC | ECX1_TSC_DEADLINE;
        registers[REGISTER_RDX] |= EDX1_APIC;
    }
    return VERDICT_RESUME;
}

/* The schedules rely on an invariant TSC, so a guest may, too, whatever an emulator says of its own. */
static enum verdict adjust_power(struct vcpu *vcpu, uint32_t subleaf) {
    return answer(vcpu, 0, 0, 0, BIT(8));
}

static enum verdict adjust_structured(struct vcpu *vcpu, uint32_t subleaf) {
    return subleaf == 0 ? VERDICT_RESUME : answer(vcpu, 0, 0, 0, 0);
}

/*
 * Only components a guest may switch on. EBX of subleaf 0 depends on XCR0, which is the
 * guest's own at this moment.
 */
static enum verdict adjust_xstate(struct vcpu *vcpu, uint32_t subleaf) {
    uint32_t components = (uint32_t)xstate_guest_components();
    uint32_t eax = (uint32_t)vcpu->vmcb->save.rax;

    if (subleaf == 0)
        return answer(vcpu, eax & components, (uint32_t)vcpu->guest.registers[REGISTER_RBX],
                      (components & XCR0_AVX) ? XSAVE_BYTES_AVX : XSAVE_BYTES_SSE, 0);
    if (subleaf == 1)
        return answer(vcpu, eax & (BIT(0) | BIT(2)), 0, 0, 0); /* XSAVEOPT, XGETBV of 1 */
    if (subleaf >= 32 || !(components >> subleaf & 1))
        return answer(vcpu, 0, 0, 0, 0);
    return VERDICT_RESUME;
}

/* Rows: standard leaves by number, then extended ones. */
#define EXTENDED_ROW (STANDARD_LAST + 1)
#define ROWS         (EXTENDED_ROW + EXTENDED_LAST - EXTENDED + 1)

static const struct mask masks[ROWS] = {
    [0x0] = {~EXTENDED, ALL, ALL, ALL, adjust_last},
    [0x1] = {ALL, 0x0000ff00, ECX1, EDX1, adjust_features},
    [0x6] = {BIT(2), 0, 0, 0, NULL}, /* the APIC's timer never stops */
    [0x7] = {0, EBX7, 0, 0, adjust_structured},
    [0xd] = {ALL, ALL, ALL, ALL, adjust_xstate},
    [EXTENDED_ROW + 0x0] = {ALL, ALL, ALL, ALL, adjust_last},
    [EXTENDED_ROW + 0x1] = {ALL, 0, ECX_8_1, EDX_8_1, NULL},
    [EXTENDED_ROW + 0x2 ... EXTENDED_ROW + 0x6] = {ALL, ALL, ALL, ALL, NULL}, /* name, caches */
    [EXTENDED_ROW + 0x7] = {0, 0, 0, 0, adjust_power},
    [EXTENDED_ROW + 0x8] = {0x0000ffff, 0, 0, 0, NULL},
};

/* Our signature, and KVM's, for its clock. */
static const struct {
    uint32_t leaf, eax, ebx, ecx, edx;
} hypervisor[] = {
    {SHIKIRI_CPUID_BASE, SHIKIRI_CPUID_BASE, SHIKIRI_CPUID_EBX, SHIKIRI_CPUID_ECX, SHIKIRI_CPUID_EDX},
    {KVM_BASE, KVM_BASE + 1, KVM_EBX, KVM_ECX, KVM_EDX},
    {KVM_BASE + 1, KVM_NOP_IO_DELAY | KVM_CLOCK | KVM_CLOCK_STABLE, 0, 0, 0},
};

static enum verdict other_leaf(struct vcpu *vcpu, uint32_t leaf) {
    for (unsigned i = 0; i < ARRAY_LENGTH(hypervisor); i++)
        if (hypervisor[i].leaf == leaf)
            return answer(vcpu, hypervisor[i].eax, hypervisor[i].ebx, hypervisor[i].ecx, hypervisor[i].edx);
    return answer(vcpu, 0, 0, 0, 0);
}

enum verdict cpuid_exit(struct vcpu *vcpu) {
    uint32_t leaf = (uint32_t)vcpu->vmcb->save.rax;
    uint32_t subleaf = (uint32_t)vcpu->guest.registers[REGISTER_RCX];
    uint32_t row = leaf;

    exit_advance(vcpu, LENGTH_CPUID);
    if (__builtin_expect(leaf > STANDARD_LAST, 0)) {
        row = EXTENDED_ROW + (leaf - EXTENDED);
        if (leaf - EXTENDED > EXTENDED_LAST - EXTENDED)
            return other_leaf(vcpu, leaf);
    }
    const struct mask *mask = &masks[row];
    struct cpuid_result r = x86_cpuid(leaf, subleaf);

    answer(vcpu, r.eax & mask->eax, r.ebx & mask->ebx, r.ecx & mask->ecx, r.edx & mask->edx);
    return mask->adjust ? mask->adjust(vcpu, subleaf) : VERDICT_RESUME;
}
