/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round robin with slots of equal length. A turn that halts gives the rest of its slot
 * away and stands in line again when it wakes.
 */
#pragma once

#include "sched/turn.h"

struct queue {
    struct turn *first, *last;
};

struct round_robin {
    uint64_t slot_ticks;
    unsigned living; /* turns that have not stopped, though maybe not been added yet */
    struct queue ready;
    struct queue halted; /* by wake_tsc */
};

/* `living` turns take part, sooner or later. */
void round_robin_init(struct round_robin *robin, uint64_t slot_ticks, unsigned living);

/* A turn that is ready, behind all others. */
void round_robin_add(struct round_robin *robin, struct turn *turn);

/* One that waits stands in line again. */
void round_robin_wake(struct round_robin *robin, struct turn *turn);

/* One that is not running never runs again. */
void round_robin_stop(struct round_robin *robin, struct turn *turn);

/* Takes the next turn out of its queue; round_robin_return() puts it back. */
enum schedule_state round_robin_next(struct round_robin *robin, uint64_t now_tsc, struct decision *decision);
void round_robin_return(struct round_robin *robin, const struct decision *decision, enum turn_end end);
