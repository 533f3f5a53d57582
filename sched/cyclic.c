/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cyclic schedules: see cyclic.h. Frame n starts at the epoch plus n times the frame's
 * length, so no error adds up.
 */
#include "sched/cyclic.h"

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

static void begin_slot(struct cyclic *cyclic, unsigned slot) {
    cyclic->slot = slot;
    cyclic->begun = false;
}

static void begin_frame(struct cyclic *cyclic, uint64_t frames) {
    cyclic->frame += frames;
    cyclic->frame_tsc += frames * cyclic->frame_ticks;
    cyclic->plan = &cyclic->plans[agreement_plan(cyclic->agreement, cyclic->frame)];
    begin_slot(cyclic, 0);
}

void cyclic_init(struct cyclic *cyclic, const struct plan *plans, struct agreement *agreement, uint64_t frame_ticks,
                 unsigned living) {
    *cyclic = (struct cyclic){
        .plans = plans, .agreement = agreement, .frame_ticks = frame_ticks, .living = living, .plan = &plans[0]};
}

/* Moves to the frame and the slot that `since` ticks from the frame's start lie in, or in front of. */
static uint64_t advance(struct cyclic *cyclic, uint64_t since) {
    if (since >= cyclic->frame_ticks) {
        uint64_t frames = since < 2 * cyclic->frame_ticks ? 1 : since / cyclic->frame_ticks;

        cyclic->missed += frames * cyclic->plan->slot_count - cyclic->slot - cyclic->begun;
        begin_frame(cyclic, frames);
        since -= frames * cyclic->frame_ticks;
    }
    while (cyclic->slot < cyclic->plan->slot_count && since >= cyclic->plan->slots[cyclic->slot].end_ticks) {
        cyclic->missed += !cyclic->begun;
        begin_slot(cyclic, cyclic->slot + 1);
    }
    return since;
}

static enum schedule_state idle_until(struct decision *decision, uint64_t until_tsc) {
    *decision = (struct decision){.until_tsc = until_tsc};
    return SCHEDULE_IDLE;
}

static bool may_run(const struct turn *turn, uint64_t now_tsc) {
    return !turn->absent && turn->wake_tsc <= now_tsc;
}

/* What waits may run again before a time is over. */
static uint64_t earlier(const struct turn *turn, uint64_t until_tsc) {
    return turn && !turn->absent ? lower(turn->wake_tsc, until_tsc) : until_tsc;
}

enum schedule_state cyclic_next(struct cyclic *cyclic, uint64_t now_tsc, struct decision *decision) {
    uint64_t since = now_tsc - cyclic->frame_tsc;

    if (cyclic->living == 0)
        return SCHEDULE_OVER;
    if ((int64_t)since < 0) /* the first frame is still to come */
        return idle_until(decision, cyclic->frame_tsc);
    since = advance(cyclic, since);
    if (cyclic->slot == cyclic->plan->slot_count)
        return idle_until(decision, cyclic->frame_tsc + cyclic->frame_ticks);

    const struct slot *slot = &cyclic->plan->slots[cyclic->slot];
    bool begins = !cyclic->begun;

    if (since < slot->offset_ticks)
        return idle_until(decision, cyclic->frame_tsc + slot->offset_ticks);
    cyclic->begun = true;
    decision->until_tsc = cyclic->frame_tsc + slot->end_ticks;
    decision->due_tsc = begins ? cyclic->frame_tsc + slot->offset_ticks + slot->start_ticks : 0;
    decision->owner = slot->turn;
    if (may_run(slot->turn, now_tsc)) {
        decision->turn = slot->turn;
        return SCHEDULE_RUN;
    }
    decision->until_tsc = earlier(slot->turn, decision->until_tsc);
    if (!slot->background || !may_run(slot->background, now_tsc))
        return idle_until(decision, earlier(slot->background, decision->until_tsc));
    decision->turn = slot->background;
    return SCHEDULE_RUN;
}

void cyclic_add(struct turn *turn) {
    turn->absent = false;
}

void cyclic_stop(struct cyclic *cyclic, struct turn *turn) {
    turn->absent = true;
    cyclic->living--;
}

void cyclic_return(struct cyclic *cyclic, const struct decision *decision, enum turn_end end) {
    if (end == TURN_STOPS)
        cyclic_stop(cyclic, decision->turn);
    if (end == TURN_YIELDS)
        decision->turn->wake_tsc = decision->until_tsc;
}
