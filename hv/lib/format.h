/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text without a C library. Conversions: %s %d %u %x %%, with the
 * flags `0` and `-`, a width (a number or `*`), and `l`, `ll` or `z` for long values.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

typedef void format_put_fn(void *context, char c);

/* Sends the formatted text to `put`, a character at a time. */
void format_to(format_put_fn *put, void *context, const char *format, va_list arguments);

/* Formats into `buffer`, cut to `size_bytes` with the final zero; returns the length it has. */
size_t format_string(char *buffer, size_t size_bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t format_string_v(char *buffer, size_t size_bytes, const char *format, va_list arguments);
