/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What waking a processor comes to where there is none: it is noted.
 */
#include "hv/cpu/lapic.h"

void lapic_wake(struct cpu *cpu) {
    cpu->attend_tsc = 0;
}
