/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cyclic schedules (ARINC 653, "Partition Scheduling"): a major frame that repeats, with
 * a slot at fixed offsets for each turn. A slot starts at its offset whatever happened
 * before, and is never shortened; what its turn does not use goes to the slot's
 * background, or to nobody. There may be several plans for the frame; which one is in
 * force changes at the start of a frame, in the same one on every processor.
 */
#pragma once

#include "sched/turn.h"

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
    const struct plan *plans;
    struct agreement *agreement;
    uint64_t frame_ticks;
    unsigned living; /* turns that have not stopped, though maybe not started yet */

    uint64_t frame;     /* number of the current frame */
    uint64_t frame_tsc; /* its start */
    const struct plan *plan;
    unsigned slot;   /* the current one, or the next */
    bool begun;      /* it has had its first decision */
    uint64_t missed; /* slots of which nothing was left when their time was looked at */
};

/* Frame 0 has plan 0; `living` turns take part. When it starts, frame_tsc has to be set. */
void cyclic_init(struct cyclic *cyclic, const struct plan *plans, struct agreement *agreement, uint64_t frame_ticks,
                 unsigned living);

enum schedule_state cyclic_next(struct cyclic *cyclic, uint64_t now_tsc, struct decision *decision);
void cyclic_return(struct cyclic *cyclic, const struct decision *decision, enum turn_end end);

/* A turn that was absent takes its slots from now on, one that is not running never again. */
void cyclic_add(struct turn *turn);
void cyclic_stop(struct cyclic *cyclic, struct turn *turn);

/* The plan of a frame that begins on one of the processors: the first to begin it decides for all. */
unsigned agreement_plan(struct agreement *agreement, uint64_t frame);
