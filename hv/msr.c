/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RDMSR and WRMSR of MSRs that are not passed through: a row each. An MSR without a
 * row does not exist for the guest and gives #GP (APM vol. 2, "MSR Intercepts").
 */
#include "hv/clock.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/interrupt.h"

#define MSR_INT_PENDING 0xc0010055
#define EFER_GUEST      (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

/* What may not be read has no function, what may not be written none or one that gives false: #GP in the guest. */
struct msr_row {
    uint32_t msr;
    uint64_t (*read)(const struct vcpu *vcpu);
    bool (*write)(struct vcpu *vcpu, uint64_t value);
};

/* SVME has to be set under VMRUN and is not the guest's business. */
static uint64_t read_efer(const struct vcpu *vcpu) {
    return vcpu->vmcb->save.efer & ~EFER_SVME;
}

/* LME may not change while paging is on, and LMA follows LME and CR0.PG. */
static bool write_efer(struct vcpu *vcpu, uint64_t value) {
    struct vmcb_save *save = &vcpu->vmcb->save;
    bool paging = save->cr0 & CR0_PG;

    if ((value & ~EFER_GUEST) || (paging && ((value ^ save->efer) & EFER_LME)))
        return false;
    save->efer = (value & ~EFER_LMA) | (paging && (value & EFER_LME) ? EFER_LMA : 0) | EFER_SVME;
    return true;
}

static uint64_t read_pat(const struct vcpu *vcpu) {
    return vcpu->vmcb->save.g_pat;
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

static uint64_t read_tsc(const struct vcpu *vcpu) {
    return x86_rdtsc() + vcpu->vmcb->control.tsc_offset;
}

static bool write_tsc(struct vcpu *vcpu, uint64_t value) {
    vcpu->vmcb->control.tsc_offset = value - x86_rdtsc();
    return true;
}

static uint64_t read_tsc_aux(const struct vcpu *vcpu) {
    return vcpu->tsc_aux;
}

/* Not covered by VMSAVE: loaded here and at a switch (vcpu.c). */
static bool write_tsc_aux(struct vcpu *vcpu, uint64_t value) {
    if (value > UINT32_MAX)
        return false;
    vcpu->tsc_aux = value;
    x86_wrmsr(MSR_TSC_AUX, value);
    return true;
}

/* The APIC is where it always is, in x2APIC mode, and stays there. */
static uint64_t read_apic_base(const struct vcpu *vcpu) {
    return LAPIC_BASE | APIC_BASE_ENABLE | APIC_BASE_EXTENDED | (vcpu == vcpu->common->vcpus ? APIC_BASE_BOOT : 0);
}

static bool write_apic_base(struct vcpu *vcpu, uint64_t value) {
    return value == read_apic_base(vcpu);
}

/* The MSR that processors with erratum 400 are asked about: no C1E here. */
static uint64_t read_zero(const struct vcpu *vcpu) {
    return 0;
}

static const struct msr_row rows[] = {
    {MSR_EFER, read_efer, write_efer},
    {MSR_TSC, read_tsc, write_tsc},
    {MSR_PAT, read_pat, write_pat},
    {MSR_TSC_AUX, read_tsc_aux, write_tsc_aux},
    {MSR_APIC_BASE, read_apic_base, write_apic_base},
    {MSR_INT_PENDING, read_zero, NULL},
    {MSR_KVM_WALL_CLOCK, NULL, clock_write_wall},
    {MSR_KVM_SYSTEM_TIME, NULL, clock_write_system},
};

/* Of the rows, two are not for everybody. */
static bool exists(const struct vcpu *vcpu, uint32_t msr) {
    return msr == MSR_APIC_BASE ? vcpu->common->has_apic : msr != MSR_TSC_AUX || vcpu->guest.cpu->has_tsc_aux;
}

__attribute__((noinline)) static enum verdict access_row(struct vcpu *vcpu, uint32_t msr) {
    const struct msr_row *row = rows, *end = rows + ARRAY_LENGTH(rows);

    while (row < end && row->msr != msr)
        row++;
    if (row < end && exists(vcpu, msr)) {
        if (!exit_is_wrmsr(vcpu) && row->read)
            return exit_rdmsr(vcpu, row->read(vcpu));
        if (exit_is_wrmsr(vcpu) && row->write && row->write(vcpu, exit_edx_eax(vcpu)))
            return exit_advance(vcpu, LENGTH_MSR);
    }
    return exit_protection(vcpu);
}

/* Inlined, the rows would cost an APIC's MSR the saving of their registers. */
enum verdict msr_exit(struct vcpu *vcpu) {
    uint32_t msr = (uint32_t)vcpu->guest.registers[REGISTER_RCX];

    if (vcpu->common->has_apic && msr == X2APIC_MSR_DEADLINE)
        return interrupt_deadline_exit(vcpu);
    if (vcpu->common->has_apic && msr - X2APIC_MSR_BASE < X2APIC_MSR_COUNT)
        return interrupt_register_exit(vcpu, msr);
    return access_row(vcpu, msr);
}
