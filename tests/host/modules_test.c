/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modules.c: wherever a loader has put the modules, they arrive whole in the block at the end of RAM.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/multiboot.h"
#include "tests/host/test.h"

#define PAGES  64
#define ROUNDS 2000

static uint8_t ram[PAGES * PAGE_BYTES] __attribute__((aligned(4096)));
static struct boot_info boot;

static uint8_t content(unsigned module, uint64_t at) {
    return (uint8_t)(module * 37 + at * 11 + at / 251);
}

static void put_module(unsigned page, uint64_t size_bytes) {
    unsigned number = boot.module_count++;

    boot.modules[number] = (struct image_file){"", ram + page * PAGE_BYTES, size_bytes};
    for (uint64_t at = 0; at < size_bytes; at++)
        ram[page * PAGE_BYTES + at] = content(number, at);
}

static struct range range_of(unsigned module) {
    return (struct range){(uintptr_t)boot.modules[module].data, boot.modules[module].size_bytes};
}

/* Moves them to the end of the first `end_page` pages; nothing else there may be written. */
static void expect_moved(unsigned end_page) {
    uint64_t size_bytes = modules_bytes(&boot);
    struct range block = {(uintptr_t)ram + end_page * PAGE_BYTES - size_bytes, size_bytes};

    modules_move(&boot, block);
    for (unsigned i = 0; i < boot.module_count; i++) {
        struct range module = range_of(i);

        assert_true(module.size_bytes == 0 || range_contains(block, module));
        assert_true(is_aligned(module.base, PAGE_BYTES));
        for (unsigned j = 0; j < i; j++)
            assert_false(range_overlaps(module, range_of(j)));
        for (uint64_t at = 0; at < module.size_bytes; at++)
            if (((uint8_t *)module.base)[at] != content(i, at))
                fail_msg("module %u is damaged at 0x%lx", i, at);
    }
}

static void test_none(void **state) {
    (void)state;
    boot.module_count = 0;
    assert_int_equal(modules_bytes(&boot), 0);
    expect_moved(PAGES);
}

/* The case that QEMU and GRUB make: one behind the other, low. */
static void test_low(void **state) {
    (void)state;
    boot.module_count = 0;
    put_module(1, 3 * PAGE_BYTES + 5);
    put_module(5, 1);
    put_module(6, PAGE_BYTES);
    assert_int_equal(modules_bytes(&boot), 6 * PAGE_BYTES);
    expect_moved(PAGES);
}

static void test_in_place(void **state) {
    (void)state;
    boot.module_count = 0;
    put_module(PAGES - 3, 2 * PAGE_BYTES);
    put_module(PAGES - 1, PAGE_BYTES);
    expect_moved(PAGES);
    assert_ptr_equal(boot.modules[0].data, ram + (PAGES - 3) * PAGE_BYTES);
}

/* Below, across and above the block, in any order, with and without gaps. */
static void test_any(void **state) {
    (void)state;
    srand(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned end_page = PAGES / 2 + (unsigned)rand() % (PAGES / 2 + 1);
        unsigned used = 0;

        boot.module_count = 0;
        for (unsigned page = 0; page < PAGES && boot.module_count < 12;) {
            unsigned pages = (unsigned)rand() % 4;
            uint64_t size_bytes = pages ? pages * PAGE_BYTES - (unsigned)rand() % PAGE_BYTES : 0;
            bool across = page < end_page && page + pages > end_page;

            if (!across && page + pages <= PAGES && used + pages <= end_page) {
                put_module(page, size_bytes);
                used += pages;
            }
            page += pages + (unsigned)rand() % 6;
        }
        for (unsigned i = boot.module_count; i > 1; i--) { /* loaders have orders of their own */
            unsigned other = (unsigned)rand() % i;
            struct range one = range_of(i - 1), two = range_of(other);
            uint8_t keep[4 * PAGE_BYTES];

            if (one.size_bytes != two.size_bytes)
                continue;
            memcpy(keep, (void *)one.base, one.size_bytes);
            memcpy((void *)one.base, (void *)two.base, one.size_bytes);
            memcpy((void *)two.base, keep, one.size_bytes);
            boot.modules[i - 1].data = (void *)two.base;
            boot.modules[other].data = (void *)one.base;
        }
        expect_moved(end_page);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_low),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
