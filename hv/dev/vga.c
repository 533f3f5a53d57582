/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual VGA text screen: see vga.h.
 */
#include "hv/dev/vga.h"

#define STATUS_RETRACE 0x09 /* display disabled, vertical retrace */

enum { PORT_INDEX, PORT_DATA };

void vga_init(struct vga *vga, unsigned page, void (*cursor_changed)(struct vga *vga)) {
    *vga = (struct vga){.page = page, .cursor_changed = cursor_changed};
    vga->crtc[VGA_CURSOR_START] = 0x0d;
    vga->crtc[VGA_CURSOR_END] = 0x0e;
}

unsigned vga_cursor_cell(const struct vga *vga) {
    return (unsigned)vga->crtc[VGA_CURSOR_HIGH] << 8 | vga->crtc[VGA_CURSOR_LOW];
}

uint8_t vga_crtc_read(void *device, unsigned offset) {
    const struct vga *vga = device;

    if (offset == PORT_INDEX)
        return vga->index;
    return vga->index < VGA_CRTC_REGISTERS ? vga->crtc[vga->index] : 0;
}

void vga_crtc_write(void *device, unsigned offset, uint8_t value) {
    struct vga *vga = device;

    if (offset == PORT_INDEX) {
        vga->index = value;
        return;
    }
    if (vga->index >= VGA_CRTC_REGISTERS)
        return;
    vga->crtc[vga->index] = value;
    if (vga->index == VGA_CURSOR_START || vga->index == VGA_CURSOR_END || vga->index == VGA_CURSOR_HIGH ||
        vga->index == VGA_CURSOR_LOW)
        vga->cursor_changed(vga);
}

uint8_t vga_status_read(void *device, unsigned offset) {
    struct vga *vga = device;

    (void)offset;
    vga->status ^= STATUS_RETRACE;
    return vga->status;
}

/* Port 0x3da written is the feature control register, which has no effect here. */
void vga_status_write(void *device, unsigned offset, uint8_t value) {
    (void)device;
    (void)offset;
    (void)value;
}
