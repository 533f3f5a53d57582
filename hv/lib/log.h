/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own words, and partitions' lines: whole lines only, so that those
 * of several processors never mix.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 640 /* characters; the rest of a longer line is cut */

/*
 * Takes whole lines, each with its newline; returns the position of their end in the output. Whoever links this
 * library says where that is: boot/main.c.
 */
uint64_t log_write(const char *text, size_t length);

/* A whole line: "shikiri: " in front, a newline behind. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with "error: " or another `kind` of line before the text. */
void log_line_v(const char *kind, const char *format, va_list arguments);

/* The general registers, by their numbers in instructions. */
void log_registers(const uint64_t registers[16]);
