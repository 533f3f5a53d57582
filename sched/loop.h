/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop that runs the partitions of one processor: pick, switch, run, act on the
 * verdict.
 */
#pragma once

#include "partitions/partition.h"
#include "sched/schedule.h"

struct loop {
    struct cpu *cpu;
    struct partition *partitions;
    unsigned partition_count;
    struct turn *turns; /* one a partition, in the same order */
    uint64_t slot_ticks;
    bool trace_switches; /* a line with the TSC at every switch */

    struct schedule schedule;
    struct partition *loaded; /* whose state the processor holds */
    uint64_t next_poll_tsc;
    uint64_t switches;
    uint64_t idle_ticks;
    uint64_t started_tsc;
};

/* Runs until every partition has stopped. The first seven members are set. */
void loop_run(struct loop *loop);
