/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving the modules from where the boot loader has put them into one block, so that
 * where they lie depends on their sizes alone.
 */
#pragma once

#include "boot/multiboot.h"

/* What all modules take when each begins a page. */
uint64_t modules_bytes(const struct boot_info *boot);

/*
 * Moves the modules into `block`, which has modules_bytes(), and changes their ranges. They begin
 * pages and do not overlap; the block may overlap them when it ends a piece of RAM.
 */
void modules_move(struct boot_info *boot, struct range block);
