/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run of what a guest reaches: guest-physical addresses, ports or MSRs. The maps and tables of hv/svm are
 * read in this form, and the certificate is written from it.
 */
#pragma once

#include "hv/lib/types.h"

#define REACH_READ    (1u << 0)
#define REACH_WRITE   (1u << 1)
#define REACH_EXECUTE (1u << 2)

struct reach {
    uint64_t first, last;
    uint64_t host;   /* where `first` leads: an HPA; ports and MSRs lead to themselves */
    unsigned rights; /* ports have those to read and to write */
};
