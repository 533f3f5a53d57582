/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events into the guest: see event.h.
 */
#include "hv/svm/event.h"

#include "hv/cpu/x86.h"

static void inject(struct vmcb *vmcb, uint64_t event) {
    vmcb->control.eventinj = vmcb->control.host_injected = EVENT_VALID | EVENT_TYPE_EXCEPTION | event;
    vmcb->control.host_injected_rip = vmcb->save.rip;
}

bool event_interrupt(struct vmcb *vmcb, unsigned vector) {
    struct vmcb_control *control = &vmcb->control;

    if (!(vmcb->save.rflags & RFLAGS_IF) || (control->interrupt_shadow & 1) || (control->eventinj & EVENT_VALID))
        return false;
    control->eventinj = EVENT_VALID | vector;
    return true;
}

void event_exception(struct vmcb *vmcb, unsigned vector) {
    inject(vmcb, vector);
}

void event_exception_code(struct vmcb *vmcb, unsigned vector, uint32_t error_code) {
    inject(vmcb, EVENT_ERROR_VALID | vector | (uint64_t)error_code << EVENT_ERROR_SHIFT);
}
