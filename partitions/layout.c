/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of the hypervisor's own memory: see layout.h.
 */
#include "partitions/layout.h"

#include <libfdt.h>

#include "partitions/fdt.h"

#define BASE_BYTES         (384 * KIB) /* host save area, trace and its alignment, self-test, lists */
#define CPU_BYTES          (76 * KIB)  /* host save area, trace, loop */
#define SLOT_BYTES         256         /* of a frame: what is read, what is run, its path */
#define PARTITION_BYTES    (48 * KIB)  /* permission maps, root of the NPT, structs */
#define VCPU_BYTES         (24 * KIB)  /* VMCB, XSAVE area, structs */
#define WINDOW_BYTES       (12 * KIB)  /* nested page tables: a directory, and what 2 MiB pages leave at both ends */
#define GIB_BYTES          PAGE_BYTES  /* a page table maps a GiB by large pages, the hypervisor's and a nested one */
#define RANGE_TABLES_BYTES (4 * PAGE_BYTES) /* of the hypervisor's page tables: levels above, and both ends */

void layout_init(struct layout *layout, const struct range *ram, unsigned ram_count) {
    *layout = (struct layout){.host = {.usable = ram, .usable_count = ram_count, .taken = layout->taken}};
    layout->taken[layout->host.taken_count++] =
        (struct host_range){{LAYOUT_IMAGE_BASE, LAYOUT_IMAGE_BYTES}, "the hypervisor"};
}

/* Gives `range` its place, unless that is at 0: there is none then, which is an error. */
static bool take(struct layout *layout, struct range *range, uint64_t base, uint64_t size_bytes, const char *name,
                 struct report *report) {
    if (base == 0)
        return report_error(report, "machine", NULL, "give the machine more memory",
                            "found no free %lu KiB of RAM for %s, want it below 4 GiB", size_bytes / KIB, name);
    *range = (struct range){base, size_bytes};
    layout->taken[layout->host.taken_count++] = (struct host_range){*range, name};
    return true;
}

bool layout_place_modules(struct layout *layout, uint64_t size_bytes, struct report *report) {
    uint64_t base = 0;

    for (unsigned i = layout->host.usable_count; base == 0 && i > 0; i--) {
        struct range ram = layout->host.usable[i - 1];
        uint64_t end = lower(range_end(ram), 4 * GIB);

        if (ram.base < end && size_bytes <= end - ram.base &&
            !range_overlaps((struct range){end - size_bytes, size_bytes}, layout->taken[0].range))
            base = end - size_bytes;
    }
    return take(layout, &layout->modules, base, size_bytes, "the modules", report);
}

/* What is wrong with the blob is for config_parse() to say. */
static void ignore(struct report *report, const struct finding *finding) {
}

/* Of all nodes that something is built for. */
static uint64_t nodes_bytes(const void *blob, size_t size_bytes) {
    static const struct {
        const char *name;
        uint64_t bytes;
    } kinds[] = {
        {"partition@", PARTITION_BYTES}, {"memory@", WINDOW_BYTES}, {"cpu@", CPU_BYTES}, {"slot@", SLOT_BYTES}};
    struct report report = {.emit = ignore};
    struct dt dt = {.blob = blob, .report = &report};
    uint64_t bytes = 0;

    if (dt_check(blob, size_bytes) != 0)
        return 0;
    for (int node = 0; node >= 0; node = fdt_next_node(blob, node, NULL)) {
        uint32_t reg[4], vcpu_count = 1;

        for (unsigned i = 0; i < ARRAY_LENGTH(kinds); i++)
            bytes += dt_is_named(&dt, node, kinds[i].name) ? kinds[i].bytes : 0;
        if (dt_is_named(&dt, node, "memory@") && dt_cells(&dt, node, "reg", reg, 4))
            bytes += lower(dt_join(reg + 2), CONFIG_GPA_LIMIT) / GIB * GIB_BYTES;
        if (dt_is_named(&dt, node, "partition@")) {
            dt_cells(&dt, node, "vcpus", &vcpu_count, 1);
            bytes += lower(vcpu_count, CONFIG_CPUS_MAX) * VCPU_BYTES;
        }
    }
    return align_up(bytes, PAGE_BYTES);
}

/* Of the hypervisor's page tables for RAM above 4 GiB (hv/cpu/paging.c). */
static uint64_t page_table_bytes(const struct host_memory *host) {
    uint64_t bytes = 0;

    for (unsigned i = 0; i < host->usable_count; i++)
        if (range_end(host->usable[i]) > 4 * GIB)
            bytes += RANGE_TABLES_BYTES + host->usable[i].size_bytes / GIB * GIB_BYTES;
    return bytes;
}

bool layout_place_arena(struct layout *layout, const void *blob, size_t blob_bytes, struct report *report) {
    uint64_t size_bytes = BASE_BYTES + page_table_bytes(&layout->host) + nodes_bytes(blob, blob_bytes), base;

    if (!memory_find(&layout->host, size_bytes, &base) || base + size_bytes > 4 * GIB)
        base = 0;
    return take(layout, &layout->arena, base, size_bytes, "the hypervisor's tables", report);
}
