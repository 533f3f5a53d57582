/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching between vCPUs: all that VMRUN and #VMEXIT leave alone (APM vol. 2,
 * "VMRUN Instruction"; docs/exits.md lists who keeps what).
 */
#include "hv/vcpu.h"

#include "hv/cpu/trace.h"
#include "hv/cpu/x86.h"
#include "hv/cpu/xstate.h"
#include "hv/lib/log.h"
#include "hv/msr.h"
#include "hv/svm/iopm.h"
#include "hv/svm/msrpm.h"

bool vcpu_init(struct vcpu *vcpu, struct cpu *cpu, uint32_t asid, struct arena *arena) {
    uint8_t *msrpm = arena_alloc(arena, MSRPM_BYTES, PAGE_BYTES);

    vcpu->vmcb = arena_alloc(arena, sizeof(struct vmcb), PAGE_BYTES);
    vcpu->iopm = arena_alloc(arena, IOPM_BYTES, PAGE_BYTES);
    vcpu->xsave_area = arena_alloc(arena, xstate_bytes(), XSTATE_ALIGN);
    if (!msrpm || !vcpu->vmcb || !vcpu->iopm || !vcpu->xsave_area)
        return false;
    iopm_init(vcpu->iopm);
    msrpm_init(msrpm);
    msr_pass_all(msrpm);
    xstate_reset(vcpu->xsave_area);
    vcpu->xcr0 = XCR0_X87;
    for (unsigned row = 0; row < EXIT_ROWS; row++)
        vcpu->costs[row].tag = trace_tag(exit_code(row), vcpu->subject);
    vcpu->guest.cpu = cpu;
    vcpu->guest.vmcb_pa = HPA((uintptr_t)vcpu->vmcb);
    vmcb_init(vcpu->vmcb, asid, npt_root(&vcpu->npt), HPA((uintptr_t)vcpu->iopm), HPA((uintptr_t)msrpm));
    return true;
}

void vcpu_load(struct vcpu *vcpu) {
    x86_vmload(vcpu->guest.vmcb_pa);
    x86_write_dr0_to_3(vcpu->dr);
    x86_write_cr2(vcpu->vmcb->save.cr2); /* Bochs does not load it from the VMCB */
    if (vcpu->guest.cpu->has_tsc_aux)
        x86_wrmsr(MSR_TSC_AUX, vcpu->tsc_aux);
    if (vcpu->guest.cpu->has_ibpb)
        x86_wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    if (vcpu->shares_asid)
        vcpu->vmcb->control.tlb_control = TLB_FLUSH_ALL;
    xstate_load(vcpu->xsave_area, vcpu->xcr0);
}

void vcpu_save(struct vcpu *vcpu) {
    vcpu->xcr0 = xstate_save(vcpu->xsave_area);
    x86_read_dr0_to_3(vcpu->dr);
    x86_vmsave(vcpu->guest.vmcb_pa);
}

static void dump_segment(const char *name, const struct vmcb_segment *s) {
    log_line("  %-4s %04x  attributes %03x  limit %08x  base %016lx", name, s->selector, s->attributes, s->limit,
             s->base);
}

void vcpu_dump(const struct vcpu *vcpu) {
    const struct vmcb_save *s = &vcpu->vmcb->save;
    const uint64_t *r = vcpu->guest.registers;

    log_line("  rip %016lx  rflags %08lx  cpl %u", s->rip, s->rflags, s->cpl);
    log_line("  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", s->rax, r[REGISTER_RBX], r[REGISTER_RCX],
             r[REGISTER_RDX]);
    log_line("  rsi %016lx  rdi %016lx  rbp %016lx  rsp %016lx", r[REGISTER_RSI], r[REGISTER_RDI], r[REGISTER_RBP],
             s->rsp);
    log_line("  r8  %016lx  r9  %016lx  r10 %016lx  r11 %016lx", r[8], r[9], r[10], r[11]);
    log_line("  r12 %016lx  r13 %016lx  r14 %016lx  r15 %016lx", r[12], r[13], r[14], r[15]);
    log_line("  cr0 %08lx  cr2 %016lx  cr3 %016lx  cr4 %08lx  efer %04lx", s->cr0, s->cr2, s->cr3, s->cr4,
             (unsigned long)(s->efer & ~EFER_SVME));
    log_line("  dr6 %08lx  dr7 %08lx  gdtr %016lx/%04x  idtr %016lx/%04x", s->dr6, s->dr7, s->gdtr.base, s->gdtr.limit,
             s->idtr.base, s->idtr.limit);
    dump_segment("cs", &s->cs);
    dump_segment("ds", &s->ds);
    dump_segment("ss", &s->ss);
    dump_segment("tr", &s->tr);
}
