/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual VGA text screen: see vga.h.
 */
#include "hv/dev/vga.h"

#define STATUS_RETRACE 0x09 /* display disabled, vertical retrace */

enum { PORT_INDEX, PORT_DATA };

void vga_init(struct vga *vga, unsigned page) {
    *vga = (struct vga){.page = page};
    vga->crtc[VGA_CURSOR_START] = 0x0d;
    vga->crtc[VGA_CURSOR_END] = 0x0e;
}

unsigned vga_cursor_cell(const struct vga *vga) {
    return (unsigned)vga->crtc[VGA_CURSOR_HIGH] << 8 | vga->crtc[VGA_CURSOR_LOW];
}

/*
 * Another vCPU of the partition may change the index at any time, as the two ports do not go together on
 * hardware either. It is read once, so that the register which was checked is the one that is used.
 */
static uint8_t read_index(const struct vga *vga) {
    return __atomic_load_n(&vga->index, __ATOMIC_RELAXED);
}

uint8_t vga_crtc_read(void *device, unsigned offset) {
    const struct vga *vga = device;
    uint8_t index = read_index(vga);

    if (offset == PORT_INDEX)
        return index;
    return index < VGA_CRTC_REGISTERS ? vga->crtc[index] : 0;
}

enum verdict vga_crtc_write(void *device, unsigned offset, uint8_t value) {
    struct vga *vga = device;
    uint8_t index = read_index(vga);

    if (offset == PORT_INDEX)
        vga->index = value;
    else if (index < VGA_CRTC_REGISTERS)
        vga->crtc[index] = value;
    return VERDICT_RESUME;
}

uint8_t vga_status_read(void *device, unsigned offset) {
    struct vga *vga = device;

    vga->status ^= STATUS_RETRACE;
    return vga->status;
}

/* Port 0x3da written is the feature control register, which has no effect here. */
enum verdict vga_status_write(void *device, unsigned offset, uint8_t value) {
    return VERDICT_RESUME;
}
