/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the user types: Alt+F1 to F8 on the keyboard, and all that comes in on COM1, which goes to the partition in
 * focus but for the commands behind Ctrl-] (docs/running.md).
 */
#pragma once

#include "partitions/partition.h"

/* The partitions, by their numbers, before the first look. */
void keys_init(struct partition *partitions, unsigned count);

/* Looks at keyboard and COM1, and acts; only the boot processor calls it. True when more is likely to come soon. */
bool keys_poll(void);
