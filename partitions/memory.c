/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placement of windows: see memory.h. Quadratic in the number of windows, which is
 * fine for hundreds of them, once.
 */
#include "partitions/memory.h"

static struct range host_range_of(const struct window_config *window) {
    return (struct range){window->hpa.value, window->size_bytes};
}

/*
 * What lies in `range` already: a part of the host's that is taken, or a window, but for `except`, that has its place.
 * Nothing has no name.
 */
static struct host_range find_other(const struct host_memory *host, const struct config *config,
                                    const struct window_config *except, struct range range) {
    for (unsigned i = 0; i < host->taken_count; i++)
        if (range_overlaps(host->taken[i].range, range))
            return host->taken[i];
    for (unsigned i = 0; i < config->partition_count; i++) {
        for (unsigned j = 0; j < config->partitions[i].window_count; j++) {
            const struct window_config *window = &config->partitions[i].windows[j];

            if (window != except && (window->fixed || window->placed) && range_overlaps(host_range_of(window), range))
                return (struct host_range){host_range_of(window), window->path};
        }
    }
    return (struct host_range){.name = NULL};
}

/* The first address from `at` on that is `offset` modulo `align`. */
static uint64_t next_fitting(uint64_t at, uint64_t align, uint64_t offset) {
    return at + ((offset - at) & (align - 1));
}

/* The lowest free piece of `size_bytes` whose address is `offset` modulo `align`, a power of two. */
static bool find(const struct host_memory *host, const struct config *config, uint64_t size_bytes, uint64_t align,
                 uint64_t offset, uint64_t *base) {
    for (unsigned i = 0; i < host->usable_count; i++) {
        struct range piece = {next_fitting(host->usable[i].base, align, offset), size_bytes};

        while (range_contains(host->usable[i], piece)) {
            struct host_range other = find_other(host, config, NULL, piece);

            if (!other.name) {
                *base = piece.base;
                return true;
            }
            piece.base = next_fitting(align_up(range_end(other.range), PAGE_BYTES), align, offset);
        }
    }
    return false;
}

bool memory_find(const struct host_memory *host, uint64_t size_bytes, uint64_t *base) {
    return find(host, &(struct config){0}, size_bytes, PAGE_BYTES, 0, base);
}

/* The last piece of RAM that begins at the address or below, or else the first of all; empty without any. */
static struct range ram_near(const struct host_memory *host, uint64_t address) {
    struct range near = {0};

    for (unsigned i = 0; i < host->usable_count; i++)
        if (i == 0 || host->usable[i].base <= address)
            near = host->usable[i];
    return near;
}

static void check_fixed(const struct config *config, struct window_config *window, const struct host_memory *host,
                        struct report *report) {
    struct range range = host_range_of(window), ram = ram_near(host, range.base);
    struct host_range other = find_other(host, config, window, range);

    if (!range_contains(ram, range))
        report_error(report, window->path, "host-address", "the boot loader's memory map says what is RAM",
                     "found 0x%lx to 0x%lx, want it inside RAM, 0x%lx to 0x%lx", range.base, range_end(range), ram.base,
                     range_end(ram));
    if (other.name)
        report_error(report, window->path, "host-address", NULL,
                     "found 0x%lx to 0x%lx, want it apart from %s at 0x%lx to 0x%lx", range.base, range_end(range),
                     other.name, other.range.base, range_end(other.range));
}

/* Whether there is a place for `size_bytes` of the window, and the lowest. */
static bool fits(const struct config *config, const struct window_config *window, const struct host_memory *host,
                 uint64_t size_bytes, uint64_t *base) {
    return find(host, config, size_bytes, size_bytes >= LARGE_PAGE ? LARGE_PAGE : PAGE_BYTES, window->gpa.value, base);
}

static void place(const struct config *config, struct window_config *window, const struct host_memory *host,
                  struct report *report) {
    uint64_t most = 0, base;

    window->placed = fits(config, window, host, window->size_bytes, &window->hpa.value);
    if (window->placed)
        return;
    for (uint64_t step = CONFIG_GPA_LIMIT; step >= PAGE_BYTES; step /= 2)
        if (fits(config, window, host, most + step, &base))
            most += step;
    report_error(report, window->path, "reg", "make windows smaller or give the machine more memory",
                 "found 0x%lx bytes, want at most 0x%lx, which fit into the RAM that is left", window->size_bytes,
                 most);
}

/* The others are placed around the fixed windows, so these come first, and none of them may be wrong. */
void memory_place(struct config *config, const struct host_memory *host, struct report *report) {
    for (int fixed = 1; fixed >= 0; fixed = report->errors ? -1 : fixed - 1)
        for (unsigned i = 0; i < config->partition_count; i++)
            for (unsigned j = 0; j < config->partitions[i].window_count; j++)
                if (config->partitions[i].windows[j].fixed == fixed)
                    (fixed ? check_fixed : place)(config, &config->partitions[i].windows[j], host, report);
}
