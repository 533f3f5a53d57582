/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placement: which host memory each window gets. Pure: host memory comes in as
 * ranges, addresses go into the configuration.
 */
#pragma once

#include "partitions/config.h"

struct host_range {
    struct range range;
    const char *name; /* "the hypervisor", "a module" */
};

struct host_memory {
    const struct range *usable; /* RAM by the memory map: sorted, disjoint */
    unsigned usable_count;
    const struct host_range *taken; /* parts of it that are in use, in any order */
    unsigned taken_count;
};

/*
 * Checks the fixed windows against RAM, taken ranges and each other, and places the
 * others first fit in the order of the configuration. A window of 2 MiB or more is
 * placed so that HPA and GPA agree modulo 2 MiB, and large pages fit.
 */
void memory_place(struct config *config, const struct host_memory *host, struct report *report);

/* The lowest free piece of `size_bytes` in whole pages; false when there is none. Windows are not looked at. */
bool memory_find(const struct host_memory *host, uint64_t size_bytes, uint64_t *base);
