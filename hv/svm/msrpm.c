/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSR permission map: see msrpm.h.
 */
#include "hv/svm/msrpm.h"

#include "hv/lib/string.h"

#define RANGE_MSRS  0x2000u
#define RANGE_BYTES 0x800u /* two bits an MSR */

static const uint32_t range_base[] = {0x00000000, 0xc0000000, 0xc0010000};

/* Number of the MSR's read bit, or -1 when the map does not cover it. */
static int read_bit(uint32_t msr) {
    for (unsigned i = 0; i < ARRAY_LENGTH(range_base); i++)
        if (msr - range_base[i] < RANGE_MSRS)
            return (int)(i * RANGE_BYTES * 8 + (msr - range_base[i]) * 2);
    return -1;
}

void msrpm_init(uint8_t msrpm[MSRPM_BYTES]) {
    memset(msrpm, 0xff, MSRPM_BYTES);
}

bool msrpm_pass(uint8_t msrpm[MSRPM_BYTES], uint32_t msr) {
    int bit = read_bit(msr);

    if (bit < 0)
        return false;
    msrpm[bit / 8] &= (uint8_t) ~(3u << bit % 8);
    return true;
}

bool msrpm_intercepts(const uint8_t msrpm[MSRPM_BYTES], uint32_t msr, bool write) {
    int bit = read_bit(msr);

    return bit < 0 || (msrpm[bit / 8] >> (bit % 8 + (write ? 1 : 0)) & 1);
}
