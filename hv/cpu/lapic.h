/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's one-shot timer (APM vol. 2, "Local APIC Timer"), with times given
 * in TSC ticks.
 */
#pragma once

#include "hv/cpu/cpu.h"
#include "hv/cpu/x86.h"
#include "hv/lib/apic.h"

#define LAPIC_BASE 0xfee00000ULL

/* Bits of the MSR APIC_BASE. */
#define APIC_BASE_BOOT     (1ULL << 8)
#define APIC_BASE_EXTENDED (1ULL << 10) /* x2APIC mode */
#define APIC_BASE_ENABLE   (1ULL << 11)

/*
 * Enables this processor's LAPIC in xAPIC mode and measures TSC and timer against the 8254. What is
 * missing for that, as a sentence for the user, or NULL.
 */
const char *lapic_init(struct cpu *cpu);

/* Enables the LAPIC of a further processor; the rates that the first has measured are all processors'. */
void lapic_enable(void);

/* Low halves of the interrupt command register (APM vol. 2, "Interrupt Command Register"). */
#define LAPIC_INIT          0x4500U
#define LAPIC_STARTUP       0x4600U /* and the number of the page to start at */
#define LAPIC_NMI_TO_OTHERS 0xc4400U
#define LAPIC_FIXED         0x4000U /* and the vector */

/* Sends an interrupt command to the processor of that APIC id, and waits until it is on its way. */
void lapic_send(uint8_t apic_id, uint32_t command);

/* Has a processor, which may sleep or run a guest, look up at once. */
void lapic_wake(struct cpu *cpu);

static inline volatile uint32_t *lapic_register(unsigned number) {
    return (volatile uint32_t *)(LAPIC_BASE + number * 16UL);
}

/* One interrupt VECTOR_TIMER at TSC `deadline`, or at once if that has passed. Replaces an earlier one. */
static inline void lapic_arm(const struct cpu *cpu, uint64_t deadline_tsc) {
    int64_t left = (int64_t)(deadline_tsc - x86_rdtsc());
    uint64_t ticks = left > 0 ? (uint64_t)((unsigned __int128)left * cpu->lapic_per_tsc_q32 >> 32) : 0;

    *lapic_register(APIC_INITIAL_COUNT) = (uint32_t)lower(higher(ticks, 1), UINT32_MAX);
}
