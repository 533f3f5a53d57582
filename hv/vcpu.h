/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor: its VMCB, the registers that the VMCB does not hold, what it
 * may reach, and what it has cost.
 */
#pragma once

#include "hv/abi.h"
#include "hv/cpu/cpu.h"
#include "hv/dev/console.h"
#include "hv/exit.h"
#include "hv/io.h"
#include "hv/svm/npt.h"
#include "hv/svm/vmcb.h"
#include "hv/svm/vmrun.h"
#include "hv/verdict.h"

/* What its turns came to; the loop keeps it. */
struct vcpu_times {
    uint64_t run_ticks;
    uint64_t stolen_ticks; /* it could have run, but others did */
    uint64_t waits_since;  /* the TSC, while it could run; else 0 */
    uint64_t starts;       /* of slots at their due time */
    uint64_t late_ticks;   /* of all these starts together */
    uint64_t late_ticks_max;
};

struct vcpu {
    struct guest guest; /* first: exit.c gets from it to the vCPU */
    struct vmcb *vmcb;
    void *xsave_area;
    uint64_t xcr0;
    uint64_t dr[4];
    uint64_t tsc_aux;
    bool shares_asid; /* with another vCPU: flushed when it is loaded */

    struct npt npt;
    uint8_t *iopm;
    struct io_space io;
    struct console_line *console;      /* where SHIKIRI_CALL_CONSOLE_WRITE puts its bytes */
    uint64_t info[SHIKIRI_INFO_COUNT]; /* answers of SHIKIRI_CALL_INFO */
    uint64_t status;                   /* of SHIKIRI_CALL_SHUTDOWN */
    unsigned *wanted_plan;             /* where SHIKIRI_CALL_PLAN puts its wish; NULL without "control" */
    unsigned plan_count;
    struct vcpu *const *peers; /* all of the system, for SHIKIRI_CALL_STATISTIC; NULL without "control" */
    unsigned peer_count;
    const char *fault; /* why VERDICT_FAULT, where the exit alone does not say */
    uint64_t last_rip; /* of the last exit; an invalid one clobbers the VMCB's */

    uint16_t subject; /* in the trace */
    struct vcpu_times times;
    struct exit_cost costs[EXIT_ROWS];
};

/*
 * Makes a vCPU in the state after reset, with nothing mapped and every port and MSR intercepted
 * but those that every guest has; `npt` and `subject` are set already. False when the arena is used up.
 */
bool vcpu_init(struct vcpu *vcpu, struct cpu *cpu, uint32_t asid, struct arena *arena);

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

/* All registers, for the report of a fault; the vCPU was saved when it stopped. */
void vcpu_dump(const struct vcpu *vcpu);
