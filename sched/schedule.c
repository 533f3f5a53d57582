/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two kinds of schedules behind one face: see schedule.h.
 */
#include "sched/schedule.h"

void schedule_start(struct schedule *schedule, uint64_t epoch_tsc) {
    if (schedule->is_cyclic)
        schedule->cyclic.frame_tsc = epoch_tsc;
}

void schedule_add(struct schedule *schedule, struct turn *turn) {
    if (schedule->is_cyclic)
        cyclic_add(turn);
    else
        round_robin_add(&schedule->round_robin, turn);
}

void schedule_wake(struct schedule *schedule, struct turn *turn) {
    if (schedule->is_cyclic)
        turn->wake_tsc = 0;
    else
        round_robin_wake(&schedule->round_robin, turn);
}

void schedule_stop(struct schedule *schedule, struct turn *turn) {
    if (schedule->is_cyclic)
        cyclic_stop(&schedule->cyclic, turn);
    else
        round_robin_stop(&schedule->round_robin, turn);
}

enum schedule_state schedule_next(struct schedule *schedule, uint64_t now_tsc, struct decision *decision) {
    return schedule->is_cyclic ? cyclic_next(&schedule->cyclic, now_tsc, decision)
                               : round_robin_next(&schedule->round_robin, now_tsc, decision);
}

void schedule_return(struct schedule *schedule, const struct decision *decision, enum turn_end end) {
    if (schedule->is_cyclic)
        cyclic_return(&schedule->cyclic, decision, end);
    else
        round_robin_return(&schedule->round_robin, decision, end);
}
