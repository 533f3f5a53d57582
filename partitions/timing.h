/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the device tree to schedules: which processor runs what, and when
 * (docs/timing.md). The partitions have been read by then, as schedules name them by
 * their phandles.
 */
#pragma once

#include "partitions/config.h"
#include "partitions/fdt.h"

/* Reads /cpus, or /schedule as the short form for one processor, into config->cpus. */
void timing_parse(struct dt *dt, int root, struct config *config);
