/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual part of a VGA text screen: the CRTC's index and data ports, and the
 * input status register. The text page itself is memory and never comes here. Of the
 * CRTC, the cursor's shape and place have an effect; other registers only keep what
 * is written, as the page a partition owns is fixed.
 */
#pragma once

#include "hv/io.h"

#define VGA_CRTC_PORT      0x3d4 /* index, data */
#define VGA_CRTC_PORTS     2
#define VGA_STATUS_PORT    0x3da
#define VGA_CRTC_REGISTERS 0x19

#define VGA_CURSOR_START 0x0a
#define VGA_CURSOR_END   0x0b
#define VGA_CURSOR_HIGH  0x0e
#define VGA_CURSOR_LOW   0x0f

struct vga {
    unsigned page; /* of the physical screen, 0 to 7 */
    uint8_t index;
    uint8_t crtc[VGA_CRTC_REGISTERS];
    uint8_t status; /* toggles, so that a guest that waits for retrace gets on */
};

/* The state of text mode 3. */
void vga_init(struct vga *vga, unsigned page);

/* Cell of the page that the cursor is in. */
unsigned vga_cursor_cell(const struct vga *vga);

io_read_fn vga_crtc_read, vga_status_read;
io_write_fn vga_crtc_write, vga_status_write;
