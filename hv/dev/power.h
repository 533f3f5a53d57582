/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's sleep control, sleep status and reset registers (ACPI Specification 6.4, chapter 4.8.3.7), with which a guest
 * powers itself off, or starts anew.
 */
#pragma once

#include "hv/io.h"

#define POWER_PORT     0x600
#define POWER_CONTROL  0 /* offsets */
#define POWER_STATUS   1
#define POWER_RESET    2
#define POWER_PORTS    3
#define POWER_TYPE_OFF 5    /* SLP_TYP of S5 */
#define POWER_RESTARTS 0x06 /* what the reset register wants */

io_read_fn power_read;
io_write_fn power_write;
