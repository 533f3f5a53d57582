/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An exit in words, for the report of a guest's fault.
 */
#include "hv/exit.h"

#include "hv/lib/log.h"
#include "hv/vcpu.h"

/*
 * APM vol. 2, "Nested versus Guest Page Faults, Fault Ordering". Every nested access counts as a user access, so the
 * privilege is the guest's CPL, not EXITINFO1 bit 2.
 */
static void describe_npf(const struct vcpu *vcpu) {
    const struct vmcb_control *control = &vcpu->vmcb->control;
    uint64_t info = control->exitinfo1;

    log_line("  guest-physical address 0x%lx: %s%s, page %s, %s", control->exitinfo2,
             (info & NPF_FETCH)   ? "instruction fetch"
             : (info & NPF_WRITE) ? "write"
                                  : "read",
             (info & NPF_TABLE_WALK) ? " by a walk of the guest's page tables" : "",
             (info & NPF_PRESENT) ? "present" : "not present", vcpu->vmcb->save.cpl ? "user" : "supervisor");
}

static void describe_io(const struct vmcb_control *control) {
    uint32_t info = (uint32_t)control->exitinfo1;

    log_line("  port 0x%x: %s of %u bytes", info >> IOIO_PORT_SHIFT, (info & IOIO_IN) ? "read" : "write",
             info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK);
}

void exit_describe(const struct vcpu *vcpu) {
    const struct vmcb_control *control = &vcpu->vmcb->control;

    log_line("  exit %s (0x%lx), exitinfo1 0x%lx, exitinfo2 0x%lx%s%s", exit_name(exit_row(control->exitcode)),
             control->exitcode, control->exitinfo1, control->exitinfo2, vcpu->fault ? ": " : "",
             vcpu->fault ? vcpu->fault : "");
    if (control->exitcode == EXIT_NPF)
        describe_npf(vcpu);
    if (control->exitcode == EXIT_IOIO)
        describe_io(control);
}
