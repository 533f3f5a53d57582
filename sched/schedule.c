/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round robin: see schedule.h.
 */
#include "sched/schedule.h"

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

void schedule_init(struct schedule *schedule, uint64_t slot_ticks) {
    *schedule = (struct schedule){.slot_ticks = slot_ticks};
}

void schedule_add(struct schedule *schedule, struct turn *turn) {
    append(&schedule->ready, turn);
}

void schedule_halt(struct schedule *schedule, struct turn *turn, uint64_t slot_end_tsc) {
    turn->wake_tsc = slot_end_tsc;
    append(&schedule->halted, turn);
}

/*
 * At most one halted turn becomes ready a decision. As no more than one halts a decision, none
 * waits longer than the others need for their turns.
 */
enum schedule_state schedule_next(struct schedule *schedule, uint64_t now_tsc, struct turn **turn,
                                  uint64_t *until_tsc) {
    struct turn *sleeper = schedule->halted.first;

    if (sleeper && sleeper->wake_tsc <= now_tsc)
        schedule_add(schedule, take_first(&schedule->halted));
    if (schedule->ready.first) {
        *turn = take_first(&schedule->ready);
        *until_tsc = now_tsc + schedule->slot_ticks;
        return SCHEDULE_RUN;
    }
    if (sleeper) {
        *until_tsc = sleeper->wake_tsc;
        return SCHEDULE_IDLE;
    }
    return SCHEDULE_OVER;
}
