/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user reads about a run: why a partition stopped, and the summary at the end.
 */
#pragma once

#include "sched/loop.h"

/* What it has printed of a line, and one line why the partition stopped, if it was this vCPU that ended it. */
void report_stop(struct runner *runner);

/* For a fault of its, the exit in words and all registers. */
void report_details(struct runner *runner);

/* A line of the list behind Ctrl-] l: the letter for the partition, its state, what it has had of `ticks`. */
void report_partition(const struct partition *partition, char letter, uint64_t ticks);

/* Switches, idle time and lateness, a processor each that has one; run time and exits, a vCPU each. */
void report_summary(const struct loop *loops, unsigned loop_count, const struct partition *partitions,
                    unsigned partition_count);
/*
 * Audits the live tables, and prints and returns the hash of their certificate. Tables that are not
 * what the configuration says are a panic: a bug of ours or broken memory, and isolation is gone.
 */
const char *report_certificate(void);
