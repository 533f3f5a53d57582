/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256: see sha256.h. Names are those of FIPS 180-4, sections 4.1.2 (functions), 4.2.2
 * (constants), 5.1.1 (padding) and 6.2.2 (the computation of a block).
 */
#include "hv/lib/sha256.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define ROUNDS 64

/* The first 32 bits of the fractional parts of the square roots of the first 8 primes. */
static const struct sha256 H0 = {
    .hash = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
};

/* The same of the cube roots of the first 64 primes. */
static const uint32_t K[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[ROUNDS], const uint8_t *block) {
    for (unsigned t = 0; t < 16; t++, block += 4)
        w[t] = __builtin_bswap32((uint32_t)load(block, 4));
    for (unsigned t = 16; t < ROUNDS; t++) {
        uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;

        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
}

static void hash_block(struct sha256 *sha) {
    uint32_t w[ROUNDS], v[8]; /* v: the standard's a to h */

    schedule(w, sha->block);
    memcpy(v, sha->hash, sizeof(v));
    for (unsigned t = 0; t < ROUNDS; t++) {
        uint32_t sum1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
        uint32_t sum0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
        uint32_t ch = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        uint32_t t1 = v[7] + sum1 + ch + K[t] + w[t];
        uint32_t t2 = sum0 + maj;

        for (unsigned i = 7; i > 0; i--)
            v[i] = v[i - 1];
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++)
        sha->hash[i] += v[i];
}

void sha256_init(struct sha256 *sha) {
    *sha = H0;
}

void sha256_add(struct sha256 *sha, const void *data, size_t size_bytes) {
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size_bytes; i++) {
        sha->block[sha->length_bytes++ % SHA256_BLOCK_BYTES] = bytes[i];
        if (sha->length_bytes % SHA256_BLOCK_BYTES == 0)
            hash_block(sha);
    }
}

void sha256_finish(struct sha256 *sha, char hex[SHA256_HEX_DIGITS + 1]) {
    uint64_t length_bits = __builtin_bswap64(sha->length_bytes * 8);

    sha256_add(sha, "\x80", 1);
    while (sha->length_bytes % SHA256_BLOCK_BYTES != SHA256_BLOCK_BYTES - sizeof(length_bits))
        sha256_add(sha, "", 1);
    sha256_add(sha, &length_bits, sizeof(length_bits));
    for (unsigned i = 0; i < 8; i++)
        hex += format_string(hex, 9, "%08x", sha->hash[i]);
}
