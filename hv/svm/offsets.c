/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets of struct members and constants for assembly. Compiled to assembly only; the Makefile
 * turns the marked lines into offsets.h.
 */
#include "hv/cpu/trace.h"
#include "hv/svm/vmrun.h"

#define OFFSET(name, type, member) __asm__ volatile("\n#define " #name " %c0" ::"i"(offsetof(type, member)))
#define CONSTANT(name)             __asm__ volatile("\n#define " #name " %c0" ::"i"(name))

void offsets(void);
void offsets(void) {
    OFFSET(GUEST_REGISTERS, struct guest, registers);
    OFFSET(GUEST_VMCB_PA, struct guest, vmcb_pa);
    OFFSET(GUEST_CPU, struct guest, cpu);
    OFFSET(GUEST_COST, struct guest, cost);
    OFFSET(COST_TAG, struct exit_cost, tag);
    OFFSET(COST_MAX_TICKS, struct exit_cost, max_ticks);
    OFFSET(COST_COUNTS, struct exit_cost, counts);
    OFFSET(CPU_TRACE_NEXT, struct cpu, trace_next);
    CONSTANT(TRACE_RECORD_BYTES);
    CONSTANT(CPU_STACK_TOP);
}
