/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time of tests: see fake_tsc.h.
 */
#include "tests/host/fake_tsc.h"

struct fake_tsc fake_tsc;

uint64_t fake_rdtsc(void) {
    uint64_t now = fake_tsc.now;

    fake_tsc.now += fake_tsc.step;
    return now;
}
