/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time of day where it does not matter, the start of 1970, and a time by the TSC that stands still, a second after
 * its start.
 */
#include "hv/cpu/cpu.h"
#include "hv/cpu/rtc.h"

uint64_t rtc_seconds(void) {
    return 0;
}

uint64_t cpu_time(uint32_t hz) {
    return hz;
}
