/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSR permission map (APM vol. 2, "MSR Intercepts"): two bits an MSR, the lower
 * for reads, the upper for writes, set means intercepted: it begins as all ones. It covers three
 * ranges of 8,192 MSRs; all others are always intercepted. Pure.
 */
#pragma once

#include "hv/lib/reach.h"

#define MSRPM_BYTES (2 * PAGE_BYTES)

/* Lets the guest read and write `msr` without an exit; false when the map does not cover it. */
bool msrpm_pass(uint8_t msrpm[MSRPM_BYTES], uint32_t msr);

/*
 * The lowest run of MSRs at `from` or above with the same rights; false when there is none. Every bit of
 * the map counts: those of its last quarter, which is reserved, appear as MSRs from 0xc0020000.
 */
bool msrpm_next(const uint8_t msrpm[MSRPM_BYTES], uint32_t from, struct reach *run);
