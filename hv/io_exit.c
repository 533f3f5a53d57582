/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IN and OUT on ports that are not passed through (APM vol. 2, "IOIO Intercept").
 * EXITINFO1 says what was accessed, EXITINFO2 is the next RIP.
 */
#include "hv/exits.h"
#include "hv/vcpu.h"

enum verdict io_exit(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->vmcb;
    uint32_t info = (uint32_t)vmcb->control.exitinfo1;
    unsigned size_bytes = info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK;
    bool read = info & IOIO_IN;
    uint32_t value = (uint32_t)vmcb->save.rax;

    if (info & IOIO_STRING) {
        vcpu->fault = "INS or OUTS on an emulated port";
        return VERDICT_FAULT;
    }
    enum verdict verdict = io_access(&vcpu->io, (uint16_t)(info >> IOIO_PORT_SHIFT), size_bytes, read, &value);

    if (verdict != VERDICT_RESUME) {
        vcpu->fault = "a port that nobody owns";
        return verdict;
    }
    if (read) /* a 32-bit result clears the upper half of RAX, shorter ones leave the rest */
        vmcb->save.rax = size_bytes == 4 ? value : (vmcb->save.rax & ~0xffffffffULL) | value;
    vmcb->save.rip = vmcb->control.exitinfo2;
    vmcb->control.interrupt_shadow = 0;
    return VERDICT_RESUME;
}
