/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor: its VMCB, the registers that the VMCB does not hold, and what it
 * has cost; and what it has in common with the others of its partition, above all what
 * they may reach.
 */
#pragma once

#include "hv/abi.h"
#include "hv/dev/console.h"
#include "hv/dev/ioapic.h"
#include "hv/dev/x2apic.h"
#include "hv/io.h"
#include "hv/svm/npt.h"
#include "hv/svm/vmrun.h"

/* What its turns came to; the loop keeps it. */
struct vcpu_times {
    uint64_t run_ticks;
    uint64_t stolen_ticks; /* it could have run, but others did */
    uint64_t waits_since;  /* while it could run, since when, in time in which anybody ran; else 0 */
    uint64_t starts;       /* of slots at their due time */
    uint64_t late_ticks;   /* of all these starts together */
    uint64_t late_ticks_max;
};

/* What hypercalls of those with "control" are about: the whole system. */
struct control {
    unsigned *wanted_plan; /* where SHIKIRI_CALL_PLAN puts its wish */
    unsigned plan_count;
    struct vcpu **vcpus; /* for SHIKIRI_CALL_STATISTIC */
    unsigned vcpu_count;
};

/* Of all vCPUs of a partition. Built before the first of them runs; only the last members change then. */
struct common {
    struct npt npt;
    uint8_t *iopm, *msrpm;
    struct io_space io;
    const struct control *control; /* NULL without "control" */
    struct vcpu *vcpus;            /* by their numbers */
    unsigned vcpu_count;
    struct ioapic *ioapic;  /* the partition's, NULL without */
    struct console console; /* none goes on before its output is sent */
    unsigned awake;         /* have been started and not halted for ever */
    bool ends;              /* none goes on, as one has ended them all */
    bool has_apic;          /* each has a local APIC */
    unsigned restarts;      /* asked for */
    unsigned loads;         /* of them, after which the partition runs again */
    unsigned to_leave;      /* vCPUs that still have to stop for the next one */
};

enum { START_NOT_ASKED, START_CLAIMED, START_ASKED, START_HALTED };

/*
 * A start of a vCPU: who claims it writes it down and asks; the vCPU's own processor takes it. Once after a reset, and
 * by SIPI also when the vCPU has halted for ever.
 */
struct start {
    uint32_t state; /* START_... */
    uint64_t entry, argument;
    bool by_sipi; /* in real mode, as after reset */
};

#define EXIT_ROWS 32 /* kinds of exits (hv/exits.h) */

struct vcpu {
    struct guest guest; /* first: exit.c gets from it to the vCPU */
    struct vmcb *vmcb;
    void *xsave_area;
    uint64_t xcr0;
    uint64_t dr[4];
    uint64_t tsc_aux;
    uint32_t asid;
    bool shares_asid; /* with another vCPU: flushed when it is loaded */

    struct common *common;
    struct start start;
    struct console_line console;       /* where SHIKIRI_CALL_CONSOLE_WRITE puts its bytes */
    uint64_t info[SHIKIRI_INFO_COUNT]; /* answers of SHIKIRI_CALL_INFO */
    uint64_t status;                   /* of SHIKIRI_CALL_SHUTDOWN */
    const char *fault;                 /* why VERDICT_FAULT, where the exit alone does not say */
    uint64_t last_rip;                 /* of the last exit; an invalid one clobbers the VMCB's */

    struct x2apic apic;
    uint8_t offered; /* the vector that the VMCB offers the guest, 0 without */
    bool is_blocked; /* an interrupt waits that could not be injected */

    uint64_t unowned; /* accesses to ports that nobody owns */
    uint16_t subject; /* in the trace */
    struct vcpu_times times;
    struct exit_cost costs[EXIT_ROWS];
};

/*
 * Makes what `count` vCPUs have in common, and memory for them: nothing mapped, and every port and MSR
 * intercepted but those that every guest has. False when the arena is used up.
 */
bool vcpu_init_common(struct common *common, unsigned count, bool gigabyte_pages, struct arena *arena);

/* Makes a vCPU; `subject` and `asid` are set already. False when the arena is used up. */
bool vcpu_init(struct vcpu *vcpu, struct common *common, struct cpu *cpu, struct arena *arena);

/* The state after reset, but for the TSC's offset, of one that does not run. The VMCB keeps its intercepts all the
 * time. */
void vcpu_reset(struct vcpu *vcpu);

/*
 * Asks for the start of a vCPU, by SIPI or by a call; from any processor. False when it has been started, unless it has
 * halted for ever and the start is by SIPI.
 */
bool vcpu_ask_start(struct vcpu *vcpu, uint64_t entry, uint64_t argument, bool by_sipi);

/*
 * Sets a vCPU to where its start has been asked for; false when it has not. During a restart that is only the first
 * vCPU's, to load the partition, when all have left. Called by its own processor.
 */
bool vcpu_take_start(struct vcpu *vcpu);

/* Tells all vCPUs of the partition that it ends, and their processors to look. */
void vcpu_end_all(struct common *common);

/* The same of a restart. From any of them, and once until the partition runs again. */
void vcpu_ask_restart(struct common *common);

/* Whether the partition is being restarted. */
bool vcpu_restarts(const struct common *common);

/* A vCPU has left its schedule for the restart. */
void vcpu_leave(struct common *common);

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

/* A general register by its number in instructions. */
static inline uint64_t *vcpu_register(struct vcpu *vcpu, unsigned number) {
    if (number == REGISTER_RAX)
        return &vcpu->vmcb->save.rax;
    return number == REGISTER_RSP ? &vcpu->vmcb->save.rsp : &vcpu->guest.registers[number];
}

/* All registers, for the report of a fault; the vCPU was saved when it stopped. */
void vcpu_dump(struct vcpu *vcpu);
