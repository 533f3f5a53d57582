/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An exit in words, for the report of a guest's fault.
 */
#include "hv/exits.h"
#include "hv/lib/log.h"

/*
 * APM vol. 2, "Nested versus Guest Page Faults, Fault Ordering". Every nested access counts as a user access, so the
 * privilege is the guest's CPL, not EXITINFO1 bit 2. A page that is there is refused for what its window lacks: every
 * page can be read.
 */
static void describe_npf(const struct vcpu *vcpu) {
    const struct vmcb_control *control = &vcpu->vmcb->control;
    uint64_t info = control->exitinfo1;

    log_line("  guest-physical address 0x%lx: %s%s, %s, %s", control->exitinfo2,
             (info & NPF_FETCH)   ? "instruction fetch"
             : (info & NPF_WRITE) ? "write"
                                  : "read",
             (info & NPF_TABLE_WALK) ? " by a walk of the guest's page tables" : "",
             !(info & NPF_PRESENT) ? "page not present"
             : (info & NPF_FETCH)  ? "the page is no-execute"
                                   : "the page is read-only",
             vcpu->vmcb->save.cpl ? "user" : "supervisor");
}

static void describe_io(const struct vmcb_control *control) {
    uint32_t info = (uint32_t)control->exitinfo1;
    unsigned size_bytes = info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK;

    log_line("  port 0x%x: %s of %u byte%s", info >> IOIO_PORT_SHIFT, (info & IOIO_IN) ? "read" : "write", size_bytes,
             size_bytes == 1 ? "" : "s");
}

/* Most triple faults are an exception for which a young kernel has no handler yet. */
static void describe_shutdown(const struct vmcb *vmcb) {
    static const char names[EXCEPTIONS][4] = {
        [VECTOR_DB] = "#DB", [VECTOR_UD] = "#UD", [VECTOR_GP] = "#GP", [VECTOR_AC] = "#AC"};
    const struct vmcb_control *control = &vmcb->control;

    if (control->host_injected)
        log_line("  last injected: %s at rip 0x%lx", names[control->host_injected % EXCEPTIONS],
                 control->host_injected_rip);
    else
        log_line("  last injected: nothing");
    if (vmcb->save.idtr.limit == 0)
        log_line("  the guest has no IDT");
}

void exit_describe(const struct vcpu *vcpu) {
    const struct vmcb_control *control = &vcpu->vmcb->control;

    log_line("  exit %s (0x%lx), exitinfo1 0x%lx, exitinfo2 0x%lx%s%s", exit_entries[exit_row(control->exitcode)].name,
             control->exitcode, control->exitinfo1, control->exitinfo2, vcpu->fault ? ": " : "",
             vcpu->fault ? vcpu->fault : "");
    if (control->exitcode == EXIT_NPF)
        describe_npf(vcpu);
    if (control->exitcode == EXIT_IOIO)
        describe_io(control);
    if (control->exitcode == EXIT_SHUTDOWN)
        describe_shutdown(vcpu->vmcb);
}
