/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events into the guest: see event.h.
 */
#include "hv/svm/event.h"

#include "hv/cpu/x86.h"

bool event_interrupt(struct vmcb *vmcb, unsigned vector) {
    struct vmcb_control *control = &vmcb->control;

    if (!(vmcb->save.rflags & RFLAGS_IF) || (control->interrupt_shadow & 1) || (control->eventinj & EVENT_VALID))
        return false;
    control->eventinj = EVENT_VALID | EVENT_TYPE_INTR | vector;
    return true;
}

void event_exception(struct vmcb *vmcb, unsigned vector) {
    bool has_code = vector == VECTOR_AC || vector == VECTOR_GP;

    vmcb->control.eventinj = EVENT_VALID | EVENT_TYPE_EXCEPTION | (has_code ? EVENT_ERROR_VALID : 0) | vector;
    vmcb->control.host_injected = vmcb->control.eventinj;
    vmcb->control.host_injected_rip = vmcb->save.rip;
}
