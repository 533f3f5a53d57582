/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placement of windows: see memory.h. Quadratic in the number of windows, which is
 * fine for hundreds of them, once.
 */
#include "partitions/memory.h"

#include "hv/lib/format.h"

#define LARGE_PAGE (2 * MIB)

static struct range host_range_of(const struct window_config *window) {
    return (struct range){window->hpa.value, window->size_bytes};
}

/* What a new piece must not touch: what is taken, and windows that have their place already. */
struct obstacles {
    const struct host_memory *host;
    const struct config *config; /* may be NULL */
    const struct window_config *except;
};

static const struct host_range *taken_overlap(const struct host_memory *host, struct range range) {
    for (unsigned i = 0; i < host->taken_count; i++)
        if (range_overlaps(host->taken[i].range, range))
            return &host->taken[i];
    return NULL;
}

static const struct window_config *window_overlap(const struct obstacles *o, struct range range) {
    for (unsigned i = 0; o->config && i < o->config->partition_count; i++) {
        const struct partition_config *partition = &o->config->partitions[i];

        for (unsigned j = 0; j < partition->window_count; j++) {
            const struct window_config *window = &partition->windows[j];

            if (window != o->except && (window->fixed || window->placed) &&
                range_overlaps(host_range_of(window), range))
                return window;
        }
    }
    return NULL;
}

/* The end of something in the way of `range`, or 0 when nothing is. */
static uint64_t obstacle_end(const struct obstacles *o, struct range range) {
    const struct host_range *taken = taken_overlap(o->host, range);

    if (taken)
        return range_end(taken->range);
    const struct window_config *window = window_overlap(o, range);

    return window ? range_end(host_range_of(window)) : 0;
}

/* The first address from `at` on that is `offset` modulo `align`. */
static uint64_t next_fitting(uint64_t at, uint64_t align, uint64_t offset) {
    return at + ((offset - at) & (align - 1));
}

static bool find(const struct obstacles *o, uint64_t size_bytes, uint64_t align, uint64_t offset, uint64_t *base) {
    for (unsigned i = 0; i < o->host->usable_count; i++) {
        struct range usable = o->host->usable[i];
        uint64_t at = next_fitting(usable.base, align, offset);

        while (range_contains(usable, (struct range){at, size_bytes})) {
            uint64_t end = obstacle_end(o, (struct range){at, size_bytes});

            if (end == 0) {
                *base = at;
                return true;
            }
            at = next_fitting(align_up(end, PAGE_BYTES), align, offset);
        }
    }
    return false;
}

bool memory_find(const struct host_memory *host, uint64_t size_bytes, uint64_t align, uint64_t offset, uint64_t *base) {
    return find(&(struct obstacles){.host = host}, size_bytes, align, offset, base);
}

static bool in_usable(const struct host_memory *host, struct range range) {
    for (unsigned i = 0; i < host->usable_count; i++)
        if (range_contains(host->usable[i], range))
            return true;
    return false;
}

/* "0x100000 to 0xbffe0000 or 0x100000000 to 0x140000000": the piece of RAM at or below an address, and the next. */
static void list_ram(const struct host_memory *host, uint64_t address, char *text, size_t size_bytes) {
    const struct range *ram = host->usable;
    unsigned count = host->usable_count;
    size_t at = format_string(text, size_bytes, count ? "" : "of which there is none");

    for (unsigned i = 0; i < count; i++)
        if ((i == 0 || ram[i - 1].base <= address) && (i == count - 1 || ram[i + 1].base > address))
            at += format_string(text + at, size_bytes - at, "%s0x%lx to 0x%lx", at ? " or " : "", ram[i].base,
                                range_end(ram[i]));
}

static void refuse_overlap(const struct window_config *window, struct range other, const char *name,
                           struct report *report) {
    struct range range = host_range_of(window);

    report_error(report, window->path, "host-address", NULL,
                 "found 0x%lx to 0x%lx, want it apart from %s at 0x%lx to 0x%lx", range.base, range_end(range), name,
                 other.base, range_end(other));
}

static void check_fixed(const struct config *config, const struct window_config *window, const struct host_memory *host,
                        struct report *report) {
    struct range range = host_range_of(window);
    struct obstacles others = {host, config, window};
    const struct host_range *taken = taken_overlap(host, range);
    const struct window_config *other = window_overlap(&others, range);
    char ram[96];

    list_ram(host, range.base, ram, sizeof(ram));
    if (!in_usable(host, range))
        report_error(report, window->path, "host-address", "the boot loader's memory map says what is RAM",
                     "found 0x%lx to 0x%lx, want it inside RAM, %s", range.base, range_end(range), ram);
    if (taken)
        refuse_overlap(window, taken->range, taken->name, report);
    if (other)
        refuse_overlap(window, host_range_of(other), other->path, report);
}

/* Whether there is a place for `size_bytes` of the window `o->except`, and the lowest. */
static bool fits(const struct obstacles *o, uint64_t size_bytes, uint64_t *base) {
    uint64_t align = size_bytes >= LARGE_PAGE ? LARGE_PAGE : PAGE_BYTES;

    return find(o, size_bytes, align, o->except->gpa.value & (align - 1), base);
}

/* As many bytes in whole pages as there is a place for. */
static uint64_t most_fitting(const struct obstacles *o) {
    uint64_t most = 0, base;

    for (uint64_t step = CONFIG_GPA_LIMIT; step >= PAGE_BYTES; step /= 2)
        if (fits(o, most + step, &base))
            most += step;
    return most;
}

static void place(const struct config *config, struct window_config *window, const struct host_memory *host,
                  struct report *report) {
    struct obstacles others = {host, config, window};

    window->placed = fits(&others, window->size_bytes, &window->hpa.value);
    if (!window->placed)
        report_error(report, window->path, "reg", "make windows smaller or give the machine more memory",
                     "found 0x%lx bytes, want at most 0x%lx, which fit into the RAM that is left", window->size_bytes,
                     most_fitting(&others));
}

void memory_place(struct config *config, const struct host_memory *host, struct report *report) {
    for (unsigned i = 0; i < config->partition_count; i++)
        for (unsigned j = 0; j < config->partitions[i].window_count; j++)
            if (config->partitions[i].windows[j].fixed)
                check_fixed(config, &config->partitions[i].windows[j], host, report);
    if (report->errors)
        return;
    for (unsigned i = 0; i < config->partition_count; i++)
        for (unsigned j = 0; j < config->partitions[i].window_count; j++)
            if (!config->partitions[i].windows[j].fixed)
                place(config, &config->partitions[i].windows[j], host, report);
}
