/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices: a row for each kind; see devices.h. The physical screen is shared out here,
 * as only here it is known that there are several.
 */
#include "partitions/devices.h"

#include "hv/cpu/screen.h"
#include "hv/dev/power.h"
#include "hv/interrupt.h"
#include "hv/lib/string.h"
#include "hv/svm/iopm.h"

static struct vga *screens[SCREEN_PAGES];
static unsigned screen_count;
static unsigned shown;

static bool stale; /* the cursor on what is shown is not where its partition has put it */

/* On any processor; only one of them touches the physical CRTC, whose index and data go together. */
static void note_cursor(struct vga *vga) {
    if (screens[shown] == vga)
        __atomic_store_n(&stale, true, __ATOMIC_RELEASE);
}

void devices_refresh_screen(void) {
    if (!__atomic_exchange_n(&stale, false, __ATOMIC_ACQUIRE))
        return;
    const struct vga *vga = screens[shown];

    screen_show(vga->page, vga_cursor_cell(vga), vga->crtc[VGA_CURSOR_START], vga->crtc[VGA_CURSOR_END]);
}

void devices_show_screen(unsigned number) {
    if (number >= screen_count)
        return;
    shown = number;
    stale = true;
    devices_refresh_screen();
}

unsigned devices_screen_count(void) {
    return screen_count;
}

static bool attach_vga(struct partition *partition, const struct device_config *config) {
    struct vga *vga = &partition->vga;
    struct io_space *io = &partition->common.io;
    unsigned page = screen_count++;

    vga->page = page;
    screens[page] = vga;
    return npt_map(&partition->common.npt, GPA(VGA_TEXT_RANGE.base), PAGE_BYTES, HPA(SCREEN_BASE + page * PAGE_BYTES),
                   REACH_WRITE) &&
           io_add(io, (struct io_range){VGA_CRTC_PORT, VGA_CRTC_PORT_COUNT, vga_crtc_read, vga_crtc_write, vga}) &&
           io_add(io, (struct io_range){VGA_STATUS_PORT, 1, vga_status_read, vga_status_write, vga});
}

static bool attach_console(struct partition *partition, const struct device_config *config) {
    partition->uart = (struct uart){.line = &partition->common.vcpus[0].console, .ioapic = &partition->ioapic};
    return io_add(&partition->common.io,
                  (struct io_range){config->port, UART_PORTS, uart_read, uart_write, &partition->uart});
}

static bool attach_uart(struct partition *partition, const struct device_config *config) {
    iopm_pass(partition->common.iopm, config->port, config->port_count);
    return true;
}

static bool attach_x2apic(struct partition *partition, const struct device_config *config) {
    struct common *common = &partition->common;

    common->has_apic = true;
    common->ioapic = &partition->ioapic;
    partition->ioapic = (struct ioapic){.deliver = interrupt_deliver, .owner = common};
    return io_add(&common->io, (struct io_range){POWER_PORT, POWER_PORTS, power_read, power_write, NULL}) &&
           io_add(&common->io, (struct io_range){PCI_PORT, PCI_PORTS, pci_read, pci_write, partition->pci_address});
}

static bool (*const attach[])(struct partition *, const struct device_config *) = {
    [DEVICE_VGA_TEXT] = attach_vga,
    [DEVICE_CONSOLE] = attach_console,
    [DEVICE_UART] = attach_uart,
    [DEVICE_X2APIC] = attach_x2apic,
};

bool devices_attach(struct partition *partition) {
    const struct partition_config *config = partition->config;

    partition->common.io.fault_on_unowned = config->fault_on_unowned_port;
    for (unsigned i = 0; i < config->device_count; i++)
        if (!attach[config->devices[i].kind](partition, &config->devices[i]))
            return false;
    return true;
}

void devices_clear_screen(struct partition *partition, unsigned piece) {
    if (config_vga(partition->config))
        screen_clear(partition->vga.page, piece);
}

void devices_reset(struct partition *partition) {
    ioapic_reset(&partition->ioapic);
    uart_reset(&partition->uart);
    memset(partition->pci_address, 0, PCI_ADDRESS_BYTES);
    if (!config_vga(partition->config))
        return;
    vga_init(&partition->vga, partition->vga.page, note_cursor);
    note_cursor(&partition->vga);
}
