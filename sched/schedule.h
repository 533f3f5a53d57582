/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is, and until when: round robin with slots of equal length. A turn
 * that halts gives the rest of its slot away and has its next turn after that slot's
 * end. Times are TSC ticks. Pure: time comes in, decisions come out; every decision
 * takes the same number of steps however many turns there are.
 */
#pragma once

#include "hv/lib/types.h"

struct turn {
    struct turn *next; /* in the queue it is in */
    uint64_t wake_tsc; /* while halted */
};

struct queue {
    struct turn *first, *last;
};

struct schedule {
    uint64_t slot_ticks;
    struct queue ready;
    struct queue halted; /* by wake_tsc: slots end in the order they start */
};

enum schedule_state {
    SCHEDULE_RUN,  /* run *turn until *until_tsc */
    SCHEDULE_IDLE, /* nobody is ready before *until_tsc */
    SCHEDULE_OVER, /* nobody is left */
};

void schedule_init(struct schedule *schedule, uint64_t slot_ticks);

/* A turn that is ready, behind all others. */
void schedule_add(struct schedule *schedule, struct turn *turn);

/* Takes the next turn out of its queue. It comes back by schedule_add() or schedule_halt(), or never. */
enum schedule_state schedule_next(struct schedule *schedule, uint64_t now_tsc, struct turn **turn, uint64_t *until_tsc);

/* The turn gives away the rest of the slot that ends at `slot_end_tsc`. */
void schedule_halt(struct schedule *schedule, struct turn *turn, uint64_t slot_end_tsc);
