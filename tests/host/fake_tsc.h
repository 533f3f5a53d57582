/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time as the test says it goes on, for the sources of partitions. Put in front of them by -include (tests.mk), as
 * processor.h is of others.
 */
#pragma once

#include "hv/cpu/x86.h"

struct fake_tsc {
    uint64_t now, step; /* by which each RDTSC moves it on */
};

extern struct fake_tsc fake_tsc;

uint64_t fake_rdtsc(void);

#define x86_rdtsc fake_rdtsc
