/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O permission map: see iopm.h.
 */
#include "hv/svm/iopm.h"

#include "hv/lib/string.h"

void iopm_init(uint8_t iopm[IOPM_BYTES]) {
    memset(iopm, 0xff, IOPM_BYTES);
}

void iopm_pass(uint8_t iopm[IOPM_BYTES], uint16_t first, unsigned count) {
    for (uint32_t port = first; port < (uint32_t)first + count; port++)
        iopm[port / 8] &= (uint8_t) ~(1u << port % 8);
}

bool iopm_intercepts(const uint8_t iopm[IOPM_BYTES], uint32_t port) {
    return iopm[port / 8] >> port % 8 & 1;
}
