/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole configuration with its images: everything that can be wrong is found here,
 * before anything is built. Pure: the same check runs at boot and on a developer's
 * machine.
 */
#pragma once

#include "partitions/image.h"
#include "partitions/memory.h"

struct system {
    struct config config;
    const struct image_file *files;
    unsigned file_count;
    unsigned machine_cpus; /* that can be started; 0 where it is not known */
};

/* What becomes of a partition's image and modules: see image_plan(). A file that is not there is a problem, too. */
void system_plan_image(const struct system *system, const struct partition_config *partition, struct image_plan *plan,
                       struct report *report);

/*
 * Parses the blob into system->config, places its windows and checks the images, of which all
 * but `config` is set already. Every problem goes to `report`; only when there is
 * none may partitions be built.
 */
void system_check(struct system *system, const void *blob, size_t size_bytes, const struct host_memory *host,
                  struct arena *arena, struct report *report);
