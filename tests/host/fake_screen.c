/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical screen of tests: see fake_screen.h.
 */
#include "tests/host/fake_screen.h"

#include "tests/host/test.h"

struct fake_screen fake_screen;

void screen_clear(unsigned page, unsigned piece) {
    assert_true(page < SCREEN_PAGES && piece < SCREEN_PIECES);
    fake_screen.cleared[page] = piece == SCREEN_PIECES - 1;
}

void screen_show(unsigned page, unsigned cell, uint8_t cursor_start, uint8_t cursor_end) {
    assert_true(fake_screen.cleared[page]);
    fake_screen.shows++;
    fake_screen.page = page;
    fake_screen.cell = cell;
    fake_screen.cursor_start = cursor_start;
    fake_screen.cursor_end = cursor_end;
}
