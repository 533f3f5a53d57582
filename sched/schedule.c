/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two kinds of schedules behind one face: see schedule.h. What a frame has to know of a
 * turn stands in the turn; a round robin has it in a queue as well. In a frame those queues are empty.
 */
#include "sched/schedule.h"

void schedule_wake(struct schedule *schedule, struct turn *turn) {
    if (turn->wake_tsc == 0)
        return;
    round_robin_take(&schedule->round_robin, turn);
    turn->wake_tsc = 0;
    if (!schedule->is_cyclic)
        round_robin_put(&schedule->round_robin, turn);
}

void schedule_halt(struct schedule *schedule, struct turn *turn) {
    round_robin_take(&schedule->round_robin, turn);
    turn->wake_tsc = TURN_NEVER;
}

void schedule_stop(struct schedule *schedule, struct turn *turn) {
    schedule_halt(schedule, turn);
    schedule->living--;
}

void schedule_return(struct schedule *schedule, const struct decision *decision, enum turn_end end) {
    if (end == TURN_STOPS)
        schedule_stop(schedule, decision->turn);
    else if (!schedule->is_cyclic)
        round_robin_put(&schedule->round_robin, decision->turn);
    else if (end == TURN_YIELDS)
        decision->turn->wake_tsc = decision->until_tsc;
}
