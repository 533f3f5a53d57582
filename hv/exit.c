/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exit table: a row for every exit code, with its name, and what it does (APM vol.
 * 2, appendix C, "SVM Intercept Exit Codes"; docs/exits.md says why each row is as it is).
 */
#include "hv/exit.h"

#include "hv/cpu/x86.h"
#include "hv/cpu/xstate.h"
#include "hv/exits.h"
#include "hv/svm/event.h"
#include "hv/svm/vmrun.h"
#include "hv/vcpu.h"

#define ROW_NPF     (EXIT_ROWS - 2)
#define ROW_INVALID (EXIT_ROWS - 1)

typedef enum verdict exit_fn(struct vcpu *vcpu);

struct exit_entry {
    const char *name;
    exit_fn *act;
};

/* The guest's exception goes on to the guest; the intercept only breaks endless loops in microcode. */
static enum verdict reflect_exception(struct vcpu *vcpu) {
    unsigned vector = (unsigned)vcpu->vmcb->control.exitcode - EXIT_EXCEPTION;

    if (vector == VECTOR_AC)
        event_exception_code(vcpu->vmcb, vector, 0);
    else
        event_exception(vcpu->vmcb, vector);
    return VERDICT_RESUME;
}

static enum verdict undefined(struct vcpu *vcpu) {
    event_exception(vcpu->vmcb, VECTOR_UD);
    return VERDICT_RESUME;
}

static enum verdict protection(struct vcpu *vcpu) {
    event_exception_code(vcpu->vmcb, VECTOR_GP, 0);
    return VERDICT_RESUME;
}

static enum verdict skip(struct vcpu *vcpu) {
    exit_advance(vcpu, LENGTH_INVD);
    return VERDICT_RESUME;
}

static enum verdict fault(struct vcpu *vcpu) {
    (void)vcpu;
    return VERDICT_FAULT;
}

/* The interrupt is pending until GIF lets it in (APM vol. 2, "Physical (INTR) Interrupts"). */
static enum verdict take_interrupt(struct vcpu *vcpu) {
    (void)vcpu;
    x86_stgi();
    x86_nop();
    x86_clgi();
    return VERDICT_PREEMPT;
}

static enum verdict halt(struct vcpu *vcpu) {
    exit_advance(vcpu, LENGTH_HLT);
    return VERDICT_HALT;
}

static enum verdict triple_fault(struct vcpu *vcpu) {
    vcpu->fault = "triple fault";
    return VERDICT_FAULT;
}

/* Whatever made the state invalid, the guest did it: we only build valid ones. */
static enum verdict invalid(struct vcpu *vcpu) {
    vcpu->vmcb->save.rip = vcpu->entry_rip;
    vcpu->fault = "state that VMRUN refuses, or an exit that was not asked for";
    return VERDICT_FAULT;
}

/* Priority of XSETBV's checks is the processor's: CPL and CR4.OSXSAVE before the intercept or here. */
static enum verdict set_xcr0(struct vcpu *vcpu) {
    uint64_t value = vcpu->guest.registers[REGISTER_RDX] << 32 | (uint32_t)vcpu->vmcb->save.rax;

    if (!(vcpu->vmcb->save.cr4 & CR4_OSXSAVE))
        return undefined(vcpu);
    if (vcpu->vmcb->save.cpl != 0 || (uint32_t)vcpu->guest.registers[REGISTER_RCX] != 0 || !xstate_guest_may_set(value))
        return protection(vcpu);
    x86_xsetbv(value);
    exit_advance(vcpu, LENGTH_XSETBV);
    return VERDICT_RESUME;
}

static const struct exit_entry entries[EXIT_ROWS] = {
    [EXIT_WRITE_CR0 + 8] = {"write CR8", fault},
    [EXIT_EXCEPTION + VECTOR_DB] = {"#DB", reflect_exception},
    [EXIT_EXCEPTION + VECTOR_AC] = {"#AC", reflect_exception},
    [EXIT_INTR] = {"INTR", take_interrupt},
    [EXIT_NMI] = {"NMI", take_interrupt},
    [EXIT_SMI] = {"SMI", take_interrupt},
    [EXIT_INIT] = {"INIT", take_interrupt},
    [EXIT_RDPMC] = {"RDPMC", protection},
    [EXIT_CPUID] = {"CPUID", cpuid_exit},
    [EXIT_RSM] = {"RSM", undefined},
    [EXIT_INVD] = {"INVD", skip},
    [EXIT_HLT] = {"HLT", halt},
    [EXIT_INVLPGA] = {"INVLPGA", undefined},
    [EXIT_IOIO] = {"IOIO", io_exit},
    [EXIT_MSR] = {"MSR", msr_exit},
    [EXIT_FERR_FREEZE] = {"FERR_FREEZE", fault},
    [EXIT_SHUTDOWN] = {"SHUTDOWN", triple_fault},
    [EXIT_VMRUN] = {"VMRUN", undefined},
    [EXIT_VMMCALL] = {"VMMCALL", hypercall_exit},
    [EXIT_VMLOAD] = {"VMLOAD", undefined},
    [EXIT_VMSAVE] = {"VMSAVE", undefined},
    [EXIT_STGI] = {"STGI", undefined},
    [EXIT_CLGI] = {"CLGI", undefined},
    [EXIT_SKINIT] = {"SKINIT", undefined},
    [EXIT_WBINVD] = {"WBINVD", skip},
    [EXIT_MONITOR] = {"MONITOR", undefined},
    [EXIT_MWAIT] = {"MWAIT", undefined},
    [EXIT_MWAIT_ARMED] = {"MWAIT", undefined},
    [EXIT_XSETBV] = {"XSETBV", set_xcr0},
    [EXIT_RDPRU] = {"RDPRU", undefined},
    [ROW_NPF] = {"NPF", fault},
    [ROW_INVALID] = {"INVALID", invalid},
};

unsigned exit_row(uint64_t exitcode) {
    if (exitcode < ROW_NPF && entries[exitcode].act)
        return (unsigned)exitcode;
    return exitcode == EXIT_NPF ? ROW_NPF : ROW_INVALID;
}

const char *exit_name(unsigned row) {
    return entries[row].name;
}

/* The guest is the first member of its vCPU. */
static int handle(struct guest *guest) {
    struct vcpu *vcpu = (struct vcpu *)guest;
    struct vmcb *vmcb = vcpu->vmcb;
    unsigned row = exit_row(vmcb->control.exitcode);

    /* QEMU leaves the guest's breakpoints armed. */
    if (vmcb->save.dr7 & DR7_ENABLES)
        x86_write_dr7(DR7_INIT);
    vmcb->control.tlb_control = TLB_KEEP;
    event_requeue(vmcb);
    vcpu->exits[row]++;
    return (int)entries[row].act(vcpu);
}

enum verdict vcpu_run(struct vcpu *vcpu) {
    vcpu->entry_rip = vcpu->vmcb->save.rip;
    return (enum verdict)vmrun(&vcpu->guest, handle);
}
