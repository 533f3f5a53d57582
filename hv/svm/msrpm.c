/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSR permission map: see msrpm.h.
 */
#include "hv/svm/msrpm.h"

/* The last quarter of the map is reserved; the number is one that no covered MSR has. */
static const uint32_t range_base[] = {0x00000000, 0xc0000000, 0xc0010000, 0xc0020000};

#define RANGE_MSRS    0x2000u
#define SLOTS         (ARRAY_LENGTH(range_base) * RANGE_MSRS) /* pairs of bits in the map */
#define SLOTS_COVERED (SLOTS - RANGE_MSRS)

static uint32_t msr_of(unsigned slot) {
    return range_base[slot / RANGE_MSRS] + slot % RANGE_MSRS;
}

/* The slot of the first MSR of the map that is not below `msr`, or SLOTS. */
static unsigned slot_from(uint32_t msr) {
    for (unsigned range = 0; range < ARRAY_LENGTH(range_base); range++)
        if (msr < range_base[range] + RANGE_MSRS)
            return range * RANGE_MSRS + (msr > range_base[range] ? msr - range_base[range] : 0);
    return SLOTS;
}

bool msrpm_pass(uint8_t msrpm[MSRPM_BYTES], uint32_t msr) {
    unsigned slot = slot_from(msr);

    if (slot >= SLOTS_COVERED || msr_of(slot) != msr)
        return false;
    msrpm[slot / 4] &= (uint8_t) ~(3u << slot % 4 * 2);
    return true;
}

static unsigned rights_of(const uint8_t msrpm[MSRPM_BYTES], unsigned slot) {
    return ~(msrpm[slot / 4] >> slot % 4 * 2) & (REACH_READ | REACH_WRITE);
}

bool msrpm_next(const uint8_t msrpm[MSRPM_BYTES], uint32_t from, struct reach *run) {
    unsigned slot = slot_from(from);

    while (slot < SLOTS && !rights_of(msrpm, slot)) /* most of the map is ones: 32 MSRs at a time */
        slot += slot % 32 == 0 && load(msrpm + slot / 4, 8) == UINT64_MAX ? 32 : 1;
    if (slot == SLOTS)
        return false;
    *run = (struct reach){msr_of(slot), msr_of(slot), msr_of(slot), rights_of(msrpm, slot)};
    while (++slot % RANGE_MSRS != 0 && rights_of(msrpm, slot) == run->rights)
        run->last++;
    return true;
}
