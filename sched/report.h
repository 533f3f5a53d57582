/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user reads about a run: why a partition stopped, and the summary at the end.
 */
#pragma once

#include "sched/loop.h"

/* One line why it stopped; for a fault with the exit in words and all registers. */
void report_stop(const struct partition *partition);

/* Run time, switches and exits by kind, a partition each. */
void report_summary(const struct loop *loop);
