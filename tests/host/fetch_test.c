/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch.c: instructions read through the guest's page tables in every paging mode (APM vol. 2,
 * "Legacy-Mode Page Translation" and "Long-Mode Page Translation").
 * Guest-physical memory is a row of pages from 0, which hold the tables, and pages at wherever a case wants code.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/fetch.h"
#include "tests/host/test.h"

#define ARENA_PAGES 32
#define LOW_PAGES   8 /* guest-physical 0 to 0x7fff */
#define CODE_PAGES  2
#define PRESENT     1
#define LARGE       0x80
#define CACHING     0x18 /* PWT and PCD in CR3 */
#define CODE_64     0x29b
#define CODE_32     0xc9b

static uint8_t *memory; /* the arena, the low pages, the code pages */
static struct arena arena;
static struct common common;
static struct vcpu vcpu;
static struct vmcb vmcb;

static uint8_t *low(uint64_t gpa) {
    return memory + ARENA_PAGES * PAGE_BYTES + gpa;
}

static uint8_t *code(unsigned page) {
    return low((LOW_PAGES + page) * PAGE_BYTES);
}

static void map(uint64_t gpa, const uint8_t *page) {
    assert_true(
        npt_map(&common.npt, GPA(align_down(gpa, PAGE_BYTES)), PAGE_BYTES, HPA((uintptr_t)page), REACH_EXECUTE));
}

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(PAGE_BYTES, (ARENA_PAGES + LOW_PAGES + CODE_PAGES) * PAGE_BYTES);
    memset(memory, 0, (ARENA_PAGES + LOW_PAGES + CODE_PAGES) * PAGE_BYTES);
    arena = (struct arena){.next = memory, .end = memory + ARENA_PAGES * PAGE_BYTES};
    vmcb = (struct vmcb){0};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common};
    if (!npt_init(&common.npt, &arena, false))
        return -1;
    for (unsigned i = 0; i < LOW_PAGES; i++)
        map(i * PAGE_BYTES, low(i * PAGE_BYTES));
    return 0;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static int remake(void **state) {
    drop(state);
    return make(state);
}

static const struct mode {
    const char *name;
    unsigned levels; /* 0: no paging */
    uint64_t cr4, efer;
    uint16_t attributes;
} none = {"none", 0, 0, 0, CODE_32}, legacy = {"32-bit", 2, CR4_PSE, 0, CODE_32}, pae = {"PAE", 3, CR4_PAE, 0, CODE_32},
  compatibility = {"compatibility", 4, CR4_PAE, EFER_LMA, CODE_32},
  long_4 = {"4 levels", 4, CR4_PAE, EFER_LMA, CODE_64}, long_5 = {"5 levels", 5, CR4_PAE | CR4_LA57, EFER_LMA, CODE_64};

/* Where the table of a level is; PAE's top table has 32 bytes and need not begin a page. */
static uint64_t table_of(const struct mode *mode, unsigned level) {
    return level * PAGE_BYTES + (mode == &pae && level == 3 ? 0x7e0 : 0);
}

static void enter(const struct mode *mode, uint64_t rip) {
    vmcb.save.cr0 = mode->levels ? CR0_PG | CR0_PE : CR0_PE;
    vmcb.save.cr3 = table_of(mode, mode->levels) | CACHING;
    vmcb.save.cr4 = mode->cr4;
    vmcb.save.efer = mode->efer | EFER_SVME;
    vmcb.save.cs.attributes = mode->attributes;
    vmcb.save.rip = rip;
}

/* The entry of `level` for a linear address. */
static uint8_t *entry_of(const struct mode *mode, uint64_t linear, unsigned level) {
    unsigned index_bits = mode == &legacy ? 10 : 9;
    uint64_t index = linear >> (12 + index_bits * (level - 1)) & ((1U << index_bits) - 1);

    return low(table_of(mode, level)) + index * (mode == &legacy ? 4 : 8);
}

/* The guest's tables lead from `linear` to the page or large page at `base`, by an entry of `last` level. */
static void translate_to(const struct mode *mode, uint64_t linear, uint64_t base, unsigned last) {
    for (unsigned level = mode->levels; level >= last && level > 0; level--) {
        uint64_t entry = (level > last ? table_of(mode, level - 1) : base | (last > 1 ? LARGE : 0)) | PRESENT;

        memcpy(entry_of(mode, linear, level), &entry, mode == &legacy ? 4 : 8);
    }
}

static const struct walk {
    const struct mode *mode;
    unsigned last; /* level of the entry that ends the walk */
    uint64_t linear, base, offset;
} walks[] = {
    {&none, 0, 0x7654321, 0, 0x7654321},
    {&legacy, 1, 0xc0123456, 0x89abc000, 0x456},
    {&legacy, 2, 0xc0523456, 0x00c00000, 0x123456},
    {&legacy, 2, 0xfffffff0, 0xffc00000, 0x3ffff0},
    {&pae, 1, 0xc0123456, 0x1289abc000, 0x456},
    {&pae, 2, 0xc0523456, 0x1200a00000, 0x123456},
    {&compatibility, 1, 0xc0123456, 0x1289abc000, 0x456},
    {&long_4, 1, 0xffff812345678123, 0x1289abc000, 0x123},
    {&long_4, 2, 0xffff812345678123, 0x1200a00000, 0x78123},
    {&long_4, 3, 0xffff812345678123, 0x1240000000, 0x5678123},
    {&long_4, 1, 0x00007ffffffff123, 0x7000000000, 0x123},
    {&long_5, 1, 0x0081812345678123, 0x1289abc000, 0x123},
    {&long_5, 3, 0x0081812345678123, 0x1240000000, 0x5678123},
};

static void prepare(const struct walk *walk) {
    enter(walk->mode, walk->linear);
    translate_to(walk->mode, walk->linear, walk->base, walk->last);
    map(walk->base + walk->offset, code(0));
    memcpy(code(0) + walk->offset % PAGE_BYTES, "\x0f\x22\xc0", 3);
}

static void test_walks(void **state) {
    for (const struct walk *walk = walks; walk < walks + ARRAY_LENGTH(walks); walk++) {
        uint8_t bytes[3] = {0};

        assert_int_equal(remake(state), 0);
        prepare(walk);
        if (fetch(&vcpu, bytes, sizeof(bytes)) != sizeof(bytes) || memcmp(bytes, "\x0f\x22\xc0", 3) != 0)
            fail_msg("%s, level %u: found %02x %02x %02x at 0x%lx, want 0f 22 c0", walk->mode->name, walk->last,
                     bytes[0], bytes[1], bytes[2], walk->linear);
    }
}

/* An entry that is not present, at any level, ends it. */
static void test_not_present(void **state) {
    for (const struct walk *walk = walks; walk < walks + ARRAY_LENGTH(walks); walk++) {
        for (unsigned level = walk->last; level <= walk->mode->levels && level > 0; level++) {
            uint8_t byte;

            assert_int_equal(remake(state), 0);
            prepare(walk);
            *entry_of(walk->mode, walk->linear, level) &= (uint8_t)~PRESENT;
            if (fetch(&vcpu, &byte, 1))
                fail_msg("%s: found a byte without the entry of level %u", walk->mode->name, level);
        }
    }
}

/* Tables and code outside the windows: nothing is read there, wherever it may be in the machine. */
static void test_outside_windows(void **state) {
    uint8_t byte;

    for (const struct walk *walk = walks; walk < walks + ARRAY_LENGTH(walks); walk++) {
        assert_int_equal(remake(state), 0);
        enter(walk->mode, walk->linear);
        translate_to(walk->mode, walk->linear, walk->base, walk->last);
        assert_int_equal(fetch(&vcpu, &byte, 1), 0);
    }
    assert_int_equal(remake(state), 0);
    prepare(&walks[ARRAY_LENGTH(walks) - 1]);
    vmcb.save.cr3 = LOW_PAGES * PAGE_BYTES;
    assert_int_equal(fetch(&vcpu, &byte, 1), 0);
    vmcb.save.cr3 = 0x000ffffffffff000;
    assert_int_equal(fetch(&vcpu, &byte, 1), 0);
}

/* Two bytes in one page and the rest in another that lies elsewhere, or nowhere. */
static void test_page_boundary(void **state) {
    static const struct mode *const modes[] = {&legacy, &pae, &compatibility, &long_4, &long_5};
    uint8_t bytes[4];

    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        assert_int_equal(remake(state), 0);
        enter(modes[i], 0x401ffe);
        translate_to(modes[i], 0x401ffe, 0x9000, 1);
        translate_to(modes[i], 0x402000, 0x20000, 1);
        map(0x9000, code(0));
        memcpy(code(0) + 0xffe, "\x44\x0f", 2);
        assert_int_equal(fetch(&vcpu, bytes, 2), 2);
        assert_int_equal(fetch(&vcpu, bytes, 3), 2);
        map(0x20000, code(1));
        memcpy(code(1), "\x22\xc7", 2);
        assert_int_equal(fetch(&vcpu, bytes, 4), 4);
        assert_memory_equal(bytes, "\x44\x0f\x22\xc7", 4);
    }
}

/* Outside 64-bit mode CS has a base, and addresses are of 32 bits. */
static void test_segment_base(void **state) {
    uint8_t bytes[2];

    (void)state;
    map(0xf1234000, code(0));
    memcpy(code(0) + 0x567, "ab", 2);
    enter(&none, 0x567);
    vmcb.save.cs.base = 0xf1234000;
    assert_int_equal(fetch(&vcpu, bytes, 2), 2);
    assert_memory_equal(bytes, "ab", 2);
    map(0, low(0));
    memcpy(low(0x10), "cd", 2);
    enter(&none, 0x0edcc010);
    assert_int_equal(fetch(&vcpu, bytes, 2), 2);
    assert_memory_equal(bytes, "cd", 2);
    enter(&long_4, 0x3456);
    translate_to(&long_4, 0x3456, 0x3000, 1);
    memcpy(low(0x3456), "ef", 2);
    assert_int_equal(fetch(&vcpu, bytes, 2), 2); /* the base does not count */
    assert_memory_equal(bytes, "ef", 2);
}

/* Bit 7 of a page directory entry means nothing while CR4.PSE is 0. */
static void test_no_large_pages(void **state) {
    uint8_t byte;

    (void)state;
    enter(&legacy, 0x456);
    vmcb.save.cr4 = 0;
    translate_to(&legacy, 0x456, 0x9000, 1);
    *entry_of(&legacy, 0x456, 2) |= LARGE;
    map(0x9000, code(0));
    code(0)[0x456] = 0x5a;
    assert_int_equal(fetch(&vcpu, &byte, 1), 1);
    assert_int_equal(byte, 0x5a);
}

/* PSE-36: bits 13 to 20 of a 4 MiB page's entry are bits 32 to 39 of its address. */
static void test_pse_36(void **state) {
    uint8_t byte;

    (void)state;
    enter(&legacy, 0x00401234);
    translate_to(&legacy, 0x00401234, 0x00800000 | 0x7d << 13, 2);
    map(0x7d00801000, code(0));
    code(0)[0x234] = 0x5a;
    assert_int_equal(fetch(&vcpu, &byte, 1), 1);
    assert_int_equal(byte, 0x5a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_walks, make, drop),
        cmocka_unit_test_setup_teardown(test_not_present, make, drop),
        cmocka_unit_test_setup_teardown(test_outside_windows, make, drop),
        cmocka_unit_test_setup_teardown(test_page_boundary, make, drop),
        cmocka_unit_test_setup_teardown(test_segment_base, make, drop),
        cmocka_unit_test_setup_teardown(test_no_large_pages, make, drop),
        cmocka_unit_test_setup_teardown(test_pse_36, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
