/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O permission map (APM vol. 2, "IOIO Intercept"): one bit a port, set means
 * intercepted: it begins as all ones. 12 KiB, as an access may run past port 0xffff. Pure.
 */
#pragma once

#include "hv/lib/reach.h"

#define IOPM_BYTES (3 * PAGE_BYTES)

/* Lets the guest reach `count` ports from `first` without an exit. */
void iopm_pass(uint8_t iopm[IOPM_BYTES], uint16_t first, unsigned count);

/* Whether an access of one byte to `port` exits. */
bool iopm_intercepts(const uint8_t iopm[IOPM_BYTES], uint32_t port);

/*
 * The lowest run of ports at `from` or above that do not exit; false when there is none. Every bit of the map
 * counts: those of the third page appear as ports from 0x10000.
 */
bool iopm_next(const uint8_t iopm[IOPM_BYTES], uint32_t from, struct reach *run);
