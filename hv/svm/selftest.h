/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the processor's SVM really does, found out by running two tiny guests at boot.
 */
#pragma once

#include "hv/lib/arena.h"
#include "hv/svm/svm.h"

struct selftest {
    bool npt_in_force;            /* also while the guest's own paging is off */
    enum svm_injection injection; /* how an interrupt is delivered exactly once to a guest with IF=1 */
};

/* Runs the guests on this processor, in memory borrowed from `arena`. False when there is too little. */
bool selftest_run(struct selftest *result, struct cpu *cpu, const struct arena *arena);
