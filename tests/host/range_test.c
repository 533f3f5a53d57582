/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * range.h and the helpers of types.h, at their edges.
 */
#include "hv/lib/range.h"
#include "tests/host/test.h"

#define MAX UINT64_MAX

static void test_overlaps(void **state) {
    const struct {
        struct range a, b;
        bool overlaps;
    } cases[] = {
        {{0, 10}, {10, 10}, false},         {{0, 11}, {10, 10}, true},      {{5, 1}, {0, 10}, true},
        {{0, 10}, {0, 10}, true},           {{9, 100}, {0, 10}, true},      {{20, 1}, {0, 10}, false},
        {{5, 0}, {0, 10}, false},           {{0, 0}, {0, 0}, false},        {{MAX - 9, 9}, {0, 5}, false},
        {{MAX - 9, 9}, {MAX - 1, 1}, true}, {{0, MAX}, {MAX - 1, 1}, true},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(range_overlaps(cases[i].a, cases[i].b), cases[i].overlaps);
        assert_int_equal(range_overlaps(cases[i].b, cases[i].a), cases[i].overlaps);
    }
}

static void test_contains(void **state) {
    const struct {
        struct range outer, inner;
        bool contains;
    } cases[] = {
        {{10, 10}, {10, 10}, true},   {{10, 10}, {19, 1}, true},  {{10, 10}, {19, 2}, false},
        {{10, 10}, {9, 2}, false},    {{10, 10}, {20, 1}, false}, {{10, 10}, {0, 100}, false},
        {{10, 10}, {12, MAX}, false}, {{0, MAX}, {5, 10}, true},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(range_contains(cases[i].outer, cases[i].inner), cases[i].contains);
}

static void test_align(void **state) {
    (void)state;
    assert_int_equal(align_up(0, 4096), 0);
    assert_int_equal(align_up(1, 4096), 4096);
    assert_int_equal(align_up(4096, 4096), 4096);
    assert_int_equal(align_up(MAX, 4096), 0);
    assert_int_equal(align_down(4095, 4096), 0);
    assert_int_equal(align_down(8191, 4096), 4096);
    assert_true(is_aligned(0, 4096) && is_aligned(8192, 4096));
    assert_false(is_aligned(8193, 4096) || is_aligned(2048, 4096));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_align),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
