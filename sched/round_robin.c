/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round robin: see schedule.h.
 */
#include "sched/schedule.h"

static struct queue *queue_of(struct round_robin *robin, const struct turn *turn) {
    return turn->wake_tsc ? &robin->halted : &robin->ready;
}

/* Slots end in the order they start, so that most go to the end; so do all that are ready. */
void round_robin_put(struct round_robin *robin, struct turn *turn) {
    struct queue *queue = queue_of(robin, turn);
    struct turn **link = &queue->first;

    if (queue->last && queue->last->wake_tsc <= turn->wake_tsc)
        link = &queue->last->next;
    while (*link && (*link)->wake_tsc <= turn->wake_tsc)
        link = &(*link)->next;
    turn->next = *link;
    *link = turn;
    if (!turn->next)
        queue->last = turn;
}

void round_robin_take(struct round_robin *robin, struct turn *turn) {
    struct queue *queue = queue_of(robin, turn);
    struct turn **link = &queue->first, *before = NULL;

    for (; *link && *link != turn; link = &before->next)
        before = *link;
    if (!*link)
        return;
    *link = turn->next;
    if (queue->last == turn)
        queue->last = before;
}

static void drop_first(struct queue *queue) {
    queue->first = queue->first->next;
    queue->last = queue->first ? queue->last : NULL;
}

/*
 * At most one halted turn becomes ready a decision. As no more than one halts a decision, none
 * waits longer than the others need for their turns.
 */
struct decision round_robin_next(struct round_robin *robin, uint64_t now_tsc) {
    struct turn *sleeper = robin->halted.first;
    uint64_t until_tsc = now_tsc + robin->slot_ticks;

    if (sleeper && sleeper->wake_tsc <= now_tsc) {
        drop_first(&robin->halted);
        sleeper->wake_tsc = 0;
        round_robin_put(robin, sleeper);
    }
    struct turn *turn = robin->ready.first;

    if (turn)
        drop_first(&robin->ready);
    else if (sleeper)
        until_tsc = lower(sleeper->wake_tsc, until_tsc);
    return (struct decision){turn, turn, until_tsc, 0};
}
