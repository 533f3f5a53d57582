/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each #VMEXIT does: a table with a row for every exit code; the exits that need more than a line, each in a
 * file of its own, which only exit.c's table points at; and what they share.
 */
#pragma once

#include "hv/vcpu.h"

extern const struct exit_entry {
    uint32_t code; /* TRACE_INVALID in row 0 */
    char name[12]; /* 11 characters at most */
    enum verdict (*act)(struct vcpu *vcpu);
} exit_entries[EXIT_ROWS];

/* Row of an exit code, also of its costs; codes without one share row 0, "INVALID". */
unsigned exit_row(uint64_t exitcode);

/* The lines of a report that say what happened: exit name, EXITINFO1 and 2, for a nested page fault in words. */
void exit_describe(const struct vcpu *vcpu);

/* Lengths of intercepted instructions in bytes, without prefixes. */
#define LENGTH_HLT     1
#define LENGTH_CPUID   2
#define LENGTH_MSR     2 /* RDMSR, WRMSR */
#define LENGTH_INVD    2 /* and WBINVD */
#define LENGTH_VMMCALL 3
#define LENGTH_XSETBV  3

enum verdict cpuid_exit(struct vcpu *vcpu);   /* cpuid.c */
enum verdict mov_cr8_exit(struct vcpu *vcpu); /* mov.c */
enum verdict mov_dr7_exit(struct vcpu *vcpu);
enum verdict msr_exit(struct vcpu *vcpu);       /* msr.c */
enum verdict npf_exit(struct vcpu *vcpu);       /* mmio.c */
enum verdict io_exit(struct vcpu *vcpu);        /* io.c */
enum verdict hypercall_exit(struct vcpu *vcpu); /* hypercall.c */

/* #UD or #GP for the guest, at the instruction that exited. */
enum verdict exit_undefined(struct vcpu *vcpu);
enum verdict exit_protection(struct vcpu *vcpu);

/* Stops the guest, for a reason that the exit alone does not say. */
static inline enum verdict exit_fault(struct vcpu *vcpu, const char *reason) {
    vcpu->fault = reason;
    return VERDICT_FAULT;
}

/*
 * Goes on behind the instruction that exited, out of the interrupt shadow it may have been in.
 * Its length counts on processors that do not save nRIP.
 */
static inline enum verdict exit_advance(struct vcpu *vcpu, unsigned length) {
    struct vmcb *vmcb = vcpu->vmcb;
    uint64_t next = vmcb->control.nrip;

    vmcb->save.rip = next ? next : vmcb->save.rip + length;
    vmcb->control.interrupt_shadow = 0;
    return VERDICT_RESUME;
}

/* What is in a general register; outside 64-bit mode that is 32 bits. */
static inline uint64_t exit_operand(struct vcpu *vcpu, unsigned number) {
    uint64_t value = *vcpu_register(vcpu, number);

    return (vcpu->vmcb->save.cs.attributes & SEGMENT_LONG) ? value : (uint32_t)value;
}

/* Of EXIT_MSR: whether it is WRMSR. */
static inline bool exit_is_wrmsr(const struct vcpu *vcpu) {
    return vcpu->vmcb->control.exitinfo1;
}

/* What WRMSR and XSETBV write. */
static inline uint64_t exit_edx_eax(const struct vcpu *vcpu) {
    return vcpu->guest.registers[REGISTER_RDX] << 32 | (uint32_t)vcpu->vmcb->save.rax;
}

/* RDMSR has read it. */
static inline enum verdict exit_rdmsr(struct vcpu *vcpu, uint64_t value) {
    vcpu->vmcb->save.rax = (uint32_t)value;
    vcpu->guest.registers[REGISTER_RDX] = value >> 32;
    return exit_advance(vcpu, LENGTH_MSR);
}
