/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exits: what those do that hv/svm/vmcb.h has a row for (APM vol. 2, appendix C, "SVM Intercept Exit
 * Codes"; docs/exits.md says why each row is as it is).
 */
#include "hv/exits.h"

#include "hv/cpu/panic.h"
#include "hv/cpu/trace.h"
#include "hv/cpu/x86.h"
#include "hv/cpu/xstate.h"
#include "hv/interrupt.h"
#include "hv/svm/event.h"

#define CODES 0x90 /* that are small */

__attribute__((noinline)) static enum verdict inject(struct vcpu *vcpu, unsigned vector) {
    event_exception(vcpu->vmcb, vector);
    trace_put(vcpu->guest.cpu, x86_rdtsc(), vector, TRACE_INJECT, vcpu->subject);
    return VERDICT_RESUME;
}

/* The guest's exception goes on to the guest; the intercept only breaks endless loops in microcode. */
static enum verdict reflect_exception(struct vcpu *vcpu) {
    return inject(vcpu, (unsigned)vcpu->vmcb->control.exitcode - EXIT_EXCEPTION);
}

enum verdict exit_undefined(struct vcpu *vcpu) {
    return inject(vcpu, VECTOR_UD);
}

enum verdict exit_protection(struct vcpu *vcpu) {
    return inject(vcpu, VECTOR_GP);
}

static enum verdict skip(struct vcpu *vcpu) {
    return exit_advance(vcpu, LENGTH_INVD);
}

/* The machine is broken, whoever ran at the time (APM vol. 2, "Machine Check Architecture"). */
static enum verdict machine_check(struct vcpu *vcpu) {
    panic("machine check while a guest ran at rip 0x%lx", vcpu->vmcb->save.rip);
}

static enum verdict fault(struct vcpu *vcpu) {
    return VERDICT_FAULT;
}

/* Whether the vCPU has the rest of its turn: not when its partition ends, nor when it runs in the time of one that is
 * sent for. */
static bool goes_on(const struct vcpu *vcpu) {
    const struct cpu *cpu = vcpu->guest.cpu;

    return x86_rdtsc() < cpu->slot_end_tsc && !__atomic_load_n(&vcpu->common->ends, __ATOMIC_RELAXED) &&
           (cpu->turn_of == vcpu || __atomic_load_n(&cpu->attend_tsc, __ATOMIC_RELAXED));
}

/*
 * The interrupt is pending until GIF lets it in (APM vol. 2, "Physical (INTR) Interrupts"). A timer that fires early,
 * one left over from the slot before, or one for the guest itself ends no turn; nor does a word from another processor.
 */
static enum verdict take_interrupt(struct vcpu *vcpu) {
    x86_open_gif();
    if (!goes_on(vcpu))
        return VERDICT_PREEMPT;
    interrupt_arm(vcpu);
    return VERDICT_RESUME;
}

static enum verdict halt(struct vcpu *vcpu) {
    exit_advance(vcpu, LENGTH_HLT);
    return (vcpu->vmcb->save.rflags & RFLAGS_IF) && interrupt_waits(vcpu) ? VERDICT_RESUME : VERDICT_HALT;
}

static enum verdict triple_fault(struct vcpu *vcpu) {
    return exit_fault(vcpu, "triple fault");
}

/* Whatever made the state invalid, the guest did it: we only build valid ones. The save area may be the host's now. */
static enum verdict invalid(struct vcpu *vcpu) {
    vcpu->vmcb->save.rip = vcpu->last_rip;
    return exit_fault(vcpu, "state that VMRUN refuses, or an exit nobody asked for; rip is that of the exit before");
}

/* Priority of XSETBV's checks is the processor's: CPL and CR4.OSXSAVE before the intercept or here. */
static enum verdict set_xcr0(struct vcpu *vcpu) {
    uint64_t value = exit_edx_eax(vcpu);

    if (!(vcpu->vmcb->save.cr4 & CR4_OSXSAVE))
        return exit_undefined(vcpu);
    if (vcpu->vmcb->save.cpl != 0 || (uint32_t)vcpu->guest.registers[REGISTER_RCX] != 0 || !xstate_guest_may_set(value))
        return exit_protection(vcpu);
    x86_xsetbv(value);
    return exit_advance(vcpu, LENGTH_XSETBV);
}

#define ROW(code, constant, name, act)         ROW_##constant,
#define ROW_OF_CODE(code, constant, name, act) [code] = ROW_##constant,
#define ENTRY(code, constant, name, act)       {code, name, act},

enum { ROW_INVALID, ROW_NPF, VMCB_EXITS(ROW) };

static const uint8_t rows[CODES] = {VMCB_EXITS(ROW_OF_CODE)}; /* of the small codes */

const struct exit_entry exit_entries[EXIT_ROWS] = {
    [ROW_INVALID] = {TRACE_INVALID, "INVALID", invalid}, /* whatever is not below */
    [ROW_NPF] = {EXIT_NPF, "NPF", npf_exit},             /* has no intercept */
    VMCB_EXITS(ENTRY)};

unsigned exit_row(uint64_t exitcode) {
    if (__builtin_expect(exitcode < CODES, true))
        return rows[exitcode];
    return exitcode == EXIT_NPF ? ROW_NPF : ROW_INVALID;
}

/* The guest is the first member of its vCPU. */
static int handle(struct guest *guest) {
    struct vcpu *vcpu = (struct vcpu *)guest;
    struct vmcb *vmcb = vcpu->vmcb;
    unsigned row = exit_row(vmcb->control.exitcode);

    vmcb->control.tlb_control = TLB_KEEP;
    event_requeue(vmcb);
    guest->cost = &vcpu->costs[row];
    if (row != ROW_INVALID)
        vcpu->last_rip = vmcb->save.rip;
    return (int)exit_entries[row].act(vcpu);
}

enum verdict vcpu_run(struct vcpu *vcpu) {
    return (enum verdict)vmrun(&vcpu->guest, handle);
}
