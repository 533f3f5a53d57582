/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the hypervisor's own things lie in the machine's memory: its image, the modules
 * and the arena. A function of the RAM, of the modules' sizes and of the configuration
 * alone, not of where a boot loader puts what: so windows get the same places on every
 * boot, and a checker on another machine finds the same. Pure.
 */
#pragma once

#include "partitions/memory.h"

/* What the image may take; boot/shikiri.ld holds it to that. */
#define LAYOUT_IMAGE_BASE  0x100000UL
#define LAYOUT_IMAGE_BYTES 0xa0000UL

struct layout {
    struct range modules; /* all of them, each from a page boundary on */
    struct range arena;   /* what is built while the system starts */
    struct host_range taken[3];
    struct host_memory host; /* points into this struct */
};

/* `ram` is sorted, disjoint, in whole pages, and stays. */
void layout_init(struct layout *layout, const struct range *ram, unsigned ram_count);

/*
 * Chooses the place of the modules, `size_bytes` in whole pages: the top of the highest piece of
 * RAM below 4 GiB that has room. False, and an error, when there is none.
 */
bool layout_place_modules(struct layout *layout, uint64_t size_bytes, struct report *report);

/*
 * Chooses place and size of the arena for the configuration in the blob: the lowest piece of RAM
 * that is free below 4 GiB. A blob that cannot be read counts as one without partitions. False,
 * and an error, when there is none.
 */
bool layout_place_arena(struct layout *layout, const void *blob, size_t size_bytes, struct report *report);
