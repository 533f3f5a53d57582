/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1, the hypervisor's own serial port: polled, 115,200 baud, 8N1. What is written
 * goes into a ring, line after line whichever processor wrote it, and is sent from
 * there a byte at a time by whoever has time: the emitter in its own slot, or an idle
 * processor. So neither a slow line nor the end of a slot mixes or delays anything.
 */
#pragma once

#include "hv/lib/types.h"

/* Appends whole lines; returns the position of their end in all that was ever written. */
uint64_t serial_write(const char *text, size_t length);

/* Sends until `position` is reached, newlines as CR LF; false when `until_tsc` came first. 0 is no limit. */
bool serial_send(uint64_t position, uint64_t until_tsc);

/* The position of the end of all that was written so far. */
uint64_t serial_written(void);

/* For panic, when every other processor has stopped: whatever they held is free. */
void serial_seize(void);

/* The next received character, or -1. */
int serial_get(void);
