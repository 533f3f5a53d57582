/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor: its VMCB, the registers that the VMCB does not hold, what it
 * may reach, and what it has cost. vmrun.S knows the first members by their offsets.
 */
#ifndef SHIKIRI_HV_VCPU_H
#define SHIKIRI_HV_VCPU_H

#include "hv/abi.h"
#include "hv/cpu/cpu.h"
#include "hv/dev/console.h"
#include "hv/exit.h"
#include "hv/io.h"
#include "hv/svm/npt.h"
#include "hv/svm/vmcb.h"
#include "hv/verdict.h"

/* General registers in the order of their numbers in instructions; RAX and RSP are in the VMCB. */
enum {
    REGISTER_RAX,
    REGISTER_RCX,
    REGISTER_RDX,
    REGISTER_RBX,
    REGISTER_RSP,
    REGISTER_RBP,
    REGISTER_RSI,
    REGISTER_RDI,
    REGISTER_COUNT = 16,
};

struct vcpu {
    uint64_t registers[REGISTER_COUNT];
    hpa_t vmcb_pa;
    struct cpu *cpu; /* the processor it is bound to */

    struct vmcb *vmcb;
    void *xsave_area;
    uint64_t xcr0;
    uint64_t dr[4];
    uint64_t tsc_aux;

    struct npt npt;
    struct io_space io;
    struct console_line *console;      /* where SHIKIRI_CALL_CONSOLE_WRITE puts its bytes */
    uint64_t info[SHIKIRI_INFO_COUNT]; /* answers of SHIKIRI_CALL_INFO */
    uint64_t status;                   /* of SHIKIRI_CALL_SHUTDOWN */
    const char *fault;                 /* why VERDICT_FAULT, where the exit alone does not say */
    uint64_t entry_rip;                /* of the last VMRUN; an invalid exit clobbers the VMCB's */

    uint64_t exits[EXIT_ROWS];
};

/*
 * Runs the vCPU until an exit means more than going on in the guest. Called with GIF=0 and
 * IF=1, with the vCPU's state loaded (vcpu_load). Never returns VERDICT_RESUME.
 */
enum verdict vcpu_run(struct vcpu *vcpu);

/*
 * Loads what VMRUN does not (APM vol. 2, "VMRUN Instruction"): FPU, XCR0, DR0 to DR3, and what
 * VMLOAD covers. Saving is the other half. Only a switch between partitions needs them.
 */
void vcpu_load(struct vcpu *vcpu);
void vcpu_save(struct vcpu *vcpu);

/* All registers, for the report of a fault. */
void vcpu_dump(const struct vcpu *vcpu);

#endif
