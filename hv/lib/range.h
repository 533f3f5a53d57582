/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Half-open ranges of 64-bit addresses given as base and size. None of these
 * wraps: a range may end at 2^64 at most.
 */
#pragma once

#include "hv/lib/types.h"

struct range {
    uint64_t base;
    uint64_t size_bytes;
};

static inline uint64_t range_end(struct range r) {
    return r.base + r.size_bytes;
}

static inline bool range_overlaps(struct range a, struct range b) {
    bool a_starts_in_b = a.base - b.base < b.size_bytes;
    bool b_starts_in_a = b.base - a.base < a.size_bytes;

    return a.size_bytes != 0 && b.size_bytes != 0 && (a_starts_in_b || b_starts_in_a);
}

/* Whether `inner` lies wholly inside `outer`; both are valid ranges. */
static inline bool range_contains(struct range outer, struct range inner) {
    uint64_t offset = inner.base - outer.base;

    return offset < outer.size_bytes && inner.size_bytes <= outer.size_bytes - offset;
}
