/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a mistake may come from: guesses that the hypervisor does not make, from the text of a source or
 * from the values in a blob.
 */
#pragma once

#include "hv/lib/report.h"
#include "tools/checker/source.h"

/* A hint for what dtc's parser says of a place, or NULL. Included files need no /dts-v1/. */
const char *hints_syntax(const struct place *place, bool is_included, const char *text);

/* A note on a finding about a blob that can be read, or NULL. An unknown name was looked for in `known`. */
const char *hints_note(const void *blob, const struct finding *finding, const char *known);
