/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own exceptions and interrupts (APM vol. 2, "Exceptions and
 * Interrupts"). An exception is a bug of ours and ends in panic; the interrupts
 * with a meaning are the LAPIC timer's and another processor's VECTOR_WAKE, and they
 * only need their EOI, as the #VMEXIT has already done the work. Any other is the
 * firmware's or the hardware's and gets the same; NMIs are counted.
 */
#pragma once

#include "hv/lib/types.h"

/* What trap.S leaves on the stack. */
struct trap_frame {
    uint64_t registers[16]; /* by their numbers in instructions */
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

extern uint64_t trap_nmi_count;
extern bool trap_nmi_stops; /* from now on an NMI halts its processor for ever */

/* Fills the IDT. Once; boot/entry.S has masked the 8259A pair, whose interrupts nobody uses. */
void trap_init(void);

/* Of the IDT, for each processor to load. */
extern const struct table_register trap_idt;

/*
 * From now on TR may be a guest's: no exception takes its stack from a TSS any more. What is lost is
 * the report of a stack overflow, as a double fault then finds no stack and the machine resets.
 */
void trap_leave_tss(void);

/* Called by trap.S. */
__attribute__((noreturn)) void trap_exception(const struct trap_frame *frame);
