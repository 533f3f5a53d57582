/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is on one processor, and until when. Times are TSC ticks. Pure: time
 * comes in, decisions come out; every decision takes the same number of steps however
 * many turns there are. The kinds of schedules are round_robin.h and cyclic.h.
 */
#pragma once

#include "sched/cyclic.h"
#include "sched/round_robin.h"
#include "sched/turn.h"

struct schedule {
    bool is_cyclic;
    union {
        struct round_robin round_robin;
        struct cyclic cyclic;
    };
};

/* The first frame starts at `epoch_tsc`. */
void schedule_start(struct schedule *schedule, uint64_t epoch_tsc);

/* A turn takes part from now on. */
void schedule_add(struct schedule *schedule, struct turn *turn);

/* A turn that waits does so no more; nothing changes for any other. */
void schedule_wake(struct schedule *schedule, struct turn *turn);

/* A turn that is not running never takes part again. */
void schedule_stop(struct schedule *schedule, struct turn *turn);

/* What happens from `now_tsc` on. A turn that is to run comes back by schedule_return(). */
enum schedule_state schedule_next(struct schedule *schedule, uint64_t now_tsc, struct decision *decision);

/* What has become of the turn that ran by `decision`. */
void schedule_return(struct schedule *schedule, const struct decision *decision, enum turn_end end);
