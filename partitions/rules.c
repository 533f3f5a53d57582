/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of a configuration: see rules.h.
 */
#include "partitions/rules.h"

#include "hv/lib/string.h"
#include "partitions/image.h"

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

/* A partition has one device of a kind, but for the machine's own UARTs: a port has one owner. */
static void check_devices(struct report *report, const struct partition_config *a, const struct partition_config *b) {
    for (unsigned i = 0; i < a->device_count; i++) {
        for (unsigned j = 0; j < (a == b ? i : b->device_count); j++) {
            const struct device_config *device = &a->devices[i], *other = &b->devices[j];

            if (device->kind == other->kind && (device->kind == DEVICE_UART ? device->port == other->port : a == b))
                report_error(report, device->path, NULL, "leave one of them away",
                             "found it beside %s, want such a device once", other->path);
        }
    }
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
    check_devices(report, partition, partition);
}

/* What two partitions may not have in common. */
static void check_pair(struct report *report, const struct partition_config *a, const struct partition_config *b) {
    if (a->label && b->label && strcmp(a->label, b->label) == 0)
        report_error(report, a->path, "label", NULL, "found \"%s\", want another than that of %s", a->label, b->path);
    check_devices(report, a, b);
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
