/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round robin: see round_robin.h.
 */
#include "sched/round_robin.h"

static void append(struct queue *queue, struct turn *turn) {
    turn->next = NULL;
    if (queue->first)
        queue->last->next = turn;
    else
        queue->first = turn;
    queue->last = turn;
}

static struct turn *take_first(struct queue *queue) {
    struct turn *turn = queue->first;

    queue->first = turn->next;
    return turn;
}

void round_robin_init(struct round_robin *robin, uint64_t slot_ticks) {
    *robin = (struct round_robin){.slot_ticks = slot_ticks};
}

void round_robin_add(struct round_robin *robin, struct turn *turn) {
    append(&robin->ready, turn);
}

/*
 * At most one halted turn becomes ready a decision. As no more than one halts a decision, none
 * waits longer than the others need for their turns.
 */
enum schedule_state round_robin_next(struct round_robin *robin, uint64_t now_tsc, struct decision *decision) {
    struct turn *sleeper = robin->halted.first;

    if (sleeper && sleeper->wake_tsc <= now_tsc)
        append(&robin->ready, take_first(&robin->halted));
    if (robin->ready.first) {
        *decision = (struct decision){take_first(&robin->ready), now_tsc + robin->slot_ticks, 0};
        return SCHEDULE_RUN;
    }
    if (sleeper) {
        *decision = (struct decision){.until_tsc = sleeper->wake_tsc};
        return SCHEDULE_IDLE;
    }
    return SCHEDULE_OVER;
}

void round_robin_return(struct round_robin *robin, const struct decision *decision, enum turn_end end) {
    if (end == TURN_SPENT || end == TURN_YIELDS)
        append(&robin->ready, decision->turn);
    if (end == TURN_HALTS) {
        decision->turn->wake_tsc = decision->until_tsc;
        append(&robin->halted, decision->turn);
    }
}
