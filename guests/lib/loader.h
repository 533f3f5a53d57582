/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How guests that are loaded as kernels print what their loader tells them, be it by
 * Multiboot or PVH. Each line begins with the guest's name.
 */
#pragma once

#include "guests/lib/lib.h"

static inline const char *loader_string(uint32_t address) {
    return (const char *)(uintptr_t)address;
}

static inline void loader_print_memory(const char *guest, uint64_t base, uint64_t length, uint32_t type) {
    print("%s: memory %llx to %llx type %u\n", guest, (unsigned long long)base, (unsigned long long)(base + length),
          type);
}

/* With the sum of its bytes. */
static inline void loader_print_module(const char *guest, const char *name, uint32_t start, uint32_t size_bytes) {
    uint32_t sum = 0;

    for (uint32_t i = 0; i < size_bytes; i++)
        sum += ((const uint8_t *)(uintptr_t)start)[i];
    print("%s: module %s at %x: %u bytes, sum %u\n", guest, name, start, size_bytes, sum);
}
