/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCB to start from. Whatever a guest could use to reach beyond its partition is
 * intercepted; docs/exits.md gives the reason for each.
 */
#include "hv/svm/vmcb.h"

#include "hv/cpu/x86.h"

#define BIT(code, constant, name, act) | INTERCEPT(code)
#define FIELD(name)                    #name, offsetof(struct vmcb_control, name), sizeof(((struct vmcb_control *)0)->name)

/* The controls that hold a guest in: bits that have to be set, and to be clear. */
static const struct {
    const char *field;
    uint8_t offset, size_bytes;
    uint64_t set, clear;
} rules[] = {
    {FIELD(intercept_cr), 0 VMCB_EXITS_CR(BIT), 0},
    {FIELD(intercept_dr), 0 VMCB_EXITS_DR(BIT), 0},
    {FIELD(intercept_exception), 0 VMCB_EXITS_EXCEPTION(BIT), 0},
    {FIELD(intercept_misc1), 0 VMCB_EXITS_MISC1(BIT), 0},
    {FIELD(intercept_misc2), 0 VMCB_EXITS_MISC2(BIT), 0},
    {FIELD(vintr), VINTR_MASKING, VINTR_GIF_ENABLE | VINTR_AVIC_ENABLE},
    {FIELD(nested_ctl), NESTED_PAGING_ENABLE, ~NESTED_PAGING_ENABLE},
    {FIELD(virt_ext), 0, UINT64_MAX},
};

#define REAL_MODE_LIMIT 0xffff

static struct vmcb_segment real_mode_segment(uint16_t type) {
    return (struct vmcb_segment){.attributes = type | SEGMENT_PRESENT, .limit = REAL_MODE_LIMIT};
}

void vmcb_reset(struct vmcb_save *save, uint64_t entry) {
    *save = (struct vmcb_save){0};
    save->cs = real_mode_segment(SEGMENT_CODE | SEGMENT_USER);
    save->cs.selector = (uint16_t)(entry >> 4);
    save->cs.base = entry;
    save->ds = real_mode_segment(SEGMENT_DATA | SEGMENT_USER);
    save->es = save->fs = save->gs = save->ss = save->ds;
    save->ldtr = real_mode_segment(SEGMENT_LDT);
    save->tr = real_mode_segment(SEGMENT_TSS);
    save->efer = EFER_SVME; /* VMRUN refuses a guest without it */
    save->cr0 = CR0_ET;
    save->dr6 = DR6_INIT;
    save->dr7 = DR7_INIT;
    save->rflags = RFLAGS_RESERVED_ONE;
    save->g_pat = PAT_RESET;
}

void vmcb_init(struct vmcb *vmcb, uint32_t asid, hpa_t n_cr3, hpa_t iopm, hpa_t msrpm) {
    struct vmcb_control *control = &vmcb->control;

    for (unsigned i = 0; i < ARRAY_LENGTH(rules); i++)
        store(control->bytes + rules[i].offset, rules[i].set, rules[i].size_bytes);
    control->iopm_base_pa = iopm.value;
    control->msrpm_base_pa = msrpm.value;
    control->guest_asid = asid;
    control->tlb_control = TLB_FLUSH_ALL; /* whatever had this ASID before */
    control->n_cr3 = n_cr3.value;
    control->eventinj = control->interrupt_shadow = 0;
    vmcb_reset(&vmcb->save, 0);
}

bool vmcb_check(const struct vmcb *vmcb, struct vmcb_odd *odd) {
    for (unsigned i = 0; i < ARRAY_LENGTH(rules); i++) {
        uint64_t value = load(vmcb->control.bytes + rules[i].offset, rules[i].size_bytes);

        *odd = (struct vmcb_odd){rules[i].field, value, rules[i].set, rules[i].clear};
        if ((value & odd->set) != odd->set || (value & odd->clear))
            return false;
    }
    return true;
}
