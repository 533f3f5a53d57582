/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: what each processor did last, in a ring of records that is always written and
 * never emptied. It is read from outside, in memory (docs/trace.md). Records of exits are written by
 * vmrun.S.
 */
#pragma once

#include "hv/cpu/cpu.h"

/* Written when something is over: it began at tsc - ticks. */
struct trace_record {
    uint64_t tsc;     /* 0: never written */
    uint32_t ticks;   /* how long it took, unless the event says otherwise */
    uint16_t event;   /* below TRACE_TURN an exit, by its code */
    uint16_t subject; /* TRACE_SUBJECT */
};
_Static_assert(sizeof(struct trace_record) == 16, "size of a record of the trace");

/* Whom a record is about; there are at most 256 partitions, and as many vCPUs in one as processors. */
#define TRACE_SUBJECT(partition, vcpu) ((uint16_t)((partition) | (vcpu) << 8))

/* A ring is as long as 16 bits reach, and aligned to that. */
#define TRACE_RING_BYTES   0x10000UL
#define TRACE_RECORD_BYTES 16

enum trace_event {
    TRACE_INVALID = 0x7fff,  /* an exit whose code is none */
    TRACE_TURN = 0x8000,     /* the subject's turn starts; ticks: in a frame, how late */
    TRACE_SWITCH = 0x8001,   /* state was switched to the subject's */
    TRACE_IDLE = 0x8002,     /* nobody ran */
    TRACE_INJECT = 0x8003,   /* an exception goes to the subject; ticks: its vector */
    TRACE_FRAME = 0x8004,    /* a frame starts; ticks: its plan */
    TRACE_FAULT = 0x8005,    /* the subject is stopped for it */
    TRACE_TURN_END = 0x8010, /* and how (sched/schedule.h): the subject's turn is over */
};

/* The start of a record's second half. */
static inline uint64_t trace_tag(unsigned event, unsigned subject) {
    return (uint64_t)event << 32 | (uint64_t)subject << 48;
}

/* Of what was over at `tsc` on this processor, which is `cpu`. */
static inline void trace_put(struct cpu *cpu, uint64_t tsc, uint64_t ticks, unsigned event, unsigned subject) {
    struct trace_record *record = (struct trace_record *)cpu->trace_next;

    *record = (struct trace_record){tsc, (uint32_t)ticks, (uint16_t)event, (uint16_t)subject};
    cpu->trace_next = (cpu->trace_next & ~(TRACE_RING_BYTES - 1)) | (uint16_t)(cpu->trace_next + sizeof(*record));
}

/* Gives the processor its ring, which is zeroed, before it runs a guest. */
void trace_init(struct cpu *cpu, void *ring);

/* When frame 0 of the schedules starts, for whoever reads the trace. */
void trace_set_epoch(uint64_t tsc);

/* All of it on the console, when nobody runs any more. */
void trace_print(void);
