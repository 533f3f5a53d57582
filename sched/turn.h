/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kinds of schedules have in common: turns, and decisions about them.
 */
#pragma once

#include "hv/lib/types.h"

/* One that takes turns on a processor. Its fields are its schedule's. */
struct turn {
    struct turn *next; /* round robin: in the queue it is in */
    uint64_t wake_tsc; /* it does not run before; 0 while it does not wait */
    bool absent;       /* cyclic: has not started yet, or stopped for ever */
};

enum schedule_state {
    SCHEDULE_RUN,  /* run the turn until its end */
    SCHEDULE_IDLE, /* nobody may run before `until_tsc` */
    SCHEDULE_OVER, /* nobody is left */
};

struct decision {
    struct turn *turn;
    struct turn *owner; /* whose time it is */
    uint64_t until_tsc;
    uint64_t due_tsc; /* cyclic: the first turn of a slot starts no earlier and is measured by it; else 0 */
};

/* How a run ended. */
enum turn_end {
    TURN_SPENT,  /* at its end, or by chance before */
    TURN_YIELDS, /* it gives the rest of its time away */
    TURN_HALTS,  /* it waits: until its wake_tsc, which is set, or schedule_wake() */
    TURN_STOPS,  /* it never runs again */
};
