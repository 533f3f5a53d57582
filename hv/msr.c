/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RDMSR and WRMSR of MSRs that are not passed through: a row each. An MSR without a
 * row does not exist for the guest and gives #GP (APM vol. 2, "MSR Intercepts").
 */
#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/msr.h"
#include "hv/svm/event.h"
#include "hv/svm/msrpm.h"
#include "hv/vcpu.h"

#define EXITINFO1_WRITE 1
#define EFER_GUEST      (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define FEATURE_RDTSCP  (1U << 27) /* CPUID 0x80000001 EDX */

/* What may not be read or written gives false, and #GP in the guest. */
struct msr_row {
    uint32_t msr;
    bool (*read)(struct vcpu *vcpu, uint64_t *value);
    bool (*write)(struct vcpu *vcpu, uint64_t value);
};

/* SVME has to be set under VMRUN and is not the guest's business. */
static bool read_efer(struct vcpu *vcpu, uint64_t *value) {
    *value = vcpu->vmcb->save.efer & ~EFER_SVME;
    return true;
}

/* LME may not change while paging is on, and LMA follows LME and CR0.PG. */
static bool write_efer(struct vcpu *vcpu, uint64_t value) {
    struct vmcb_save *save = &vcpu->vmcb->save;
    bool paging = save->cr0 & CR0_PG;

    if ((value & ~EFER_GUEST) || (paging && ((value ^ save->efer) & EFER_LME)))
        return false;
    value &= ~EFER_LMA;
    if (paging && (value & EFER_LME))
        value |= EFER_LMA;
    save->efer = value | EFER_SVME;
    return true;
}

static bool read_pat(struct vcpu *vcpu, uint64_t *value) {
    *value = vcpu->vmcb->save.g_pat;
    return true;
}

/* Memory types 2, 3 and those above 7 are reserved (APM vol. 2, "Page-Attribute Table Mechanism"). */
static bool write_pat(struct vcpu *vcpu, uint64_t value) {
    for (unsigned i = 0; i < 8; i++) {
        unsigned type = (unsigned)(value >> 8 * i & 0xff);

        if (type > 7 || type == 2 || type == 3)
            return false;
    }
    vcpu->vmcb->save.g_pat = value;
    return true;
}

static bool read_tsc(struct vcpu *vcpu, uint64_t *value) {
    *value = x86_rdtsc() + vcpu->vmcb->control.tsc_offset;
    return true;
}

static bool write_tsc(struct vcpu *vcpu, uint64_t value) {
    vcpu->vmcb->control.tsc_offset = value - x86_rdtsc();
    return true;
}

static bool read_tsc_aux(struct vcpu *vcpu, uint64_t *value) {
    *value = vcpu->tsc_aux;
    return msr_has_tsc_aux();
}

/* Not covered by VMSAVE: loaded here and at a switch (vcpu.c). */
static bool write_tsc_aux(struct vcpu *vcpu, uint64_t value) {
    if (!msr_has_tsc_aux() || value > UINT32_MAX)
        return false;
    vcpu->tsc_aux = value;
    x86_wrmsr(MSR_TSC_AUX, value);
    return true;
}

static const struct msr_row rows[] = {
    {MSR_TSC, read_tsc, write_tsc},
    {MSR_PAT, read_pat, write_pat},
    {MSR_EFER, read_efer, write_efer},
    {MSR_TSC_AUX, read_tsc_aux, write_tsc_aux},
};

/* What VMSAVE and VMLOAD cover, so that it is the partition's own (APM vol. 2, "VMSAVE and VMLOAD"). */
static const uint32_t passed[] = {
    MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR,    MSR_LSTAR,
    MSR_CSTAR,       MSR_SFMASK,       MSR_FS_BASE,      MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

bool msr_has_tsc_aux(void) {
    return x86_cpuid(0x80000001, 0).edx & FEATURE_RDTSCP;
}

void msr_pass_all(uint8_t *msrpm) {
    for (unsigned i = 0; i < ARRAY_LENGTH(passed); i++)
        msrpm_pass(msrpm, passed[i]);
}

static bool access(struct vcpu *vcpu, uint32_t msr, bool write) {
    struct vmcb_save *save = &vcpu->vmcb->save;
    uint64_t value = vcpu->guest.registers[REGISTER_RDX] << 32 | (uint32_t)save->rax;

    for (const struct msr_row *row = rows; row < rows + ARRAY_LENGTH(rows); row++) {
        if (row->msr != msr)
            continue;
        if (write)
            return row->write(vcpu, value);
        if (!row->read(vcpu, &value))
            return false;
        save->rax = (uint32_t)value;
        vcpu->guest.registers[REGISTER_RDX] = value >> 32;
        return true;
    }
    return false;
}

enum verdict msr_exit(struct vcpu *vcpu) {
    bool write = vcpu->vmcb->control.exitinfo1 & EXITINFO1_WRITE;

    if (!access(vcpu, (uint32_t)vcpu->guest.registers[REGISTER_RCX], write))
        return exit_protection(vcpu);
    exit_advance(vcpu, LENGTH_MSR);
    return VERDICT_RESUME;
}
