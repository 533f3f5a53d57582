/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop that runs the vCPUs of one processor: decide, switch, run, act on the
 * verdict. Each processor has its own, and on the way they share no lock: a plan is agreed on by one
 * compare-and-exchange, and what one asks of another is a word in memory and an interrupt.
 */
#pragma once

#include "partitions/partition.h"
#include "sched/schedule.h"

/* A vCPU that takes turns on this processor. */
struct runner {
    struct turn turn; /* first: decisions name it */
    struct partition *partition;
    struct vcpu *vcpu; /* of the partition */
    unsigned restarts; /* of that, for which it has left its schedule */
    /* It has stopped from RUNNER_STOPPED on; of that nothing has been said yet, all but the details, or all. */
    enum { RUNNER_WAITS, RUNNER_LOADS, RUNNER_RUNS, RUNNER_STOPPED, RUNNER_TOLD, RUNNER_OVER } state;
};

struct loop {
    struct cpu *cpu;
    struct runner *runners;
    unsigned runner_count;
    bool idle_polls;    /* while nobody runs it spins instead of halting */
    uint64_t end_ticks; /* the run ends so long after its start, if somebody still runs */
    struct schedule schedule;

    struct runner *loaded; /* whose state the processor holds */
    unsigned unreported;   /* runners with a report to come */
    uint64_t next_poll_tsc;
    uint64_t frame_tsc; /* of the frame that is noted in the trace */
    uint64_t idle_ticks;
    uint64_t started_tsc;
    uint64_t output_slots; /* that went by while what their partitions had printed was sent */
};

/* Runs until every vCPU has stopped. All members down to the schedule are set; the boot processor
 * also waits for the others. */
void loop_run(struct loop *loop);
