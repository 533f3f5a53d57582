/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers that only an operating system changes, and that are the partition's
 * own all the same.
 */
#pragma once

#include "guests/counter/state.h"
#include "guests/lib/x86.h"

#define VCPUS_MAX 4

/* Switches on SSE, and AVX where there is one: then true. */
bool system_enable_vectors(void);

/* Gives TR, LDTR, DR0 to DR3, CR2 and the MSRs values of the seed; compares, and prints what differs. */
void system_fill(uint32_t seed);
bool system_compare(uint32_t seed);
