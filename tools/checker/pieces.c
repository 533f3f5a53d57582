/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's memory as pieces: see checked.h.
 */
#include <stdlib.h>

#include "tools/checker/checked.h"
#include "tools/checker/tool.h"

struct list {
    struct piece *pieces;
    size_t count;
};

static void add(struct list *list, struct piece piece) {
    struct piece *added = TOOL_APPEND(list->pieces, list->count);

    *added = piece;
}

static void add_windows(struct list *list, const struct partition_config *partition, int number) {
    for (unsigned i = 0; i < partition->window_count; i++) {
        const struct window_config *window = &partition->windows[i];

        add(list, (struct piece){{window->hpa.value, window->size_bytes}, partition->label, number, window});
    }
}

static int by_base(const void *a, const void *b) {
    uint64_t first = ((const struct piece *)a)->range.base, second = ((const struct piece *)b)->range.base;

    return first < second ? -1 : first > second;
}

static void add_free(struct list *list, uint64_t from, uint64_t to) {
    if (from < to)
        add(list, (struct piece){{from, to - from}, "free", PIECE_FREE, NULL});
}

/* Between the owned pieces, which are sorted and lie in RAM. */
static void add_gaps(struct list *list, const struct list *owned, struct range ram) {
    uint64_t at = ram.base;

    for (size_t i = 0; i < owned->count; i++) {
        struct range range = owned->pieces[i].range;

        if (!range_contains(ram, range))
            continue;
        add_free(list, at, range.base);
        add(list, owned->pieces[i]);
        at = range_end(range);
    }
    add_free(list, at, range_end(ram));
}

unsigned checked_pieces(const struct checked *checked, struct piece **pieces) {
    const struct config *config = &checked->system.config;
    struct list owned = {0}, all = {0};

    for (unsigned i = 0; i < checked->layout.host.taken_count; i++) {
        const struct host_range *taken = &checked->layout.host.taken[i];

        if (taken->range.size_bytes)
            add(&owned, (struct piece){taken->range, taken->name, PIECE_HYPERVISOR, NULL});
    }
    for (unsigned i = 0; i < config->partition_count; i++)
        add_windows(&owned, &config->partitions[i], (int)i);
    if (owned.count > 0)
        qsort(owned.pieces, owned.count, sizeof(*owned.pieces), by_base);
    for (unsigned i = 0; i < checked->board->ram_count; i++)
        add_gaps(&all, &owned, checked->board->ram[i]);
    *pieces = all.pieces;
    return (unsigned)all.count;
}

const char *checked_size(uint64_t size_bytes, char text[CHECKED_SIZE_CHARS]) {
    static const struct {
        uint64_t bytes;
        const char *name;
    } units[] = {{GIB, "GiB"}, {MIB, "MiB"}, {KIB, "KiB"}};
    unsigned unit = 0;

    while (unit < ARRAY_LENGTH(units) - 1 && size_bytes < units[unit].bytes)
        unit++;
    bool exact = size_bytes % units[unit].bytes == 0;

    snprintf(text, CHECKED_SIZE_CHARS, "%.*f %s", exact ? 0 : 1, (double)size_bytes / (double)units[unit].bytes,
             units[unit].name);
    return text;
}
