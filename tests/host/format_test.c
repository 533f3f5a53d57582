/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * format.c: each conversion, flag and width, and cutting.
 */
#include <limits.h>
#include <string.h>

#include "hv/lib/format.h"
#include "hv/lib/types.h"
#include "tests/host/test.h"

#define CHECK(want, ...)                                                                                               \
    do {                                                                                                               \
        char text[128];                                                                                                \
                                                                                                                       \
        assert_int_equal(format_string(text, sizeof(text), __VA_ARGS__), strlen(want));                                \
        assert_string_equal(text, want);                                                                               \
    } while (0)

/* Volatile, as the compiler warns of a NULL that it sees. */
static const char *volatile none;

static void test_conversions(void **state) {
    (void)state;
    CHECK("", "%s", "");
    CHECK("plain", "plain");
    CHECK("100%", "%d%%", 100);
    CHECK("a-text-z", "a-%s-z", "text");
    CHECK("(none)", "%s", none);
    CHECK("0 -1 2147483647 -2147483648", "%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
    CHECK("4294967295 0", "%u %u", UINT_MAX, 0);
    CHECK("0 deadbeef", "%x %x", 0, 0xdeadbeefu);
    CHECK("-9223372036854775808", "%ld", LONG_MIN);
    CHECK("18446744073709551615", "%lu", ULONG_MAX);
    CHECK("ffffffffffffffff", "%lx", ULONG_MAX);
    CHECK("1 2 3", "%lld %llu %zu", 1LL, 2ULL, (size_t)3);
}

static void test_fields(void **state) {
    (void)state;
    CHECK("   42|42   |00042", "%5d|%-5d|%05d", 42, 42, 42);
    CHECK("  ab|ab  |", "%4s|%-4s|", "ab", "ab");
    CHECK("000000ff", "%08x", 255u);
    CHECK("0000000000000001", "%016lx", 1UL);
    CHECK("ab    |", "%-*s|", 6, "ab");
    CHECK("    ab|", "%*s|", 6, "ab");
    CHECK("12345", "%3d", 12345);
    CHECK("abcdef", "%2s", "abcdef");
    CHECK("   -7", "%5d", -7);
    CHECK("        10", "%10u", 10u);
}

static void test_cut(void **state) {
    char text[8] = "xxxxxxx";

    (void)state;
    assert_int_equal(format_string(text, 4, "%s", "abcdef"), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(text[4], 'x');
    assert_int_equal(format_string(text, 1, "%d", 5), 0);
    assert_string_equal(text, "");
    assert_int_equal(format_string(text + 4, 0, "%d", 5), 0);
    assert_int_equal(text[4], 'x');
    assert_int_equal(format_string(text, sizeof(text), "%s", "seven77"), 7);
    assert_string_equal(text, "seven77");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
