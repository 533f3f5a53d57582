/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices: a row for each kind; see devices.h. The physical screen is shared out here,
 * as only here it is known that there are several.
 */
#include "partitions/devices.h"

#include "hv/clock.h"
#include "hv/cpu/screen.h"
#include "hv/dev/power.h"
#include "hv/interrupt.h"
#include "hv/lib/string.h"
#include "hv/svm/iopm.h"

static struct vga *screens[SCREEN_PAGES];
static unsigned screen_count;
static unsigned shown;

void devices_refresh_screen(void) {
    static uint64_t refreshed = UINT64_MAX; /* what is shown */
    const struct vga *vga = screens[shown];

    if (!vga)
        return;
    unsigned cell = vga_cursor_cell(vga), start = vga->crtc[VGA_CURSOR_START], end = vga->crtc[VGA_CURSOR_END];
    uint64_t now = (uint64_t)vga->page << 32 | cell << 16 | start << 8 | end;

    if (now != refreshed)
        screen_show(vga->page, cell, (uint8_t)start, (uint8_t)end);
    refreshed = now;
}

void devices_show_screen(unsigned number) {
    if (number < screen_count)
        shown = number;
    devices_refresh_screen();
}

unsigned devices_screen_count(void) {
    return screen_count;
}

/* Emulated ports: whose, and where in the partition the device is. */
static const struct {
    enum device_kind kind;
    size_t device;
    struct io_range range;
} emulated[] = {
    {DEVICE_VGA_TEXT,
     offsetof(struct partition, vga),
     {VGA_CRTC_PORT, VGA_CRTC_PORTS, vga_crtc_read, vga_crtc_write, NULL}},
    {DEVICE_VGA_TEXT, offsetof(struct partition, vga), {VGA_STATUS_PORT, 1, vga_status_read, vga_status_write, NULL}},
    {DEVICE_CONSOLE, offsetof(struct partition, uart), {CONFIG_CONSOLE_PORT, UART_PORTS, uart_read, uart_write, NULL}},
    {DEVICE_X2APIC, 0, {POWER_PORT, POWER_PORTS, power_read, power_write, NULL}},
    {DEVICE_X2APIC, offsetof(struct partition, pci_address), {PCI_PORT, PCI_PORTS, pci_read, pci_write, NULL}},
    {DEVICE_PIT, offsetof(struct partition, pit), {PIT_PORT, PIT_PORTS, pit_read, pit_write, NULL}},
    {DEVICE_PIT, offsetof(struct partition, pit), {PIT_GATE_PORT, 1, pit_read_gate, pit_write_gate, NULL}},
    {DEVICE_CMOS, offsetof(struct partition, cmos), {CMOS_PORT, CMOS_PORTS, cmos_read, cmos_write, NULL}},
};
_Static_assert(ARRAY_LENGTH(emulated) <= IO_RANGES_MAX, "a partition has each of them once: rules.c");

static void add_ports(struct partition *partition, enum device_kind kind) {
    for (unsigned i = 0; i < ARRAY_LENGTH(emulated); i++) {
        struct io_range range = emulated[i].range;

        range.device = (uint8_t *)partition + emulated[i].device;
        if (emulated[i].kind == kind)
            io_add(&partition->common.io, range);
    }
}

/* The next free page of the physical screen. */
static bool attach_screen(struct partition *partition) {
    unsigned page = screen_count++;

    partition->vga.page = page;
    screens[page] = &partition->vga;
    return npt_map(&partition->common.npt, GPA(VGA_TEXT_RANGE.base), PAGE_BYTES, HPA(SCREEN_BASE + page * PAGE_BYTES),
                   REACH_WRITE);
}

static uint64_t pit_ticks(void) {
    return cpu_time(PIT_HZ);
}

bool devices_attach(struct partition *partition) {
    const struct partition_config *config = partition->config;
    struct common *common = &partition->common;

    common->io.fault_on_unowned = config->fault_on_unowned_port;
    partition->ioapic = (struct ioapic){.deliver = interrupt_deliver, .owner = common};
    for (const struct device_config *d = config->devices; d < config->devices + config->device_count; d++) {
        add_ports(partition, d->kind);
        if (d->kind == DEVICE_CONSOLE)
            partition->uart = (struct uart){.line = &common->vcpus[0].console, .ioapic = &partition->ioapic};
        if (d->kind == DEVICE_UART)
            iopm_pass(common->iopm, d->port, CONFIG_UART_PORTS);
        if (d->kind == DEVICE_X2APIC) {
            common->has_apic = true;
            common->ioapic = &partition->ioapic;
        }
    }
    return !config_vga(config) || attach_screen(partition);
}

void devices_clear_screen(struct partition *partition, unsigned piece) {
    if (config_vga(partition->config))
        screen_clear(partition->vga.page, piece);
}

void devices_reset(struct partition *partition) {
    ioapic_reset(&partition->ioapic);
    uart_reset(&partition->uart);
    partition->pit = (struct pit){.now_ticks = pit_ticks};
    partition->cmos = (struct cmos){.now_seconds = clock_seconds};
    memset(partition->pci_address, 0, PCI_ADDRESS_BYTES);
    vga_init(&partition->vga, partition->vga.page);
}
