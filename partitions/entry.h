/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a guest starts: registers and start area by the kind of its image, as
 * docs/guest-interface.md tells the guests' authors.
 */
#pragma once

#include "hv/vcpu.h"
#include "partitions/image.h"

/* The page tables of guests that start in long mode: so many pages of the start area, to be written one by one. */
#define ENTRY_PAGE_TABLES 6U
void entry_write_page_table(const struct partition_config *config, const struct image_plan *plan, unsigned number);

/*
 * Fills the rest of the start area, gives the vCPUs, in their reset state, the mode of the image's kind, and sets the
 * first of them to the entry point.
 */
void entry_prepare(struct common *common, const struct partition_config *config, const struct image_plan *plan);
