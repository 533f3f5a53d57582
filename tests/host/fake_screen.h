/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of hv/cpu/screen.c: what was asked of the physical screen.
 */
#pragma once

#include "hv/cpu/screen.h"

struct fake_screen {
    bool cleared[SCREEN_PAGES];
    unsigned shows; /* calls of screen_show(), and what the last one showed */
    unsigned page, cell;
    uint8_t cursor_start, cursor_end;
};

extern struct fake_screen fake_screen;
