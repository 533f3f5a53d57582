/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants that several fuzz targets share: see invariants.h.
 */
#include "tests/fuzz/invariants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lies_inside(struct range inner, struct range outer) {
    return inner.size_bytes > 0 && inner.size_bytes <= outer.size_bytes && inner.base >= outer.base &&
           inner.base - outer.base <= outer.size_bytes - inner.size_bytes;
}

bool lies_apart(struct range a, struct range b) {
    return a.base < b.base ? a.size_bytes <= b.base - a.base : b.size_bytes <= a.base - b.base;
}

static struct range segment_range(const struct image_segment *segment) {
    return (struct range){segment->gpa.value, segment->memory_bytes};
}

static const struct window_config *window_of(const struct partition_config *partition, struct range range) {
    for (unsigned i = 0; i < partition->window_count; i++)
        if (lies_inside(range, (struct range){partition->windows[i].gpa.value, partition->windows[i].size_bytes}))
            return &partition->windows[i];
    return NULL;
}

static bool has_screen(const struct partition_config *partition) {
    bool found = false;

    for (unsigned i = 0; i < partition->device_count; i++)
        found |= partition->devices[i].kind == DEVICE_VGA_TEXT;
    return found;
}

static struct range start_area_of(const struct partition_config *partition) {
    const struct window_config *first = &partition->windows[0];

    return (struct range){first->gpa.value + first->size_bytes - 0x9000, 0x9000};
}

/* Inside one window, apart from the others before it, the start area and the screen. The window. */
static const struct window_config *expect_place(const struct image_plan *plan, unsigned number,
                                                const struct partition_config *partition) {
    struct range range = segment_range(&plan->segments[number]);
    const struct window_config *window = window_of(partition, range);

    assert(window);
    assert(lies_apart(range, start_area_of(partition)));
    assert(!has_screen(partition) || lies_apart(range, (struct range){0xb8000, 0x1000}));
    for (unsigned i = 0; i < number; i++)
        assert(plan->segments[i].memory_bytes == 0 || lies_apart(range, segment_range(&plan->segments[i])));
    return window;
}

static void expect_modules(const struct image_plan *plan, unsigned first, const struct image_file *modules,
                           const struct partition_config *partition) {
    uint64_t at = start_area_of(partition).base;

    for (unsigned i = plan->module_count; i-- > 0;) {
        const struct image_segment *segment = &plan->segments[first + i];

        assert(segment->file == modules[i].data && segment->file_offset == 0);
        assert(segment->file_bytes == modules[i].size_bytes && segment->memory_bytes == modules[i].size_bytes);
        at -= (segment->file_bytes + 0xfff) / 0x1000 * 0x1000;
        assert(segment->gpa.value == at && at % 0x1000 == 0);
        if (segment->memory_bytes)
            assert(expect_place(plan, first + i, partition)->writable);
    }
}

void expect_plan(const struct image_plan *plan, uint64_t file_bytes, const struct image_file *modules,
                 const struct partition_config *partition) {
    bool entry_found = false;

    assert(plan->module_count == partition->module_count && plan->segment_count > plan->module_count);
    unsigned own_count = plan->segment_count - plan->module_count;

    assert(own_count <= IMAGE_SEGMENTS_MAX);
    for (unsigned i = 0; i < own_count; i++) {
        const struct image_segment *segment = &plan->segments[i];

        assert(segment->file_offset <= file_bytes && segment->file_bytes <= file_bytes - segment->file_offset);
        assert(segment->file_bytes <= segment->memory_bytes);
        entry_found |= expect_place(plan, i, partition)->executable &&
                       lies_inside((struct range){plan->entry.value, 1}, segment_range(segment));
    }
    assert(entry_found);
    assert(plan->module_count == 0 || (plan->kind != IMAGE_ELF64 && plan->kind != IMAGE_ELF32));
    expect_modules(plan, own_count, modules, partition);
}

void expect_finding(const struct finding *finding, char line[FINDING_BYTES]) {
    report_line(finding, line, FINDING_BYTES);
    assert(strstr(line, "found ") && strstr(line, "want "));
    for (const char *c = line; *c != '\0'; c++)
        assert(*c >= ' ' && *c <= '~');
}

unsigned findings_emitted;

void emit_expected(struct report *report, const struct finding *finding) {
    char line[FINDING_BYTES];

    (void)report;
    expect_finding(finding, line);
    findings_emitted++;
}

static unsigned long accepted;

static void print_accepted(void) {
    fprintf(stderr, "stat::accepted_inputs: %lu\n", accepted);
}

void count_accepted(void) {
    if (accepted++ == 0)
        atexit(print_accepted);
}
