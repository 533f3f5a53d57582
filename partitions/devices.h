/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a device in the configuration to what makes it work.
 */
#pragma once

#include "hv/cpu/screen.h"
#include "partitions/partition.h"

/*
 * Gives the partition its devices: ports passed or emulated, and the next free page of the
 * physical screen. The nested page table has its windows already. False when the arena is used up.
 */
bool devices_attach(struct partition *partition);

/* Blanks a piece of the partition's screen, of SCREEN_PIECES, if it has one. */
void devices_clear_screen(struct partition *partition, unsigned piece);

/* The state after reset of all else. */
void devices_reset(struct partition *partition);

/* Shows the screen of a number, from 0; a number that no partition has changes nothing. */
void devices_show_screen(unsigned number);

/* Moves the physical cursor to where the shown screen has its own. Only the boot processor calls these two. */
void devices_refresh_screen(void);

/* Number of screens that partitions have. */
unsigned devices_screen_count(void);
