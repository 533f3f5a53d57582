/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMCB to start from. Whatever a guest could use to reach beyond its partition is
 * intercepted; docs/exits.md gives the reason for each.
 */
#include "hv/svm/vmcb.h"

#include "hv/cpu/x86.h"

#define INTERCEPTED_CR         INTERCEPT(EXIT_WRITE_CR0 + 8)
#define INTERCEPTED_DR         INTERCEPT(EXIT_WRITE_DR0 + 7)
#define INTERCEPTED_EXCEPTIONS (1U << VECTOR_DB | 1U << VECTOR_AC | 1U << VECTOR_MC)

#define INTERCEPTED_MISC1                                                                                              \
    (INTERCEPT(EXIT_INTR) | INTERCEPT(EXIT_NMI) | INTERCEPT(EXIT_INIT) | INTERCEPT(EXIT_RDPMC) |                       \
     INTERCEPT(EXIT_CPUID) | INTERCEPT(EXIT_RSM) | INTERCEPT(EXIT_INVD) | INTERCEPT(EXIT_HLT) |                        \
     INTERCEPT(EXIT_INVLPGA) | INTERCEPT(EXIT_IOIO) | INTERCEPT(EXIT_MSR) | INTERCEPT(EXIT_FERR_FREEZE) |              \
     INTERCEPT(EXIT_SHUTDOWN))

#define INTERCEPTED_MISC2                                                                                              \
    (INTERCEPT(EXIT_VMRUN) | INTERCEPT(EXIT_VMMCALL) | INTERCEPT(EXIT_VMLOAD) | INTERCEPT(EXIT_VMSAVE) |               \
     INTERCEPT(EXIT_STGI) | INTERCEPT(EXIT_CLGI) | INTERCEPT(EXIT_SKINIT) | INTERCEPT(EXIT_WBINVD) |                   \
     INTERCEPT(EXIT_MONITOR) | INTERCEPT(EXIT_MWAIT) | INTERCEPT(EXIT_XSETBV) | INTERCEPT(EXIT_RDPRU))

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

    control->intercept_cr = INTERCEPTED_CR;
    control->intercept_dr = INTERCEPTED_DR;
    control->intercept_exception = INTERCEPTED_EXCEPTIONS;
    control->intercept_misc1 = INTERCEPTED_MISC1;
    control->intercept_misc2 = INTERCEPTED_MISC2;
    control->iopm_base_pa = iopm.value;
    control->msrpm_base_pa = msrpm.value;
    control->guest_asid = asid;
    control->tlb_control = TLB_FLUSH_ALL; /* whatever had this ASID before */
    control->vintr = VINTR_MASKING;
    control->nested_ctl = NESTED_PAGING_ENABLE;
    control->n_cr3 = n_cr3.value;
    vmcb_reset(&vmcb->save, 0);
}

bool vmcb_check(const struct vmcb *vmcb, struct vmcb_odd *odd) {
    const struct vmcb_control *c = &vmcb->control;
    const struct vmcb_odd rows[] = {
        {"intercept_cr", c->intercept_cr, INTERCEPTED_CR, 0},
        {"intercept_dr", c->intercept_dr, INTERCEPTED_DR, 0},
        {"intercept_exception", c->intercept_exception, INTERCEPTED_EXCEPTIONS, 0},
        {"intercept_misc1", c->intercept_misc1, INTERCEPTED_MISC1, 0},
        {"intercept_misc2", c->intercept_misc2, INTERCEPTED_MISC2, 0},
        {"vintr", c->vintr, VINTR_MASKING, VINTR_GIF_ENABLE | VINTR_AVIC_ENABLE},
        {"nested_ctl", c->nested_ctl, NESTED_PAGING_ENABLE, ~NESTED_PAGING_ENABLE},
        {"virt_ext", c->virt_ext, 0, UINT64_MAX},
    };

    for (unsigned i = 0; i < ARRAY_LENGTH(rows); i++) {
        *odd = rows[i];
        if ((odd->value & odd->set) != odd->set || (odd->value & odd->clear))
            return false;
    }
    return true;
}
