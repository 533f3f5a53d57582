/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own page tables (APM vol. 2, "Long-Mode Page Translation"):
 * everything is mapped at its own address, code is not writable, data is not
 * executable, what is neither RAM nor a register page is absent.
 */
#pragma once

#include "hv/lib/arena.h"
#include "hv/lib/range.h"

/*
 * Replaces entry.S' coarse tables, in place. `ram` lists what is RAM; tables for what
 * lies above 4 GiB come from `arena`. False when it is used up.
 */
bool paging_init(const struct range *ram, unsigned ram_count, struct arena *arena);
