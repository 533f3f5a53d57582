/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated real-time clock (Motorola MC146818 data sheet) that shows the time of day as UTC, in BCD and with 24
 * hours. It cannot be set and has no alarm; the memory behind its registers is empty.
 */
#pragma once

#include "hv/io.h"

#define CMOS_PORT  0x70 /* index, data */
#define CMOS_PORTS 2

/* After reset all is 0 but the time. */
struct cmos {
    uint64_t (*now_seconds)(void); /* since the start of 1970 */
    uint64_t shown_seconds;
    uint8_t index;
};

io_read_fn cmos_read;
io_write_fn cmos_write;
