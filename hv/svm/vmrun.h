/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into the guest and back.
 */
#pragma once

#include "hv/cpu/cpu.h"
#include "hv/cpu/x86.h"
#include "hv/svm/vmcb.h"

/* What exits of one kind have cost, from #VMEXIT to the next VMRUN or until the run ended. */
struct exit_cost {
    uint64_t tag; /* of their records in the trace (hv/cpu/trace.h) */
    uint64_t max_ticks;
    uint64_t counts[32]; /* [n] of those that took 2^n ticks and more, but less than 2^(n+1) */
};

/* What vmrun.S works on. */
struct guest {
    uint64_t registers[REGISTER_COUNT]; /* RAX and RSP are in the VMCB */
    hpa_t vmcb_pa;
    struct cpu *cpu; /* the processor that runs it */
    struct exit_cost *cost;
};

/* Acts on an exit and sets where its cost is noted; 0 goes on in the guest, anything else comes back from vmrun(). */
typedef int vmrun_exit_fn(struct guest *guest);

/*
 * Runs the guest: loads the general registers, VMRUN, saves them again and calls `exit`, until that
 * says otherwise. Called with GIF=0 and IF=1; returns the same way. What VMLOAD covers, TR among it, stays
 * the guest's (APM vol. 2, "VMRUN Instruction").
 */
int vmrun(struct guest *guest, vmrun_exit_fn *exit);
