/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated local APIC in x2APIC mode (APM vol. 2, "x2APIC"): registers by their MSRs, priorities, the timer.
 * It knows no VMCB: hv/interrupt.c brings what is pending into the guest. Times are the processor's TSC
 * ticks. Its own processor alone works on it, but for x2apic_post().
 */
#pragma once

#include "hv/lib/apic.h"
#include "hv/lib/types.h"

#define X2APIC_MSR_BASE     0x800
#define X2APIC_MSR_COUNT    0x40
#define X2APIC_MSR_DEADLINE 0x6e0
#define X2APIC_NEVER        UINT64_MAX

/* Of an interrupt command. */
#define ICR_VECTOR   0xffU
#define ICR_LOGICAL  (1U << 11) /* the destination is a set */
#define ICR_TO_SHIFT 32         /* the destination */

/* What has to be looked at after a register was written. */
enum x2apic_effect {
    X2APIC_REFUSED, /* #GP: no such register, or reserved bits */
    X2APIC_DONE,
    X2APIC_PENDING,  /* what is pending may be another, or none */
    X2APIC_PRIORITY, /* the same, and TPR is another */
    X2APIC_TIMER,    /* the timer may fire at another time */
    X2APIC_SEND,     /* the interrupt command in `icr` goes out */
};

struct x2apic {
    uint64_t irr[4], isr[4]; /* a bit a vector; others set bits in `irr` */
    uint64_t fires_tsc;      /* when the timer does, X2APIC_NEVER without */
    uint64_t mask;           /* all ones while its interrupt is masked, else 0 */
    uint64_t period_ticks;   /* 0 unless it is periodic */
    uint64_t deadline;       /* what IA32_TSC_DEADLINE reads */
    bool has_deadline;       /* the timer is in TSC-deadline mode */
    uint64_t icr;
    uint32_t registers[X2APIC_MSR_COUNT]; /* what was written, as far as it is kept */
    uint32_t errors;                      /* since the last write of ESR */
};

/* The state after reset. */
void x2apic_init(struct x2apic *apic, uint32_t id);

/* Register `number`, its MSR less X2APIC_MSR_BASE; false for #GP. */
bool x2apic_read(const struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t *value);
enum x2apic_effect x2apic_write(struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t value);

/* The timer's interrupt, if it is time; missed periods are one interrupt. */
void x2apic_tick(struct x2apic *apic, uint64_t now_tsc);

/* A fixed interrupt from anybody, on any processor. */
void x2apic_post(struct x2apic *apic, unsigned vector);

/* Whether `apic` is among those that an interrupt command of `from` names. */
bool x2apic_is_named(const struct x2apic *apic, const struct x2apic *from, uint64_t icr);

/* The highest vector of a set, 0 without any: vectors below 16 are never in one. */
static inline unsigned x2apic_highest(const uint64_t set[4]) {
    for (unsigned i = 4; i-- > 0;)
        if (set[i])
            return i * 64 + 63 - (unsigned)__builtin_clzll(set[i]);
    return 0;
}

/* The vector that is to be delivered now, by the priorities; 0 when none is. */
static inline unsigned x2apic_pending(const struct x2apic *apic) {
    unsigned vector = x2apic_highest(apic->irr), in_service = x2apic_highest(apic->isr);

    return vector >> 4 > in_service >> 4 && vector >> 4 > apic->registers[APIC_TPR] >> 4 ? vector : 0;
}

/* It is on its way to the guest and not requested any more: one that comes from now on is another. */
static inline void x2apic_take_out(struct x2apic *apic, unsigned vector) {
    __atomic_fetch_and(&apic->irr[vector >> 6], ~(1ULL << (vector & 63)), __ATOMIC_SEQ_CST);
}

/* The guest has not taken it. */
static inline void x2apic_put_back(struct x2apic *apic, unsigned vector) {
    __atomic_fetch_or(&apic->irr[vector >> 6], 1ULL << (vector & 63), __ATOMIC_SEQ_CST);
}

/* The guest has taken it: it is in service until EOI. */
static inline void x2apic_serve(struct x2apic *apic, unsigned vector) {
    apic->isr[vector >> 6] |= 1ULL << (vector & 63);
}

/* A write of IA32_TSC_DEADLINE, which means something in TSC-deadline mode alone, and when it makes the timer fire. */
static inline void x2apic_set_deadline(struct x2apic *apic, uint64_t deadline, uint64_t fires_tsc) {
    if (!apic->has_deadline)
        return;
    apic->deadline = deadline;
    apic->fires_tsc = deadline ? fires_tsc : X2APIC_NEVER;
}

/* When the timer's interrupt is due, X2APIC_NEVER without. */
static inline uint64_t x2apic_due_tsc(const struct x2apic *apic) {
    return apic->fires_tsc | apic->mask;
}
