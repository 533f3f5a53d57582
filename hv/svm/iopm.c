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

bool iopm_next(const uint8_t iopm[IOPM_BYTES], uint32_t from, struct reach *run) {
    uint64_t passed; /* a bit a port, from the lowest */

    while (from < BITS && !(passed = ~load(iopm + from / 64 * 8UL, 8) >> from % 64))
        from = (from | 63) + 1;
    if (from >= BITS)
        return false;
    from += (uint32_t)__builtin_ctzll(passed);
    *run = (struct reach){from, from, from, REACH_READ | REACH_WRITE};
    while (run->last + 1 < BITS && !iopm_intercepts(iopm, (uint32_t)run->last + 1))
        run->last++;
    return true;
}
