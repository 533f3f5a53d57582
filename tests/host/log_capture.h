/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as text, for tests of what prints.
 */
#pragma once

/* Everything logged from now on is kept. */
void log_capture(void);

/* Asserts that exactly this was logged since log_capture() or the last call, byte by byte. */
void log_expect(const char *text);
