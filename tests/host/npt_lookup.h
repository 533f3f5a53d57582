/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a guest-physical address leads, and with which rights, by npt_memory(): what is mapped can be read.
 */
#pragma once

#include "hv/svm/npt.h"

static inline bool npt_lookup(const struct npt *npt, gpa_t gpa, hpa_t *hpa, unsigned *rights) {
    const gpa_t beside = GPA(gpa.value ^ 1); /* as the HPA may be 0 */
    const void *neighbour = npt_memory(npt, beside, REACH_READ);

    *hpa = HPA((uintptr_t)neighbour ^ 1);
    *rights = REACH_READ;
    for (unsigned right = REACH_WRITE; right <= REACH_EXECUTE; right <<= 1)
        if (npt_memory(npt, beside, right))
            *rights |= right;
    return neighbour;
}
