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

void expect_plan(const struct image_plan *plan, uint64_t file_bytes, const struct partition_config *partition) {
    const struct window_config *first = &partition->windows[0];
    struct range start_area = {first->gpa.value + first->size_bytes - 0x7000, 0x7000};
    struct range screen = {0xb8000, 0x1000};
    bool entry_found = false;

    assert(plan->segment_count >= 1 && plan->segment_count <= IMAGE_SEGMENTS_MAX);
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct image_segment *segment = &plan->segments[i];
        struct range range = segment_range(segment);
        const struct window_config *window = window_of(partition, range);

        assert(segment == plan->ramdisk ||
               (segment->file_offset <= file_bytes && segment->file_bytes <= file_bytes - segment->file_offset));
        assert(segment->file_bytes <= segment->memory_bytes);
        assert(window);
        assert(lies_apart(range, start_area));
        assert(!has_screen(partition) || lies_apart(range, screen));
        for (unsigned j = 0; j < i; j++)
            assert(lies_apart(range, segment_range(&plan->segments[j])));
        entry_found |= window->executable && lies_inside((struct range){plan->entry.value, 1}, range);
    }
    assert(entry_found);
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
