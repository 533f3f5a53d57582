/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated local APIC: see x2apic.h.
 */
#include "hv/dev/x2apic.h"

#define VERSION_VALUE  0x00050014U /* version 0x14, six LVT entries */
#define SVR_RESET      0xffU
#define LVT_VECTOR     0xffU
#define TIMER_MODE     0x60000U
#define TIMER_PERIODIC 0x20000U
#define TIMER_DEADLINE 0x40000U
#define ICR_SHORTHAND  (3U << 18)
#define ICR_SELF       (1U << 18)
#define ICR_ALL        (2U << 18)
#define BROADCAST      0xffffffffU
#define VECTOR_FIRST   16 /* those below are illegal */
#define ERROR_SENT     (1U << 5)
#define ERROR_RECEIVED (1U << 6)
#define PRIORITY_CLASS 0xf0U
#define CLUSTER_SHIFT  16
#define ID_CLUSTER     4 /* bits of the id that are the place in a cluster */

/* Registers that can be read: from ISR to ESR, and from the LVT to the counts, without a gap. */
#define READABLE                                                                                                       \
    (1ULL << APIC_ID | 1ULL << APIC_VERSION | 1ULL << APIC_TPR | 1ULL << APIC_PPR | 1ULL << APIC_LDR |                 \
     1ULL << APIC_SVR | 0x1ffffffULL << APIC_ISR | 1ULL << APIC_ICR | 0xffULL << APIC_LVT_TIMER | 1ULL << APIC_DIVIDE)

/* What may be written; of EOI and ESR that is 0, of registers that are not in x2apic_write() either nothing. */
static const uint64_t writable[X2APIC_MSR_COUNT] = {
    [APIC_TPR] = 0xff,
    [APIC_SVR] = 0x3ff,
    [APIC_ICR] = 0xffffffff000ccfff,
    [APIC_LVT_TIMER] = 0x700ff,
    [APIC_LVT_THERMAL] = 0x107ff,
    [APIC_LVT_COUNTERS] = 0x107ff,
    [APIC_LVT_LINT0] = 0x1a7ff,
    [APIC_LVT_LINT1] = 0x1a7ff,
    [APIC_LVT_ERROR] = 0x100ff,
    [APIC_INITIAL_COUNT] = UINT32_MAX,
    [APIC_DIVIDE] = 0xb,
    [APIC_SELF_IPI] = 0xff,
};

static uint32_t processor_priority(const struct x2apic *apic) {
    uint32_t in_service = x2apic_highest(apic->isr) & PRIORITY_CLASS;
    uint32_t task = apic->registers[APIC_TPR];

    return (task & PRIORITY_CLASS) >= in_service ? task : in_service;
}

/* Whether the vector is legal; else that is an error of the one that sends it, and of the one that receives it. */
static bool is_legal(struct x2apic *apic, uint64_t vector, uint32_t error) {
    if (vector < VECTOR_FIRST)
        __atomic_fetch_or(&apic->errors, error, __ATOMIC_RELAXED);
    return vector >= VECTOR_FIRST;
}

void x2apic_post(struct x2apic *apic, unsigned vector) {
    if ((apic->registers[APIC_SVR] & APIC_SVR_ENABLE) && is_legal(apic, vector, ERROR_RECEIVED))
        x2apic_put_back(apic, vector);
}

/* Divisors are 2 to 128, and behind them 1. */
static unsigned divide_shift(const struct x2apic *apic) {
    uint32_t divide = apic->registers[APIC_DIVIDE];

    return (((divide >> 1 & 4) | (divide & 3)) + 1) & 7;
}

static uint64_t count_ticks(const struct x2apic *apic) {
    return (uint64_t)apic->registers[APIC_INITIAL_COUNT] << divide_shift(apic);
}

void x2apic_tick(struct x2apic *apic, uint64_t now_tsc) {
    if (now_tsc < apic->fires_tsc)
        return;
    if (apic->period_ticks)
        apic->fires_tsc += ((now_tsc - apic->fires_tsc) / apic->period_ticks + 1) * apic->period_ticks;
    else
        apic->fires_tsc = X2APIC_NEVER;
    apic->deadline = 0;
    if (!apic->mask)
        x2apic_post(apic, apic->registers[APIC_LVT_TIMER] & LVT_VECTOR);
}

/* What it counts down to 0, at its own rate. */
static uint64_t current_count(const struct x2apic *apic, uint64_t now_tsc) {
    if (apic->has_deadline || apic->fires_tsc == X2APIC_NEVER || apic->fires_tsc <= now_tsc)
        return 0;
    return (apic->fires_tsc - now_tsc) >> divide_shift(apic);
}

bool x2apic_read(const struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t *value) {
    if (number == APIC_PPR)
        *value = processor_priority(apic);
    else if (number == APIC_ICR)
        *value = apic->icr;
    else if (number == APIC_CURRENT_COUNT)
        *value = current_count(apic, now_tsc);
    else if (number >= APIC_ISR && number < APIC_TMR)
        *value = load((const uint8_t *)apic->isr + 4UL * (number - APIC_ISR), 4);
    else if (number >= APIC_IRR && number < APIC_ESR)
        *value = load((const uint8_t *)apic->irr + 4UL * (number - APIC_IRR), 4);
    else /* TMR among them, which stays 0: all interrupts are edge-triggered */
        *value = apic->registers[number];
    return READABLE >> number & 1;
}

/* What follows from the timer's registers. */
static enum x2apic_effect set_timer(struct x2apic *apic) {
    uint32_t lvt = apic->registers[APIC_LVT_TIMER];

    apic->has_deadline = lvt & TIMER_DEADLINE;
    apic->mask = (lvt & APIC_LVT_MASKED) ? UINT64_MAX : 0;
    apic->period_ticks = (lvt & TIMER_MODE) == TIMER_PERIODIC ? count_ticks(apic) : 0;
    return X2APIC_TIMER;
}

static enum x2apic_effect end_of_interrupt(struct x2apic *apic) {
    unsigned vector = x2apic_highest(apic->isr);

    apic->isr[vector >> 6] &= ~(1ULL << (vector & 63));
    return X2APIC_PENDING;
}

/*
 * Of a register that keeps what is written. What is due by now comes, whatever becomes of the timer. While the APIC is
 * off, so are the interrupts of its LVT. Inlined, this would cost the others the saving of their registers.
 */
__attribute__((noinline)) static enum x2apic_effect keep(struct x2apic *apic, uint32_t number, uint64_t now_tsc,
                                                         uint64_t value) {
    uint32_t before = apic->registers[number];

    x2apic_tick(apic, now_tsc);
    if (!writable[number] || (number == APIC_LVT_TIMER && (value & TIMER_MODE) == TIMER_MODE))
        return X2APIC_REFUSED;
    if (number == APIC_INITIAL_COUNT && apic->has_deadline) /* is ignored */
        return X2APIC_DONE;
    apic->registers[number] = (uint32_t)value;
    if (!(apic->registers[APIC_SVR] & APIC_SVR_ENABLE))
        for (uint32_t lvt = APIC_LVT_TIMER; lvt <= APIC_LVT_ERROR; lvt++)
            apic->registers[lvt] |= APIC_LVT_MASKED;
    if (number == APIC_INITIAL_COUNT)
        apic->fires_tsc = value ? now_tsc + count_ticks(apic) : X2APIC_NEVER;
    /* A count goes on by its new mode; one that meets or leaves TSC-deadline mode is over. */
    if (number == APIC_LVT_TIMER && ((before ^ value) & TIMER_DEADLINE)) {
        apic->fires_tsc = X2APIC_NEVER;
        apic->deadline = 0;
    }
    return number == APIC_TPR ? X2APIC_PRIORITY : set_timer(apic);
}

/* Switched off, which masks everything. */
void x2apic_init(struct x2apic *apic, uint32_t id) {
    *apic = (struct x2apic){.fires_tsc = X2APIC_NEVER};
    apic->registers[APIC_ID] = id;
    apic->registers[APIC_VERSION] = VERSION_VALUE;
    apic->registers[APIC_LDR] = id >> ID_CLUSTER << CLUSTER_SHIFT | 1U << (id & ((1U << ID_CLUSTER) - 1));
    keep(apic, APIC_SVR, 0, SVR_RESET);
}

enum x2apic_effect x2apic_write(struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t value) {
    if (value & ~writable[number])
        return X2APIC_REFUSED;
    switch (number) {
    case APIC_EOI:
        return end_of_interrupt(apic);
    case APIC_SELF_IPI:
        is_legal(apic, value, ERROR_SENT);
        x2apic_post(apic, (unsigned)value);
        return X2APIC_PENDING;
    case APIC_ICR:
        apic->icr = value;
        is_legal(apic, value & LVT_VECTOR, ERROR_SENT);
        return X2APIC_SEND;
    case APIC_ESR:
        apic->registers[APIC_ESR] = __atomic_exchange_n(&apic->errors, 0, __ATOMIC_RELAXED);
        return X2APIC_DONE;
    default:
        return keep(apic, number, now_tsc, value);
    }
}

bool x2apic_is_named(const struct x2apic *apic, const struct x2apic *from, uint64_t icr) {
    uint32_t to = (uint32_t)(icr >> ICR_TO_SHIFT), own = apic->registers[APIC_LDR];

    if (icr & ICR_SHORTHAND)
        return (icr & ICR_SHORTHAND) == ICR_ALL || (apic == from) == ((icr & ICR_SHORTHAND) == ICR_SELF);
    if (to == BROADCAST)
        return true;
    if (icr & ICR_LOGICAL)
        return to >> CLUSTER_SHIFT == own >> CLUSTER_SHIFT && (to & own & ((1U << CLUSTER_SHIFT) - 1));
    return to == apic->registers[APIC_ID];
}
