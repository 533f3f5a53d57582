/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a SIPI comes to where vcpu.c is not part of the test: nothing.
 */
#include "hv/vcpu.h"

bool vcpu_ask_start(struct vcpu *vcpu, uint64_t entry, uint64_t argument, bool by_sipi) {
    (void)vcpu;
    (void)entry;
    (void)argument;
    (void)by_sipi;
    return false;
}
