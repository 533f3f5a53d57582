/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cyclic schedules: see schedule.h. Frame n starts at the epoch plus n times the frame's
 * length, so no error adds up.
 */
#include "sched/schedule.h"

#define PLAN_BITS 8
#define PLAN_MASK 0xffU

unsigned agreement_plan(struct agreement *agreement, uint64_t frame) {
    uint64_t agreed = __atomic_load_n(&agreement->frame_and_plans, __ATOMIC_ACQUIRE);

    while (agreed >> 2 * PLAN_BITS < frame) {
        unsigned wanted = __atomic_load_n(&agreement->wanted, __ATOMIC_ACQUIRE);
        uint64_t next = frame << 2 * PLAN_BITS | (agreed & PLAN_MASK) << PLAN_BITS | wanted;

        if (__atomic_compare_exchange_n(&agreement->frame_and_plans, &agreed, next, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return wanted;
    }
    /* Another processor is in the frame already, or even in the next. */
    return (agreed >> 2 * PLAN_BITS == frame ? agreed : agreed >> PLAN_BITS) & PLAN_MASK;
}

/* Moves to the frame and the slot that `since` ticks from the frame's start lie in, or in front of. */
static void advance(struct cyclic *cyclic, uint64_t since) {
    if (since >= cyclic->frame_ticks) {
        uint64_t frames = since < 2 * cyclic->frame_ticks ? 1 : since / cyclic->frame_ticks;

        cyclic->missed += frames * cyclic->plan->slot_count - cyclic->slot - cyclic->begun;
        cyclic->frame += frames;
        cyclic->frame_tsc += frames * cyclic->frame_ticks;
        cyclic->plan = &cyclic->plans[agreement_plan(cyclic->agreement, cyclic->frame)];
        cyclic->slot = 0;
        cyclic->begun = false;
        since -= frames * cyclic->frame_ticks;
    }
    while (cyclic->slot < cyclic->plan->slot_count && since >= cyclic->plan->slots[cyclic->slot].end_ticks) {
        cyclic->missed += !cyclic->begun;
        cyclic->slot++;
        cyclic->begun = false;
    }
}

struct decision cyclic_next(struct cyclic *cyclic, uint64_t now_tsc) {
    uint64_t since = now_tsc - cyclic->frame_tsc;

    if ((int64_t)since < 0) /* the first frame is still to come */
        return (struct decision){.until_tsc = cyclic->frame_tsc};
    advance(cyclic, since);
    if (cyclic->slot == cyclic->plan->slot_count)
        return (struct decision){.until_tsc = cyclic->frame_tsc + cyclic->frame_ticks};

    const struct slot *slot = &cyclic->plan->slots[cyclic->slot];
    uint64_t offset_tsc = cyclic->frame_tsc + slot->offset_ticks;

    if (now_tsc < offset_tsc)
        return (struct decision){.until_tsc = offset_tsc};
    uint64_t due_tsc = cyclic->begun ? 0 : offset_tsc + slot->start_ticks;
    struct decision decision = {slot->turn, slot->turn, cyclic->frame_tsc + slot->end_ticks, due_tsc};

    cyclic->begun = true;
    if (slot->turn->wake_tsc <= now_tsc)
        return decision;
    decision.turn = slot->background;
    decision.until_tsc = lower(decision.until_tsc, slot->turn->wake_tsc);
    if (!slot->background || slot->background->wake_tsc <= now_tsc)
        return decision;
    return (struct decision){.until_tsc = lower(decision.until_tsc, slot->background->wake_tsc)};
}
