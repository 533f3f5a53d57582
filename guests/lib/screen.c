/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VGA text page: see lib.h.
 */
#include "guests/lib/lib.h"

static volatile uint16_t *cells(void) {
    return (volatile uint16_t *)(uintptr_t)0xb8000;
}

void screen_write(unsigned row, unsigned column, uint8_t attribute, const char *text) {
    for (unsigned at = row * SCREEN_COLUMNS + column; *text != '\0'; at++, text++)
        cells()[at] = (uint16_t)(attribute << 8 | (uint8_t)*text);
}

void screen_fill(unsigned row, unsigned column, unsigned rows, unsigned columns, uint8_t attribute, char c) {
    for (unsigned r = row; r < row + rows; r++)
        for (unsigned k = column; k < column + columns; k++)
            cells()[r * SCREEN_COLUMNS + k] = (uint16_t)(attribute << 8 | (uint8_t)c);
}
