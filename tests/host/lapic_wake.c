/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What waking a processor comes to where there is none: it is noted. And the processors that are not there.
 */
#include "hv/cpu/lapic.h"

struct cpu cpus[CPU_MAX];

void lapic_wake(struct cpu *cpu) {
    cpu->attend_tsc = 0;
}
