/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user reads about a run: why a partition stopped, and the summary at the end.
 */
#pragma once

#include "hv/lib/sha256.h"
#include "sched/loop.h"

/* One line why the partition stopped, if it was this vCPU that ended it. */
void report_stop(const struct runner *runner);

/* For a fault of its, the exit in words and all registers. */
void report_details(const struct runner *runner);

/* Switches, idle time and lateness, a processor each that has one; run time and exits, a vCPU each. */
void report_summary(const struct loop *loops, unsigned loop_count, const struct partition *partitions,
                    unsigned partition_count);
/*
 * Audits the live tables and prints the hash of their certificate, which goes to `hash` too. Tables that are not
 * what the configuration says are a panic: a bug of ours or broken memory, and isolation is gone.
 */
void report_certificate(char hash[SHA256_HEX_DIGITS + 1]);
