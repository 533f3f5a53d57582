/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for everything that was accepted. Said here anew, without the helpers of the code
 * under test: a false assertion is a finding.
 */
#pragma once

#include <assert.h>

#include "hv/lib/range.h"
#include "partitions/image.h"

#define FINDING_BYTES 1024 /* of its one-line form */

/* Whether `inner`, which is not empty, lies in `outer`; neither wraps. */
bool lies_inside(struct range inner, struct range outer);
bool lies_apart(struct range a, struct range b);

/*
 * An image that was accepted for the partition, with as many modules as it has: copies stay inside the files and the
 * windows, apart from each other, modules one behind the other, up to the start area.
 */
void expect_plan(const struct image_plan *plan, uint64_t file_bytes, const struct image_file *modules,
                 const struct partition_config *partition);

/* A finding says in one printable line what was found and what is wanted; its form is left in `line`. */
void expect_finding(const struct finding *finding, char line[FINDING_BYTES]);

/* For a report whose findings are expect_finding()'s: counts them. */
void emit_expected(struct report *report, const struct finding *finding);
extern unsigned findings_emitted;

/* Counts an input that was accepted; how many there were is printed in the end. */
void count_accepted(void);
