/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching between vCPUs: all that VMRUN and #VMEXIT leave alone (APM vol. 2,
 * "VMRUN Instruction"; docs/exits.md lists who keeps what).
 */
#include "hv/vcpu.h"

#include "hv/cpu/lapic.h"
#include "hv/cpu/trace.h"
#include "hv/cpu/x86.h"
#include "hv/cpu/xstate.h"
#include "hv/exits.h"
#include "hv/interrupt.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/svm/iopm.h"
#include "hv/svm/msrpm.h"

/* What VMSAVE and VMLOAD cover, so that it is the partition's own (APM vol. 2, "VMSAVE and VMLOAD"). */
static const uint32_t passed_msrs[] = {
    MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP, MSR_STAR,    MSR_LSTAR,
    MSR_CSTAR,       MSR_SFMASK,       MSR_FS_BASE,      MSR_GS_BASE, MSR_KERNEL_GS_BASE,
};

bool vcpu_init_common(struct common *common, unsigned count, bool gigabyte_pages, struct arena *arena) {
    common->iopm = arena_alloc(arena, IOPM_BYTES, PAGE_BYTES);
    common->msrpm = arena_alloc(arena, MSRPM_BYTES, PAGE_BYTES);
    common->vcpus = arena_alloc(arena, count * sizeof(*common->vcpus), sizeof(uint64_t));
    if (!common->iopm || !common->msrpm || !common->vcpus || !npt_init(&common->npt, arena, gigabyte_pages))
        return false;
    memset(common->iopm, 0xff, IOPM_BYTES); /* every port and MSR is intercepted */
    memset(common->msrpm, 0xff, MSRPM_BYTES);
    for (unsigned i = 0; i < ARRAY_LENGTH(passed_msrs); i++)
        msrpm_pass(common->msrpm, passed_msrs[i]);
    common->vcpu_count = count;
    return true;
}

bool vcpu_init(struct vcpu *vcpu, struct common *common, struct cpu *cpu, struct arena *arena) {
    vcpu->common = common;
    vcpu->vmcb = arena_alloc(arena, sizeof(struct vmcb), PAGE_BYTES);
    vcpu->xsave_area = xstate_alloc(arena);
    if (!vcpu->vmcb || !vcpu->xsave_area)
        return false;
    for (unsigned row = 0; row < EXIT_ROWS; row++)
        vcpu->costs[row].tag = trace_tag(exit_entries[row].code, vcpu->subject);
    vcpu->guest.cpu = cpu;
    vcpu->guest.vmcb_pa = HPA((uintptr_t)vcpu->vmcb);
    return true;
}

void vcpu_reset(struct vcpu *vcpu) {
    const struct common *common = vcpu->common;

    vmcb_init(vcpu->vmcb, vcpu->asid, common->npt.root, HPA((uintptr_t)common->iopm), HPA((uintptr_t)common->msrpm));
    xstate_reset(vcpu->xsave_area);
    vcpu->xcr0 = XCR0_X87;
    memset(vcpu->dr, 0, sizeof(vcpu->dr));
    memset(vcpu->guest.registers, 0, sizeof(vcpu->guest.registers));
    vcpu->tsc_aux = vcpu->offered = vcpu->is_blocked = 0;
    x2apic_init(&vcpu->apic, (uint32_t)(vcpu - common->vcpus));
}

/* The first to ask for a vCPU has it to himself until he publishes what he has written. */
bool vcpu_ask_start(struct vcpu *vcpu, uint64_t entry, uint64_t argument, bool by_sipi) {
    struct start *start = &vcpu->start;
    uint32_t state = __atomic_load_n(&start->state, __ATOMIC_RELAXED);

    if ((state != START_NOT_ASKED && (state != START_HALTED || !by_sipi)) ||
        !__atomic_compare_exchange_n(&start->state, &state, START_CLAIMED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    start->entry = entry;
    start->argument = argument;
    start->by_sipi = by_sipi;
    __atomic_fetch_add(&vcpu->common->awake, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&start->state, START_ASKED, __ATOMIC_RELEASE);
    interrupt_kick(vcpu);
    return true;
}

bool vcpu_restarts(const struct common *common) {
    return __atomic_load_n(&common->restarts, __ATOMIC_ACQUIRE) != __atomic_load_n(&common->loads, __ATOMIC_ACQUIRE);
}

/* Outside 64-bit mode RIP and RDI have 32 bits. */
bool vcpu_take_start(struct vcpu *vcpu) {
    uint64_t width = (vcpu->vmcb->save.cs.attributes & SEGMENT_LONG) ? UINT64_MAX : UINT32_MAX;

    if (vcpu_restarts(vcpu->common))
        return vcpu == vcpu->common->vcpus && __atomic_load_n(&vcpu->common->to_leave, __ATOMIC_ACQUIRE) == 0;
    if (__atomic_load_n(&vcpu->start.state, __ATOMIC_ACQUIRE) != START_ASKED)
        return false;
    if (vcpu->start.by_sipi) {
        vmcb_reset(&vcpu->vmcb->save, vcpu->start.entry);
        return true;
    }
    vcpu->vmcb->save.rip = vcpu->last_rip = vcpu->start.entry & width;
    vcpu->guest.registers[REGISTER_RDI] = vcpu->start.argument & width;
    return true;
}

void vcpu_end_all(struct common *common) {
    __atomic_store_n(&common->ends, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < common->vcpu_count; i++)
        lapic_wake(common->vcpus[i].guest.cpu);
}

void vcpu_ask_restart(struct common *common) {
    unsigned before = __atomic_load_n(&common->loads, __ATOMIC_ACQUIRE);

    if (__atomic_compare_exchange_n(&common->restarts, &before, before + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        for (unsigned i = 0; i < common->vcpu_count; i++)
            interrupt_kick(&common->vcpus[i]);
}

void vcpu_leave(struct common *common) {
    if (__atomic_sub_fetch(&common->to_leave, 1, __ATOMIC_ACQ_REL) == 0)
        interrupt_kick(common->vcpus);
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

void vcpu_dump(struct vcpu *vcpu) {
    const struct vmcb_save *s = &vcpu->vmcb->save;
    uint64_t *registers = vcpu->guest.registers;

    registers[REGISTER_RAX] = s->rax;
    registers[REGISTER_RSP] = s->rsp;
    log_line("  rip %016lx  rflags %08lx  cpl %u", s->rip, s->rflags, s->cpl);
    log_registers(registers);
    log_line("  cr0 %08lx  cr2 %016lx  cr3 %016lx  cr4 %08lx  efer %04lx", s->cr0, s->cr2, s->cr3, s->cr4,
             (unsigned long)(s->efer & ~EFER_SVME));
    log_line("  dr6 %08lx  dr7 %08lx  gdtr %016lx/%04x  idtr %016lx/%04x", s->dr6, s->dr7, s->gdtr.base, s->gdtr.limit,
             s->idtr.base, s->idtr.limit);
    dump_segment("cs", &s->cs);
    dump_segment("ds", &s->ds);
    dump_segment("ss", &s->ss);
    dump_segment("tr", &s->tr);
}
