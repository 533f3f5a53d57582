/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated local APIC: see x2apic.h.
 */
#include "hv/dev/x2apic.h"

enum {
    ID = 0x02,
    VERSION = 0x03,
    TPR = X2APIC_TPR,
    PPR = 0x0a,
    EOI = 0x0b,
    LDR = 0x0d,
    SVR = 0x0f,
    ISR = 0x10, /* 8 registers each */
    TMR = 0x18,
    IRR = X2APIC_IRR,
    ESR = 0x28,
    ICR = 0x30,
    LVT_TIMER = 0x32,
    LVT_THERMAL = 0x33,
    LVT_COUNTERS = 0x34,
    LVT_LINT0 = 0x35,
    LVT_LINT1 = 0x36,
    LVT_ERROR = 0x37,
    INITIAL_COUNT = 0x38,
    CURRENT_COUNT = 0x39,
    DIVIDE = 0x3e,
    SELF_IPI = 0x3f,
};

#define VERSION_VALUE     0x00050014U /* version 0x14, six LVT entries */
#define SVR_RESET         0xffU
#define SVR_ENABLE        0x100U
#define LVT_VECTOR        0xffU
#define LVT_MASKED        0x10000U
#define TIMER_MODE        0x60000U
#define TIMER_PERIODIC    0x20000U
#define TIMER_DEADLINE    0x40000U
#define ICR_WRITABLE      0xffffffff000ccfffULL
#define ICR_LOGICAL       (1U << 11)
#define ICR_SHORTHAND     (3U << 18)
#define ICR_SELF          (1U << 18)
#define ICR_ALL           (2U << 18)
#define ICR_TO_SHIFT      32
#define BROADCAST         0xffffffffU
#define VECTOR_FIRST      16 /* those below are illegal */
#define ERROR_SENT        (1U << 5)
#define ERROR_RECEIVED    (1U << 6)
#define PRIORITY_CLASS    0xf0U
#define CLUSTER_SHIFT     16
#define ID_CLUSTER        4 /* bits of the id that are the place in a cluster */
#define SET(vector)       (1ULL << ((vector)&63))
#define WORD(set, vector) ((set)[(vector) >> 6])

/* What may be written to registers that keep it; the others have a word of their own in x2apic_write(). */
static const uint32_t writable[X2APIC_MSR_COUNT] = {
    [TPR] = 0xff,
    [SVR] = 0x3ff,
    [LVT_TIMER] = 0x700ff,
    [LVT_THERMAL] = 0x107ff,
    [LVT_COUNTERS] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff,
    [LVT_LINT1] = 0x1a7ff,
    [LVT_ERROR] = 0x100ff,
    [INITIAL_COUNT] = UINT32_MAX,
    [DIVIDE] = 0xb,
};

static bool is_lvt(uint32_t number) {
    return number >= LVT_TIMER && number <= LVT_ERROR;
}

void x2apic_init(struct x2apic *apic, uint32_t id) {
    *apic = (struct x2apic){.fires_tsc = X2APIC_NEVER, .mask = UINT64_MAX, .id = id};
    apic->registers[SVR] = SVR_RESET;
    for (uint32_t lvt = LVT_TIMER; lvt <= LVT_ERROR; lvt++)
        apic->registers[lvt] = LVT_MASKED;
}

static uint32_t processor_priority(const struct x2apic *apic) {
    uint32_t in_service = x2apic_highest(apic->isr) & PRIORITY_CLASS;
    uint32_t task = apic->registers[TPR];

    return (task & PRIORITY_CLASS) >= in_service ? task : in_service;
}

void x2apic_post(struct x2apic *apic, unsigned vector) {
    if (!(apic->registers[SVR] & SVR_ENABLE))
        return;
    if (vector < VECTOR_FIRST)
        __atomic_fetch_or(&apic->errors, ERROR_RECEIVED, __ATOMIC_RELAXED);
    else
        x2apic_put_back(apic, vector);
}

/* Divisors are 2 to 128, and behind them 1. */
static unsigned divide_shift(const struct x2apic *apic) {
    uint32_t divide = apic->registers[DIVIDE];

    return (((divide >> 1 & 4) | (divide & 3)) + 1) & 7;
}

static bool is_timer(const struct x2apic *apic, uint32_t mode) {
    return (apic->registers[LVT_TIMER] & TIMER_MODE) == mode;
}

static uint64_t count_ticks(const struct x2apic *apic) {
    return (uint64_t)apic->registers[INITIAL_COUNT] << divide_shift(apic);
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
        x2apic_post(apic, apic->registers[LVT_TIMER] & LVT_VECTOR);
}

/* What it counts down to 0, at its own rate. */
static uint64_t current_count(const struct x2apic *apic, uint64_t now_tsc) {
    if (apic->has_deadline || apic->fires_tsc == X2APIC_NEVER || apic->fires_tsc <= now_tsc)
        return 0;
    return (apic->fires_tsc - now_tsc) >> divide_shift(apic);
}

static uint32_t logical_id(const struct x2apic *apic) {
    return apic->id >> ID_CLUSTER << CLUSTER_SHIFT | 1U << (apic->id & ((1U << ID_CLUSTER) - 1));
}

static uint64_t part(const uint64_t set[4], uint32_t index) {
    return (uint32_t)(set[index / 2] >> 32 * (index % 2));
}

bool x2apic_read(const struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t *value) {
    *value = apic->registers[number];
    if (writable[number] || number == ESR)
        return true;
    switch (number) {
    case ID:
        *value = apic->id;
        return true;
    case VERSION:
        *value = VERSION_VALUE;
        return true;
    case PPR:
        *value = processor_priority(apic);
        return true;
    case LDR:
        *value = logical_id(apic);
        return true;
    case ICR:
        *value = apic->icr;
        return true;
    case CURRENT_COUNT:
        *value = current_count(apic, now_tsc);
        return true;
    default: /* ISR, TMR and IRR are next to each other; all interrupts are edge-triggered */
        if (number < ISR || number >= ESR)
            return false;
        *value = number < TMR ? part(apic->isr, number - ISR) : number < IRR ? 0 : part(apic->irr, number - IRR);
        return true;
    }
}

/* A count goes on by its new mode; one that meets or leaves TSC-deadline mode is over. */
static enum x2apic_effect set_timer_mode(struct x2apic *apic, uint32_t before) {
    uint32_t after = apic->registers[LVT_TIMER];

    if ((before ^ after) & TIMER_DEADLINE) {
        apic->fires_tsc = X2APIC_NEVER;
        apic->deadline = 0;
    }
    apic->has_deadline = after & TIMER_DEADLINE;
    apic->mask = (after & LVT_MASKED) ? UINT64_MAX : 0;
    apic->period_ticks = is_timer(apic, TIMER_PERIODIC) ? count_ticks(apic) : 0;
    return X2APIC_TIMER;
}

static enum x2apic_effect start_count(struct x2apic *apic, uint64_t now_tsc) {
    uint64_t ticks = count_ticks(apic);

    apic->fires_tsc = ticks ? now_tsc + ticks : X2APIC_NEVER;
    apic->period_ticks = is_timer(apic, TIMER_PERIODIC) ? ticks : 0;
    return X2APIC_TIMER;
}

static enum x2apic_effect mask_all(struct x2apic *apic) {
    for (uint32_t lvt = LVT_TIMER; lvt <= LVT_ERROR; lvt++)
        apic->registers[lvt] |= LVT_MASKED;
    apic->mask = UINT64_MAX;
    return X2APIC_TIMER;
}

static enum x2apic_effect end_of_interrupt(struct x2apic *apic) {
    unsigned vector = x2apic_highest(apic->isr);

    WORD(apic->isr, vector) &= ~SET(vector);
    return X2APIC_PENDING;
}

/* An illegal vector is an error of the sender, too. */
static void note_sent(struct x2apic *apic, uint64_t vector) {
    if (vector < VECTOR_FIRST)
        __atomic_fetch_or(&apic->errors, ERROR_SENT, __ATOMIC_RELAXED);
}

/* Of a register that keeps what is written. */
static enum x2apic_effect keep(struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t value) {
    uint32_t before = apic->registers[number];

    if (number == LVT_TIMER && (value & TIMER_MODE) == TIMER_MODE)
        return X2APIC_REFUSED;
    if (number == INITIAL_COUNT && apic->has_deadline) /* is ignored */
        return X2APIC_DONE;
    apic->registers[number] = (uint32_t)value;
    if (is_lvt(number) && !(apic->registers[SVR] & SVR_ENABLE))
        apic->registers[number] |= LVT_MASKED;
    switch (number) {
    case TPR:
        return X2APIC_PRIORITY;
    case SVR:
        return (value & SVR_ENABLE) ? X2APIC_DONE : mask_all(apic);
    case LVT_TIMER:
        return set_timer_mode(apic, before);
    case INITIAL_COUNT:
        return start_count(apic, now_tsc);
    default:
        return X2APIC_DONE;
    }
}

enum x2apic_effect x2apic_write(struct x2apic *apic, uint32_t number, uint64_t now_tsc, uint64_t value) {
    switch (number) {
    case EOI:
        return value ? X2APIC_REFUSED : end_of_interrupt(apic);
    case SELF_IPI:
        if (value > LVT_VECTOR)
            return X2APIC_REFUSED;
        note_sent(apic, value);
        x2apic_post(apic, (unsigned)value);
        return X2APIC_PENDING;
    case ICR:
        if (value & ~ICR_WRITABLE)
            return X2APIC_REFUSED;
        apic->icr = value;
        note_sent(apic, value & LVT_VECTOR);
        return X2APIC_SEND;
    case ESR:
        if (value)
            return X2APIC_REFUSED;
        apic->registers[ESR] = __atomic_exchange_n(&apic->errors, 0, __ATOMIC_RELAXED);
        return X2APIC_DONE;
    default: /* what is due by now comes, whatever becomes of the timer */
        x2apic_tick(apic, now_tsc);
        if (!writable[number] || (value & ~(uint64_t)writable[number]))
            return X2APIC_REFUSED;
        return keep(apic, number, now_tsc, value);
    }
}

bool x2apic_is_named(const struct x2apic *apic, const struct x2apic *from, uint64_t icr) {
    uint32_t to = (uint32_t)(icr >> ICR_TO_SHIFT), own = logical_id(apic);

    if (icr & ICR_SHORTHAND)
        return (icr & ICR_SHORTHAND) == ICR_ALL || (apic == from) == ((icr & ICR_SHORTHAND) == ICR_SELF);
    if (to == BROADCAST)
        return true;
    if (icr & ICR_LOGICAL)
        return to >> CLUSTER_SHIFT == own >> CLUSTER_SHIFT && (to & own & ((1U << CLUSTER_SHIFT) - 1));
    return to == apic->id;
}
