/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events into the guest (APM vol. 2, "Event Injection").
 */
#pragma once

#include "hv/svm/vmcb.h"

/*
 * Delivers #DB, #UD, #GP or #AC at the next VMRUN, before the guest's next instruction, and notes it in the
 * VMCB for the report of a triple fault. An error code is 0.
 */
void event_exception(struct vmcb *vmcb, unsigned vector);

/*
 * Offers the guest an interrupt by V_IRQ, which it takes as soon as it can; vector 0 withdraws it. The priority has
 * been compared already, so that V_TPR does not count.
 */
static inline void event_offer(struct vmcb *vmcb, uint64_t vector) {
    vmcb->control.vintr =
        (vmcb->control.vintr & ~VINTR_OFFER) |
        (vector ? VINTR_IRQ | VINTR_IGNORE_TPR | vector << VINTR_VECTOR_SHIFT | vector >> 4 << VINTR_PRIORITY_SHIFT
                : 0);
}

/* Whether the guest has not taken yet what it was offered. */
static inline bool event_is_offered(const struct vmcb *vmcb) {
    return vmcb->control.vintr & VINTR_IRQ;
}

/* What CR8 reads. */
static inline void event_set_tpr(struct vmcb *vmcb, uint64_t tpr) {
    vmcb->control.vintr = (vmcb->control.vintr & ~VINTR_TPR_MASK) | tpr;
}

/* Delivers an interrupt at the next VMRUN; false when the guest cannot take one then. */
bool event_interrupt(struct vmcb *vmcb, unsigned vector);

/* An event whose delivery the last #VMEXIT interrupted is delivered again. Call after each #VMEXIT. */
static inline void event_requeue(struct vmcb *vmcb) {
    uint64_t event = vmcb->control.exitintinfo;

    vmcb->control.eventinj = __builtin_expect(event & EVENT_VALID, 0) ? event : 0;
}
