/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events into the guest: see event.h.
 */
#include "hv/svm/event.h"

void event_exception(struct vmcb *vmcb, unsigned vector) {
    vmcb->control.eventinj = EVENT_VALID | EVENT_TYPE_EXCEPTION | vector;
}

void event_exception_code(struct vmcb *vmcb, unsigned vector, uint32_t error_code) {
    vmcb->control.eventinj =
        EVENT_VALID | EVENT_TYPE_EXCEPTION | EVENT_ERROR_VALID | vector | (uint64_t)error_code << EVENT_ERROR_SHIFT;
}
