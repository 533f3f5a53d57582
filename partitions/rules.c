/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of a configuration: see rules.h.
 */
#include "partitions/rules.h"

#include "hv/lib/string.h"
#include "partitions/image.h"

#define LARGE_PAGE (2 * MIB)

bool rules_check_window(struct report *report, const struct window_config *window) {
    uint64_t base = window->gpa.value, size_bytes = window->size_bytes, host = window->hpa.value;
    uint64_t unit = size_bytes < LARGE_PAGE ? PAGE_BYTES : LARGE_PAGE;

    if (size_bytes == 0 || !is_aligned(base | size_bytes, PAGE_BYTES) || base >= CONFIG_GPA_LIMIT ||
        size_bytes > CONFIG_GPA_LIMIT - base)
        return report_error(
            report, window->path, "reg", "pages have 4 KiB",
            "found 0x%lx bytes at 0x%lx, want multiples of 0x1000, not 0 bytes, and the end at 0x%lx at most",
            size_bytes, base, CONFIG_GPA_LIMIT);
    return !window->fixed || is_aligned(host - base, unit) ||
           report_error(report, window->path, "host-address",
                        "pages have 4 KiB, those of windows of 2 MiB and more 2 MiB",
                        "found 0x%lx for base 0x%lx, want the same remainder by 0x%lx", host, base, unit);
}

void rules_check_serial_port(struct report *report, const struct device_config *device) {
    if (device->kind == DEVICE_CONSOLE && device->port != CONFIG_CONSOLE_PORT)
        report_error(report, device->path, "reg", NULL, "found port 0x%x, want 0x%x for shikiri,console", device->port,
                     CONFIG_CONSOLE_PORT);
    if (device->kind == DEVICE_UART && device->port != 0x2f8 && device->port != 0x3e8 && device->port != 0x2e8)
        report_error(report, device->path, "reg",
                     "COM1 belongs to the hypervisor; compatible = \"shikiri,console\" is an emulated UART on it",
                     "found port 0x%x, want 0x2f8, 0x3e8 or 0x2e8 for ns16550a", device->port);
}

/* The first window holds the start area (docs/guest-interface.md). */
static void check_first_window(struct report *report, const struct partition_config *partition) {
    const struct window_config *window = partition->windows;

    if (partition->window_count == 0 || window->size_bytes == 0) /* reported already */
        return;
    uint64_t end = range_end(config_range(window));

    if (!window->writable)
        report_error(report, window->path, "read-only", "put another window first",
                     "found it in a partition's first window, want that writable");
    if (window->size_bytes < START_AREA_BYTES || end > 4 * GIB) {
        report_error(report, window->path, "reg", "the start area lies at the end of a partition's first window",
                     "found 0x%lx bytes that end at 0x%lx, want at least 0x%lx, the end at 0x%lx at most",
                     window->size_bytes, end, START_AREA_BYTES, 4 * GIB);
        return;
    }
    struct range start = {image_start_area(partition).value, START_AREA_BYTES};

    if (config_vga(partition) && range_overlaps(start, VGA_TEXT_RANGE))
        report_error(report, window->path, "reg", "make the window longer or shorter",
                     "found the start area at 0x%lx, want it apart from the VGA text page at 0xb8000", start.base);
}

/* Of each device there is one, but for the machine's own UARTs. */
static void check_devices(struct report *report, const struct partition_config *partition) {
    const struct device_config *devices = partition->devices;

    for (unsigned i = 1; i < partition->device_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (devices[i].kind == devices[j].kind && devices[i].kind != DEVICE_UART)
                report_error(report, devices[i].path, NULL, "leave one of them away",
                             "found it beside %s, want such a device once", devices[j].path);
}

void rules_check_partition(struct report *report, const struct partition_config *partition) {
    for (unsigned i = 1; i < partition->window_count; i++) {
        for (unsigned j = 0; j < i; j++) {
            const struct window_config *a = &partition->windows[i], *b = &partition->windows[j];

            if (range_overlaps(config_range(a), config_range(b)))
                report_error(report, a->path, "reg", NULL,
                             "found 0x%lx bytes at 0x%lx, want them apart from %s, 0x%lx bytes at 0x%lx", a->size_bytes,
                             a->gpa.value, b->path, b->size_bytes, b->gpa.value);
        }
    }
    check_first_window(report, partition);
    check_devices(report, partition);
}

/* What two partitions may not have in common. */
static void check_pair(struct report *report, const struct partition_config *a, const struct partition_config *b) {
    if (a->label && b->label && strcmp(a->label, b->label) == 0)
        report_error(report, a->path, "label", NULL, "found \"%s\", want another than that of %s", a->label, b->path);
    for (unsigned i = 0; i < a->device_count; i++)
        for (unsigned j = 0; j < b->device_count; j++)
            if (a->devices[i].kind == DEVICE_UART && b->devices[j].kind == DEVICE_UART &&
                a->devices[i].port == b->devices[j].port)
                report_error(report, a->devices[i].path, "reg", "a physical UART has one owner",
                             "found port 0x%x, want another than that of %s", a->devices[i].port, b->devices[j].path);
}

void rules_check_system(struct report *report, const struct config *config) {
    unsigned screens = 0;

    for (unsigned i = 0; i < config->partition_count; i++) {
        const struct device_config *vga = config_vga(&config->partitions[i]);

        for (unsigned j = 0; j < i; j++)
            check_pair(report, &config->partitions[i], &config->partitions[j]);
        if (vga && ++screens > CONFIG_VGA_SCREENS_MAX)
            report_error(report, vga->path, NULL, "VGA text memory has eight pages; use shikiri,console",
                         "found screen number %u, want at most %d in a system", screens, CONFIG_VGA_SCREENS_MAX);
    }
}
