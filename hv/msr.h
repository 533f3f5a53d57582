/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's MSRs, as far as others than the exit table need them.
 */
#pragma once

#include "hv/lib/types.h"

/* Passes the MSRs that belong to the partition in an MSRPM. */
void msr_pass_all(uint8_t *msrpm);
