/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is on one processor, and until when. Times are TSC ticks. Pure: time
 * comes in, decisions come out; every decision takes the same number of steps however
 * many turns there are.
 *
 * Round robin has slots of equal length. A turn that halts gives the rest of its slot
 * away and stands in line again when it wakes.
 *
 * A cyclic schedule (ARINC 653, "Partition Scheduling") is a major frame that repeats, with
 * a slot at fixed offsets for each turn. A slot starts at its offset whatever happened
 * before, and is never shortened; what its turn does not use goes to the slot's
 * background, or to nobody. There may be several plans for the frame; which one is in
 * force changes at the start of a frame, in the same one on every processor.
 */
#pragma once

#include "hv/lib/types.h"

/* One that takes turns on a processor. */
struct turn {
    struct turn *next; /* round robin: in the queue it is in */
    uint64_t wake_tsc; /* it does not run before: 0 while it does not wait, TURN_NEVER unless it takes part */
};

#define TURN_NEVER UINT64_MAX

struct decision {
    struct turn *turn;  /* runs until `until_tsc`; NULL: nobody may run before */
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

struct round_robin {
    uint64_t slot_ticks;
    struct queue {
        struct turn *first, *last;
    } ready, halted; /* by wake_tsc */
};

struct slot {
    uint64_t offset_ticks, end_ticks; /* from the frame's start */
    uint64_t start_ticks;             /* from its offset until it starts: time for the switch, and padding */
    struct turn *turn;
    struct turn *background; /* or NULL */
};

struct plan {
    const struct slot *slots; /* by offset, without overlaps, inside the frame */
    unsigned slot_count;
};

/* The plan in force, agreed on by all processors without waiting for each other. */
struct agreement {
    uint64_t frame_and_plans; /* the last frame that began somewhere, the plan before it, its plan: 48, 8, 8 bits */
    unsigned wanted;          /* from the next frame on */
};

struct cyclic {
    uint64_t frame_ticks;
    const struct plan *plans;
    const struct plan *plan; /* the one in force; that of frame 0 is the first */
    struct agreement *agreement;

    uint64_t frame;     /* number of the current frame */
    uint64_t frame_tsc; /* its start; that of frame 0 has to be set */
    unsigned slot;      /* the current one, or the next */
    bool begun;         /* it has had its first decision */
    uint64_t missed;    /* slots of which nothing was left when their time was looked at */
};

struct schedule {
    bool is_cyclic;
    unsigned living; /* turns that have not stopped, though maybe not started yet */
    struct round_robin round_robin;
    struct cyclic cyclic;
};

/* A turn that waits, or takes no part yet, does so no more; nothing changes for any other. */
void schedule_wake(struct schedule *schedule, struct turn *turn);

/* One that is not running waits until it is woken. */
void schedule_halt(struct schedule *schedule, struct turn *turn);

/* The same for ever. */
void schedule_stop(struct schedule *schedule, struct turn *turn);

/* What has become of the turn that ran by `decision`. */
void schedule_return(struct schedule *schedule, const struct decision *decision, enum turn_end end);

/* Of the two kinds; a turn is in the queue that its wake_tsc says, or in none. */
struct decision cyclic_next(struct cyclic *cyclic, uint64_t now_tsc);
struct decision round_robin_next(struct round_robin *robin, uint64_t now_tsc);
void round_robin_put(struct round_robin *robin, struct turn *turn);
void round_robin_take(struct round_robin *robin, struct turn *turn);

/* What happens from `now_tsc` on, while somebody lives. A turn that is to run comes back by schedule_return(). */
static inline struct decision schedule_next(struct schedule *schedule, uint64_t now_tsc) {
    return schedule->is_cyclic ? cyclic_next(&schedule->cyclic, now_tsc)
                               : round_robin_next(&schedule->round_robin, now_tsc);
}

/* The plan of a frame that begins on one of the processors: the first to begin it decides for all. */
unsigned agreement_plan(struct agreement *agreement, uint64_t frame);
