/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's real-time clock (Motorola MC146818 data sheet), taken as UTC in this century.
 */
#pragma once

#include "hv/lib/types.h"

/* Seconds since the start of 1970. A machine without the clock has some other time. */
uint64_t rtc_seconds(void);
