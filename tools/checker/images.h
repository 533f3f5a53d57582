/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that a boot loader would load beside the device tree: images and certificates.
 */
#pragma once

#include "partitions/system.h"
#include "tools/checker/options.h"
#include "tools/checker/problems.h"

struct images {
    struct image_file *files;
    const char **paths; /* of each file */
    size_t count, path_count;
    const char *searched; /* where images that were not given have been looked for, as words for a note */
};

/*
 * Reads the files that were given, then those that the partitions of the source name and that are to be found;
 * the check says which are missing. Ends the program when a given file cannot be read.
 */
void images_read(struct images *images, const struct options *options, const struct source *source);

/* What files that are no images say against the system: certificates of another one, a second device tree. */
void images_check_others(const struct images *images, const struct config *config, struct problems *problems);
