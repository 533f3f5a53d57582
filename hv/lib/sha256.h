/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 (FIPS 180-4), a piece of the message at a time.
 */
#pragma once

#include "hv/lib/types.h"

#define SHA256_BLOCK_BYTES 64
#define SHA256_HEX_DIGITS  64

struct sha256 {
    uint32_t hash[8];
    uint8_t block[SHA256_BLOCK_BYTES]; /* what came since the last whole block */
    uint64_t length_bytes;             /* of the message so far */
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *data, size_t size_bytes);

/* The hash as sha256sum prints it, with a final zero. Nothing can be added afterwards. */
void sha256_finish(struct sha256 *sha, char hex[SHA256_HEX_DIGITS + 1]);
