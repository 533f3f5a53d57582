/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules that values obey, apart from their type: limits, alignment, and what
 * several nodes may not have in common.
 */
#pragma once

#include "partitions/config.h"

/* Size, alignment and range of one window; false when something was reported. */
bool rules_check_window(struct report *report, const struct window_config *window);

/* What the windows of one partition may not have in common, its start area, and its devices. */
void rules_check_partition(struct report *report, const struct partition_config *partition);

/* What partitions may not have in common: labels, numbers, UARTs; and the number of screens. */
void rules_check_system(struct report *report, const struct config *config);
