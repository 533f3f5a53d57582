/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of everything, for bugs of ours alone. Nothing a guest or a configuration
 * does gets here.
 */
#pragma once

#include "hv/lib/types.h"

/*
 * Sets both stack protectors' guard: the time, with a zero byte that stops strings. Called by what never returns and
 * so never compares it.
 */
void panic_init(void);

/* Prints the message, the caller's backtrace with symbols, and stops the machine. */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);

/* What goes before and behind the message, for those that have more to say. */
void panic_begin(void);
__attribute__((noreturn)) void panic_end(uint64_t rip, uint64_t rbp);
