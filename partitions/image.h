/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest images: what kind a file is, and what would be copied where. Pure: a plan
 * comes out, partition.c carries it out. See docs/guest-interface.md.
 */
#pragma once

#include "partitions/config.h"

#define IMAGE_SEGMENTS_MAX 16

/* The start area: the top of a partition's first window. */
#define START_AREA_BYTES       0x9000UL
#define START_AREA_PAGE_TABLES 0x0000UL /* PML4, PDPT, four page directories */
#define START_AREA_BOOTARGS    0x6000UL
#define START_AREA_INFO        0x6800UL /* of Multiboot or PVH: information, modules, their names, memory map */
#define START_AREA_BOOT_PARAMS 0x7000UL /* of Linux */
#define START_AREA_ACPI        0x8000UL

enum image_kind {
    IMAGE_ELF64,
    IMAGE_ELF32,
    IMAGE_MULTIBOOT,
    IMAGE_PVH, /* ELF64 or ELF32 with an entry point by the note for it */
    IMAGE_BZIMAGE,
};

/* A file that came along, by the name that image properties use. */
struct image_file {
    const char *name;
    const void *data;
    uint64_t size_bytes;
};

struct image_segment {
    const uint8_t *file;
    uint64_t file_offset;
    uint64_t file_bytes;
    gpa_t gpa;
    uint64_t memory_bytes; /* at least file_bytes; the rest stays zero */
};

struct image_plan {
    enum image_kind kind;
    gpa_t entry;
    struct image_segment segments[IMAGE_SEGMENTS_MAX + CONFIG_MODULES_MAX]; /* of the image, then its modules */
    unsigned segment_count;
    unsigned module_count; /* so many of them, in the order of their addresses */
};

/* GPA of the partition's start area; its first window is at least START_AREA_BYTES long. */
gpa_t image_start_area(const struct partition_config *partition);

/* The plan's modules. */
static inline const struct image_segment *image_modules(const struct image_plan *plan) {
    return &plan->segments[plan->segment_count - plan->module_count];
}

/*
 * Checks the partition's image, and as many modules as it has, against its windows and fills `plan`. Problems go to
 * `report` under the partition's path and the properties "image" and "modules"; the plan may be used only when none was
 * reported.
 */
void image_plan(struct image_plan *plan, const struct image_file *image, const struct image_file *modules,
                const struct partition_config *partition, struct report *report);
