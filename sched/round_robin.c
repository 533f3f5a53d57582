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

/* Slots end in the order they start, so that most go to the end. */
static void insert_by_wake(struct queue *queue, struct turn *turn) {
    struct turn **link = &queue->first;

    if (!queue->first || queue->last->wake_tsc <= turn->wake_tsc) {
        append(queue, turn);
        return;
    }
    while ((*link)->wake_tsc <= turn->wake_tsc)
        link = &(*link)->next;
    turn->next = *link;
    *link = turn;
}

static struct turn *take_first(struct queue *queue) {
    struct turn *turn = queue->first;

    queue->first = turn->next;
    return turn;
}

static void take_out(struct queue *queue, const struct turn *turn) {
    struct turn **link = &queue->first;

    queue->last = NULL;
    while (*link) {
        if (*link == turn) {
            *link = turn->next;
            continue;
        }
        queue->last = *link;
        link = &queue->last->next;
    }
}

void round_robin_init(struct round_robin *robin, uint64_t slot_ticks, unsigned living) {
    *robin = (struct round_robin){.slot_ticks = slot_ticks, .living = living};
}

void round_robin_add(struct round_robin *robin, struct turn *turn) {
    append(&robin->ready, turn);
}

void round_robin_wake(struct round_robin *robin, struct turn *turn) {
    if (turn->wake_tsc == 0)
        return;
    take_out(&robin->halted, turn);
    turn->wake_tsc = 0;
    append(&robin->ready, turn);
}

void round_robin_stop(struct round_robin *robin, struct turn *turn) {
    take_out(&robin->ready, turn);
    take_out(&robin->halted, turn);
    robin->living--;
}

/*
 * At most one halted turn becomes ready a decision. As no more than one halts a decision, none
 * waits longer than the others need for their turns.
 */
enum schedule_state round_robin_next(struct round_robin *robin, uint64_t now_tsc, struct decision *decision) {
    struct turn *sleeper = robin->halted.first;

    if (sleeper && sleeper->wake_tsc <= now_tsc) {
        sleeper->wake_tsc = 0;
        append(&robin->ready, take_first(&robin->halted));
    }
    if (robin->ready.first) {
        *decision = (struct decision){.turn = take_first(&robin->ready), .until_tsc = now_tsc + robin->slot_ticks};
        decision->owner = decision->turn;
        return SCHEDULE_RUN;
    }
    if (robin->living == 0)
        return SCHEDULE_OVER;
    *decision = (struct decision){.until_tsc = now_tsc + robin->slot_ticks};
    if (sleeper)
        decision->until_tsc = lower(sleeper->wake_tsc, decision->until_tsc);
    return SCHEDULE_IDLE;
}

void round_robin_return(struct round_robin *robin, const struct decision *decision, enum turn_end end) {
    if (end == TURN_SPENT || end == TURN_YIELDS)
        append(&robin->ready, decision->turn);
    if (end == TURN_STOPS)
        robin->living--;
    if (end == TURN_HALTS)
        insert_by_wake(&robin->halted, decision->turn);
}
