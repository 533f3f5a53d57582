/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ticket lock between processors: first come, first served. Held with GIF=0, for the
 * copying of a line; longer only when the ring behind it is full.
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
