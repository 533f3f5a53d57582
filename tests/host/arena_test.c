/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.c: zeroed, aligned, and NULL at the end.
 */
#include <string.h>

#include "hv/lib/arena.h"
#include "tests/host/test.h"

static _Alignas(4096) uint8_t memory[3 * PAGE_BYTES];

static struct arena fresh(size_t from, size_t to) {
    memset(memory, 0xaa, sizeof(memory));
    return (struct arena){.next = memory + from, .end = memory + to};
}

static void test_alloc(void **state) {
    struct arena arena = fresh(1, sizeof(memory));
    uint8_t *byte = arena_alloc(&arena, 1, 1);
    uint8_t *words = arena_alloc(&arena, 24, 8);
    uint8_t *page = arena_alloc(&arena, PAGE_BYTES, PAGE_BYTES);

    (void)state;
    assert_ptr_equal(byte, memory + 1);
    assert_ptr_equal(words, memory + 8);
    assert_ptr_equal(page, memory + PAGE_BYTES);
    assert_int_equal(byte[0], 0);
    for (unsigned i = 0; i < 24; i++)
        assert_int_equal(words[i], 0);
    for (unsigned i = 0; i < PAGE_BYTES; i++)
        assert_int_equal(page[i], 0);
    assert_int_equal(memory[2], 0xaa);
    assert_int_equal(memory[8 + 24], 0xaa);
    assert_int_equal(memory[2 * PAGE_BYTES], 0xaa);
}

static void test_used_up(void **state) {
    struct arena arena = fresh(0, PAGE_BYTES + 100);

    (void)state;
    assert_null(arena_alloc(&arena, PAGE_BYTES + 101, 1));
    assert_null(arena_alloc(&arena, SIZE_MAX, 1));
    assert_non_null(arena_alloc(&arena, 1, 1));
    assert_null(arena_alloc(&arena, 101, PAGE_BYTES));
    assert_null(arena_alloc(&arena, SIZE_MAX - 2, 8)); /* wraps with its padding */
    assert_ptr_equal(arena_alloc(&arena, 100, PAGE_BYTES), memory + PAGE_BYTES);
    assert_null(arena_alloc(&arena, 1, 1));
    assert_null(arena_alloc(&arena, 1, 2 * PAGE_BYTES));
    assert_non_null(arena_alloc(&arena, 0, 1));
    assert_int_equal(memory[PAGE_BYTES + 100], 0xaa);
}

static void test_string(void **state) {
    struct arena arena = fresh(0, 8);
    char text[] = "four";
    const char *copy = arena_string(&arena, text);

    (void)state;
    text[0] = 'x';
    assert_string_equal(copy, "four");
    assert_null(arena_string(&arena, "abc"));
    assert_string_equal(arena_string(&arena, "ab"), "ab");
    assert_null(arena_string(&arena, ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_used_up),
        cmocka_unit_test(test_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
