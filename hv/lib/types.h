/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address types and small helpers that everybody uses. A guest-physical and a
 * host-physical address are different struct types on purpose: passing one for
 * the other does not compile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gpa {
    uint64_t value;
} gpa_t;

typedef struct hpa {
    uint64_t value;
} hpa_t;

#define GPA(v) ((gpa_t){(v)})
#define HPA(v) ((hpa_t){(v)})

#define PAGE_BYTES 4096UL
#define KIB        1024UL
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The next multiple of `unit`, a power of two; wraps to 0 past 2^64. */
static inline uint64_t align_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) & ~(unit - 1);
}

static inline uint64_t align_down(uint64_t value, uint64_t unit) {
    return value & ~(unit - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t unit) {
    return (value & (unit - 1)) == 0;
}

static inline uint64_t lower(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static inline uint64_t higher(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/*
 * The little-endian number of `size_bytes` that begins at `bytes`, wherever that is; store() writes one. Always
 * inlined, as a MOV is all that is left of a constant size.
 */
__attribute__((always_inline)) static inline uint64_t load(const uint8_t *bytes, unsigned size_bytes) {
    uint64_t value = 0;

    __builtin_memcpy(&value, bytes, size_bytes);
    return value;
}

static inline void store(uint8_t *bytes, uint64_t value, unsigned size_bytes) {
    __builtin_memcpy(bytes, &value, size_bytes);
}
