/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What dtc says of a source that it refuses, as errors with places, paths and hints.
 */
#pragma once

#include "tools/checker/source.h"

/* Adds the errors in what dtc has said of the source; at least one. */
void dtc_read_errors(struct source *source, const char *said);
