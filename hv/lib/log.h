/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own words. Where they go is set once, by boot/main.c.
 */
#pragma once

typedef void log_put_fn(char c);

/* Everything printed from now on goes to `put`. */
void log_set_sink(log_put_fn *put);

/* One character, for those that format themselves (the console multiplexer). */
void log_put(char c);

/* Formatted text as it is. */
void log_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A whole line: "shikiri: " in front, a newline behind. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
