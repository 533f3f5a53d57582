/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power off and reset: see power.h.
 */
#include "hv/dev/power.h"

#define SLEEP      0x20
#define TYPE_SHIFT 2
#define TYPE_MASK  7

uint8_t power_read(void *device, unsigned offset) {
    return 0;
}

enum verdict power_write(void *device, unsigned offset, uint8_t value) {
    if (offset == POWER_CONTROL && (value & SLEEP) && (value >> TYPE_SHIFT & TYPE_MASK) == POWER_TYPE_OFF)
        return VERDICT_SHUTDOWN;
    return offset == POWER_RESET && value == POWER_RESTARTS ? VERDICT_RESTART : VERDICT_RESUME;
}
