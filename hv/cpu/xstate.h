/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FPU's and all other state that XSAVE covers, and XCR0. On processors without
 * XSAVE it is what FXSAVE covers. The hypervisor itself uses none of it.
 */
#pragma once

#include "hv/lib/arena.h"

#define XCR0_X87 (1ULL << 0)
#define XCR0_SSE (1ULL << 1)
#define XCR0_AVX (1ULL << 2)

/* Finds out what this processor has and enables all of it. */
void xstate_init(void);

/* A save area; NULL when the arena is used up. */
void *xstate_alloc(struct arena *arena);

/* The state after reset, in an area. */
void xstate_reset(void *area);

/* Saves everything; returns XCR0 as the guest had it. */
uint64_t xstate_save(void *area);

/* Loads everything, then the guest's XCR0. */
void xstate_load(const void *area, uint64_t xcr0);

/* The components a guest may switch on in XCR0: x87, SSE, AVX as far as they exist. 0 without XSAVE. */
uint64_t xstate_guest_components(void);

/* Whether a guest may write this to XCR0 (APM vol. 2, "Extended Control Register XCR0"). */
bool xstate_guest_may_set(uint64_t xcr0);
