/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical VGA text screen: eight 4 KiB pages at 0xB8000, of which one is shown.
 * Before the partitions start, page 0 also carries the hypervisor's own words.
 */
#pragma once

#include "hv/lib/types.h"

#define SCREEN_BASE  0xb8000
#define SCREEN_PAGES 8

/* Blanks a piece of a page, of SCREEN_PIECES. Page 0 belongs to a partition then. */
#define SCREEN_PIECES 32
void screen_clear(unsigned page, unsigned piece);

/* Shows a page, with the cursor at `cell` (0 to 1999) and of the shape that CRTC 0x0A and 0x0B say. */
void screen_show(unsigned page, unsigned cell, uint8_t cursor_start, uint8_t cursor_end);

/* Writes lines at the end of page 0, scrolling. */
void screen_write(const char *text, size_t length);
