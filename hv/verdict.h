/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an exit comes to. hv/ and its devices answer with one of these; what it
 * means for the schedule is decided in sched/loop.c alone.
 */
#pragma once

enum verdict {
    VERDICT_RESUME,   /* go on in the guest */
    VERDICT_PREEMPT,  /* a physical interrupt was taken: look at the time */
    VERDICT_YIELD,    /* the guest gives the rest of its slot away */
    VERDICT_HALT,     /* the same, until something happens */
    VERDICT_SHUTDOWN, /* the guest ended itself */
    VERDICT_RESTART,  /* its partition starts anew */
    VERDICT_FAULT,    /* the guest did what it may not */
};
