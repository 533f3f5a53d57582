/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's one-shot timer (APM vol. 2, "Local APIC Timer"), with times given
 * in TSC ticks.
 */
#pragma once

#include "hv/cpu/cpu.h"

#define LAPIC_BASE 0xfee00000ULL

/*
 * Enables this processor's LAPIC in xAPIC mode and measures TSC and timer against the 8254. What is
 * missing for that, as a sentence for the user, or NULL.
 */
const char *lapic_init(struct cpu *cpu);

/* One interrupt VECTOR_TIMER at TSC `deadline`, or at once if that has passed. Replaces an earlier one. */
void lapic_arm(const struct cpu *cpu, uint64_t deadline_tsc);
