/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State of one physical processor: its TSS, its stacks and what runs
 * on it. Code that needs it is handed a pointer; FS and GS belong to the guest after
 * a #VMEXIT and are not used to find it.
 */
#pragma once

#include "hv/lib/types.h"

#define SELECTOR_CODE 0x08
#define SELECTOR_TSS  0x20

#define EXCEPTIONS          32 /* vectors 0 to 31 */
#define VECTOR_NMI          2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_TIMER        0xe0
#define VECTOR_WAKE         0xe1
#define VECTOR_SPURIOUS     0xff

#define IST_DOUBLE_FAULT 1

/* APM vol. 2, "64-Bit Task State Segment". */
struct __attribute__((packed)) tss {
    uint8_t reserved_000[0x01c]; /* and stacks of privilege levels that are never entered */
    uint64_t ist[8];             /* ist[0] is reserved */
    uint8_t reserved_05c[0x068 - 0x05c];
};
_Static_assert(offsetof(struct tss, ist[1]) == 0x024, "offset of IST1");
_Static_assert(sizeof(struct tss) == 0x068, "size of a 64-bit TSS");

/*
 * Each processor has a piece of the stacks: a guard page, its stack, a guard page, the stack of double
 * faults.
 */
#define CPU_MAX               16
#define CPU_STACKS_BYTES      0x6000
#define CPU_STACK_TOP         0x4000
#define CPU_FAULT_STACK_GUARD 0x4000
#define CPU_FAULT_STACK_TOP   0x6000
extern uint8_t cpu_stacks[CPU_MAX][CPU_STACKS_BYTES];

struct cpu {
    struct tss tss;
    unsigned index;
    uint8_t apic_id;
    uint64_t attend_tsc; /* when its loop looks up from its schedule; others set it to 0 when they ask for something */
    const void *turn_of; /* the vCPU whose time it is, whoever runs in it; NULL while it is nobody's */
    bool has_tsc_aux;
    bool has_ibpb; /* PRED_CMD, which forgets branch predictions */
    uint64_t tsc_khz;
    uint64_t lapic_per_tsc_q32; /* LAPIC timer ticks a TSC tick, 32.32 fixed point; see lapic.h */
    uint64_t slot_end_tsc;      /* what has to be over by then; 0 while the time is the hypervisor's own */
    void *host_save_area;       /* VM_HSAVE_PA, a page */
    uint64_t trace_next;        /* where the next record goes; see trace.h */
};

/* The first is the boot processor's. */
extern struct cpu cpus[CPU_MAX];
extern unsigned cpu_count; /* processors that run */

/* The processor that asks, by the stack it is on. */
struct cpu *cpu_self(void);

/* TSC ticks in `us` microseconds. */
uint64_t cpu_ticks(uint64_t us);

/* The time by the TSC, in periods of a frequency of at most 4 MHz. */
uint64_t cpu_time(uint32_t hz);

/* Fills and loads the TSS of this processor, and loads the common IDT. One after the other. */
void cpu_init(struct cpu *cpu);
