/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events into the guest (APM vol. 2, "Event Injection").
 */
#pragma once

#include "hv/svm/vmcb.h"

/*
 * Delivers an exception at the next VMRUN, before the guest's next instruction, and notes it in the
 * VMCB for the report of a triple fault.
 */
void event_exception(struct vmcb *vmcb, unsigned vector);
void event_exception_code(struct vmcb *vmcb, unsigned vector, uint32_t error_code);

/* An event whose delivery the last #VMEXIT interrupted is delivered again. Call after each #VMEXIT. */
static inline void event_requeue(struct vmcb *vmcb) {
    uint64_t event = vmcb->control.exitintinfo;

    vmcb->control.eventinj = __builtin_expect(event & EVENT_VALID, 0) ? event : 0;
}
