/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ticket lock between processors: first come, first served. Held for a few dozen
 * instructions with GIF=0, and never on the exit path.
 */
#pragma once

#include "hv/cpu/x86.h"

struct lock {
    uint32_t next, serving;
};

static inline void lock_take(struct lock *lock) {
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
        x86_pause();
}

static inline void lock_release(struct lock *lock) {
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}
