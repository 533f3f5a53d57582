/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of everything, for bugs of ours alone. Nothing a guest or a configuration
 * does gets here.
 */
#pragma once

#include "hv/lib/types.h"

/* Prints the message, the caller's backtrace with symbols, and stops the machine. */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);

/* The two halves of it, for those that print something between them. */
__attribute__((format(printf, 1, 2))) void panic_begin(const char *format, ...);
__attribute__((noreturn)) void panic_end(uint64_t rip, uint64_t rbp);
