/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O permission map: see iopm.h.
 */
#include "hv/svm/iopm.h"

#define BITS (IOPM_BYTES * 8)

void iopm_pass(uint8_t iopm[IOPM_BYTES], uint16_t first, unsigned count) {
    for (uint32_t port = first; port < (uint32_t)first + count; port++)
        iopm[port / 8] &= (uint8_t) ~(1u << port % 8);
}

bool iopm_intercepts(const uint8_t iopm[IOPM_BYTES], uint32_t port) {
    return iopm[port / 8] >> port % 8 & 1;
}

/* The lowest port from `from` on whose bit says `intercepted`, or BITS. Most of a map is all alike: 64 ports at a time.
 */
static uint32_t find(const uint8_t iopm[IOPM_BYTES], uint32_t from, bool intercepted) {
    const uint64_t none = intercepted ? 0 : UINT64_MAX;

    while (from < BITS) {
        if (from % 64 == 0 && load(iopm + from / 8, 8) == none)
            from += 64;
        else if (iopm_intercepts(iopm, from) == intercepted)
            break;
        else
            from++;
    }
    return from;
}

bool iopm_next(const uint8_t iopm[IOPM_BYTES], uint32_t from, struct reach *run) {
    uint32_t first = find(iopm, from, false);

    *run = (struct reach){first, find(iopm, first, true) - 1, first, REACH_READ | REACH_WRITE};
    return first < BITS;
}
