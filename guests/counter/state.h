/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What work_32.S and work_64.S load, change and store: nearly every register a
 * program has. Usable from C and from assembly.
 */
#pragma once

#define STATE_ONES  0x000 /* 1.0 four times */
#define STATE_YMM   0x020
#define STATE_ST    0x220
#define STATE_GPR   0x260
#define STATE_MXCSR 0x2d0
#define STATE_FCW   0x2d4
#define STATE_SPIN  0x2d8 /* times round the loop, a multiple of 8 */
#define STATE_WIDE  0x2dc /* not 0: YMM, else XMM */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Vector and general registers that the work uses. */
#ifdef __x86_64__
#define STATE_VECTORS 16
#define STATE_GPRS    13
#else
#define STATE_VECTORS 8
#define STATE_GPRS    5
#endif

/* Floating-point values are kept as bits: only the assembly uses them as numbers. */
struct state {
    uint64_t ones[4];
    uint64_t ymm[16][4];
    uint64_t st[8];
    uint64_t gpr[14];
    uint32_t mxcsr;
    uint16_t fcw;
    uint32_t spin;
    uint32_t wide;
};
_Static_assert(offsetof(struct state, ymm) == STATE_YMM, "offset of ymm");
_Static_assert(offsetof(struct state, st) == STATE_ST, "offset of st");
_Static_assert(offsetof(struct state, gpr) == STATE_GPR, "offset of gpr");
_Static_assert(offsetof(struct state, mxcsr) == STATE_MXCSR, "offset of mxcsr");
_Static_assert(offsetof(struct state, fcw) == STATE_FCW, "offset of fcw");
_Static_assert(offsetof(struct state, spin) == STATE_SPIN, "offset of spin");
_Static_assert(offsetof(struct state, wide) == STATE_WIDE, "offset of wide");

/* Loads everything, adds for `spin` rounds with everything live, stores everything. */
void work(struct state *state);
#endif
