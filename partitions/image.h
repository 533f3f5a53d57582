/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest images: what kind a file is, and what would be copied where. Pure: a plan
 * comes out, partition.c carries it out. See docs/guest-interface.md.
 */
#pragma once

#include "partitions/config.h"

#define IMAGE_SEGMENTS_MAX 16

/* The start area: the top of a partition's first window. */
#define START_AREA_BYTES       0x7000UL
#define START_AREA_PAGE_TABLES 0x0000UL /* PML4, PDPT, four page directories */
#define START_AREA_BOOTARGS    0x6000UL
#define START_AREA_MULTIBOOT   0x6800UL /* information, then its strings and memory map */

enum image_kind {
    IMAGE_ELF64,
    IMAGE_ELF32,
    IMAGE_MULTIBOOT,
};

struct image_segment {
    uint64_t file_offset;
    uint64_t file_bytes;
    gpa_t gpa;
    uint64_t memory_bytes; /* at least file_bytes; the rest stays zero */
};

struct image_plan {
    enum image_kind kind;
    gpa_t entry;
    struct image_segment segments[IMAGE_SEGMENTS_MAX];
    unsigned segment_count;
};

/* GPA of the partition's start area; its first window is at least START_AREA_BYTES long. */
gpa_t image_start_area(const struct partition_config *partition);

/*
 * Checks the file of `size_bytes` at `file` against the partition's windows and fills
 * `plan`. Problems go to `report` under the partition's path and the property "image";
 * the plan may be used only when none was reported.
 */
void image_plan(struct image_plan *plan, const void *file, uint64_t size_bytes,
                const struct partition_config *partition, struct report *report);
