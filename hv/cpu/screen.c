/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The physical VGA text screen: see screen.h. CRTC registers are those of the
 * IBM VGA: start address 0x0C and 0x0D, cursor 0x0A, 0x0B, 0x0E and 0x0F.
 */
#include "hv/cpu/screen.h"

#include "hv/cpu/x86.h"

#define CRTC_INDEX 0x3d4
#define CRTC_DATA  0x3d5

#define COLUMNS    80
#define ROWS       25
#define PAGE_CELLS (PAGE_BYTES / 2)
#define BLANK      0x0720 /* light grey on black, a space */

static unsigned next_cell; /* where screen_write() goes on on page 0 */

static volatile uint16_t *page_cells(unsigned page) {
    return (volatile uint16_t *)(SCREEN_BASE + page * PAGE_BYTES);
}

/* A register has the upper half of `value`, the next one the lower. */
static void crtc_write(uint8_t index, unsigned value) {
    x86_outb(CRTC_INDEX, index);
    x86_outb(CRTC_DATA, (uint8_t)(value >> 8));
    x86_outb(CRTC_INDEX, index + 1);
    x86_outb(CRTC_DATA, (uint8_t)value);
}

void screen_clear(unsigned page, unsigned piece) {
    for (unsigned cell = 0; cell < PAGE_CELLS / SCREEN_PIECES; cell++)
        page_cells(page)[piece * PAGE_CELLS / SCREEN_PIECES + cell] = BLANK;
}

void screen_show(unsigned page, unsigned cell, uint8_t cursor_start, uint8_t cursor_end) {
    crtc_write(0x0a, (unsigned)cursor_start << 8 | cursor_end);
    crtc_write(0x0c, page * PAGE_CELLS);
    crtc_write(0x0e, page * PAGE_CELLS + cell);
}

static void scroll(void) {
    volatile uint16_t *cells = page_cells(0);

    for (unsigned cell = 0; cell < COLUMNS * ROWS; cell++)
        cells[cell] = cell < COLUMNS * (ROWS - 1) ? cells[cell + COLUMNS] : BLANK;
    next_cell -= COLUMNS;
}

void screen_write(const char *text, size_t length) {
    for (const char *c = text; c < text + length; c++) {
        if (*c == '\n')
            next_cell += COLUMNS - next_cell % COLUMNS;
        else
            page_cells(0)[next_cell++] = (uint16_t)((BLANK & 0xff00) | (uint8_t)*c);
        if (next_cell >= COLUMNS * ROWS)
            scroll();
    }
}
