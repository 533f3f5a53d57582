/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sha256.c against FIPS 180-4's example messages, and at each length where the padding changes.
 */
#include <string.h>

#include "hv/lib/sha256.h"
#include "tests/host/test.h"

#define LENGTH_MAX 1000
#define MILLION    1000000

static void expect(const void *message, size_t length, size_t piece, const char *want) {
    char hex[SHA256_HEX_DIGITS + 1];
    struct sha256 sha;

    sha256_init(&sha);
    for (size_t at = 0; at < length; at += piece)
        sha256_add(&sha, (const char *)message + at, length - at < piece ? length - at : piece);
    sha256_finish(&sha, hex);
    assert_string_equal(hex, want);
}

static void test_standard(void **state) {
    const struct {
        const char *message, *hash;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
         "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        expect(cases[i].message, strlen(cases[i].message), SIZE_MAX, cases[i].hash);
}

static void test_million(void **state) {
    static char message[MILLION];

    (void)state;
    memset(message, 'a', sizeof(message));
    expect(message, sizeof(message), SIZE_MAX, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The hashes are sha256sum's. */
static void test_padding(void **state) {
    const struct {
        size_t length;
        const char *hash;
    } cases[] = {
        {1, "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5"},
        {55, "e7313d333c272e639f790978283f9eb392e843d0f29b7016828bb1daa4aac70b"},
        {56, "4324d65f3c103567f5589c710bc08f8523f929a9272e3af36fc968e52abc6c27"},
        {63, "81c80242132f230c3bd41b3e63bbcff16107339549214a99614ff26664625055"},
        {64, "39e3d7b6b5d075d37d053ad89b24b41bef4f3c29760c84447cab3f3be1882241"},
        {65, "aacca6ff74fdbb296d165a45cecfa04e5127bc008770fbbdd48006f2d2fae95e"},
        {119, "9ce7368e4daf32341631b492e80359dc9f594b48453cd0dd5bf0b19279cc177e"},
        {120, "7836b787757e95e58b3ca5aec90b1b004e8deba1e50e9675af9cabf1a13a04b5"},
        {1000, "1e9bc38cbf860b9ec31918b065f9b52476c549a782e0e7990bed8ce3868d2371"},
    };
    uint8_t message[LENGTH_MAX];

    (void)state;
    for (unsigned i = 0; i < LENGTH_MAX; i++)
        message[i] = (uint8_t)(i * 7 + 3);
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        for (size_t piece = 1; piece <= 130; piece++)
            expect(message, cases[i].length, piece, cases[i].hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard),
        cmocka_unit_test(test_million),
        cmocka_unit_test(test_padding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
