/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as text, for tests of what prints.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Everything logged from now on is kept. */
void log_capture(void);

/* Everything logged from now on goes to `fn`, which answers for log_write(). */
typedef uint64_t log_take_fn(const char *text, size_t size_bytes);
void log_capture_by(log_take_fn *fn);

/* Asserts that exactly this was logged since log_capture() or the last call, byte by byte. */
void log_expect(const char *text);
