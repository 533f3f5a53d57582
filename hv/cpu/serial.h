/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1, the hypervisor's own serial port: polled, 115,200 baud, 8N1.
 */
#pragma once

/* Sends one character, a newline as CR LF; waits for room, but not for ever. */
void serial_put(char c);

/* The next received character, or -1. */
int serial_get(void);
