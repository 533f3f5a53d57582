/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that may fault: TRY() runs one and tells the exception's vector, or
 * NOTHING. The handlers are in try_64.S.
 */
#pragma once

#include "guests/lib/x86.h"

#define NOTHING   0xff
#define VECTOR_DB 1
#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_AC 17

extern volatile uint32_t try_caught;
extern void *volatile try_rip;    /* where the exception was */
extern void *volatile try_resume; /* behind the instruction */

/* Loads an IDT with handlers for these, and the gate by which ring 3 comes back (user.h). */
void try_init(void);

#define TRY(instruction, ...)                                                                                          \
    ({                                                                                                                 \
        try_caught = NOTHING;                                                                                          \
        __asm__ volatile("movq $1f, try_resume\n\t" instruction "\n1:" ::__VA_ARGS__ : "rbx", "memory");               \
        try_caught;                                                                                                    \
    })
