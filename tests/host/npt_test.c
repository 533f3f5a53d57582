/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * npt.c: page sizes, rights, what is absent, splitting, a used-up arena, and reading tables back. Entries are
 * checked against APM vol. 2, "Nested Paging" and "Long-Mode Page Translation".
 */
#include <stdlib.h>

#include "hv/svm/npt.h"
#include "tests/host/npt_lookup.h"
#include "tests/host/test.h"

#define PAGES      64
#define PRESENT    (1ULL << 0)
#define WRITABLE   (1ULL << 1)
#define USER       (1ULL << 2)
#define LARGE      (1ULL << 7)
#define NO_EXECUTE (1ULL << 63)
#define ADDRESS    0x000ffffffffff000ULL
#define RW         REACH_WRITE
#define RWX        (REACH_WRITE | REACH_EXECUTE)
#define TERABYTE   (1024 * GIB)

static uint8_t *memory;
static struct arena arena;
static struct npt npt;

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(PAGE_BYTES, PAGES * PAGE_BYTES);
    arena = (struct arena){.next = memory, .end = memory + PAGES * PAGE_BYTES};
    return npt_init(&npt, &arena, true) ? 0 : -1;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

/* A walk by the manual: the entry that ends it and its level, 1 for a 4 KiB page; level 0 when absent. */
static uint64_t walk(uint64_t gpa, int *level) {
    const uint64_t *table = (const uint64_t *)npt.root.value;

    for (*level = 4; *level > 0; (*level)--) {
        uint64_t entry = table[gpa >> (12 + 9 * (*level - 1)) & 511];

        if (!(entry & PRESENT))
            break;
        assert_true(entry & USER);
        if (*level == 1 || (entry & LARGE))
            return entry;
        assert_true(entry & WRITABLE);
        assert_false(entry & NO_EXECUTE);
        table = (const uint64_t *)(entry & ADDRESS);
    }
    *level = 0;
    return 0;
}

static void expect(uint64_t gpa, uint64_t hpa, unsigned rights, int level) {
    uint64_t offset_mask = (1ULL << (12 + 9 * (level - 1))) - 1;
    unsigned found_rights;
    int found_level;
    hpa_t found;
    uint64_t entry = walk(gpa, &found_level);

    assert_int_equal(found_level, level);
    assert_int_equal((entry & ADDRESS & ~offset_mask) | (gpa & offset_mask), hpa);
    assert_int_equal(entry & ADDRESS & offset_mask, 0);
    assert_int_equal(!!(entry & WRITABLE), !!(rights & REACH_WRITE));
    assert_int_equal(!!(entry & NO_EXECUTE), !(rights & REACH_EXECUTE));
    assert_int_equal(!!(entry & LARGE), level > 1);
    assert_true(npt_lookup(&npt, GPA(gpa), &found, &found_rights));
    assert_int_equal(found.value, hpa);
    assert_int_equal(found_rights, rights | REACH_READ);
}

static void expect_absent(uint64_t gpa) {
    unsigned rights;
    hpa_t hpa;
    int level;

    if (gpa < NPT_GPA_LIMIT)
        walk(gpa, &level);
    else
        level = 0;
    assert_int_equal(level, 0);
    assert_false(npt_lookup(&npt, GPA(gpa), &hpa, &rights));
}

static void map(uint64_t gpa, uint64_t size_bytes, uint64_t hpa, unsigned rights) {
    assert_true(npt_map(&npt, GPA(gpa), size_bytes, HPA(hpa), rights));
}

static void test_empty(void **state) {
    (void)state;
    assert_true(is_aligned(npt.root.value, PAGE_BYTES));
    expect_absent(0);
    expect_absent(NPT_GPA_LIMIT - 1);
    expect_absent(NPT_GPA_LIMIT);
    expect_absent(UINT64_MAX);
    map(0, 0, 0, RWX);
    expect_absent(0);
}

static void test_page_sizes(void **state) {
    const struct {
        uint64_t gpa, size_bytes, hpa;
        int first, middle, last; /* levels of the first page, the middle's, the last page's */
    } cases[] = {
        {0, PAGE_BYTES, 0x5000, 1, 1, 1},
        {0, 2 * MIB, 4 * MIB, 2, 2, 2},
        {0, 2 * MIB, 4 * MIB + PAGE_BYTES, 1, 1, 1},          /* HPA not congruent */
        {PAGE_BYTES, 2 * MIB, 4 * MIB + PAGE_BYTES, 1, 1, 1}, /* no whole large page inside */
        {MIB, 4 * MIB, 5 * MIB, 1, 2, 1},                     /* edges of 1 MiB */
        {0, 2 * MIB + PAGE_BYTES, 4 * MIB, 2, 2, 1},
        {0, GIB, GIB, 3, 3, 3},
        {0, GIB, 2 * MIB, 2, 2, 2}, /* congruent only modulo 2 MiB */
        {GIB - 2 * MIB, GIB + 4 * MIB, 3 * GIB - 2 * MIB, 2, 3, 2},
        {NPT_GPA_LIMIT - GIB, GIB, 0, 3, 3, 3},
        {3 * GIB, GIB, 2 * TERABYTE, 3, 3, 3},
    };

    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t gpa = cases[i].gpa, size_bytes = cases[i].size_bytes, hpa = cases[i].hpa;

        drop(state);
        assert_int_equal(make(state), 0);
        map(gpa, size_bytes, hpa, RWX);
        expect(gpa, hpa, RWX, cases[i].first);
        expect(gpa + size_bytes / 2, hpa + size_bytes / 2, RWX, cases[i].middle);
        expect(gpa + size_bytes - 1, hpa + size_bytes - 1, RWX, cases[i].last);
        for (uint64_t step = 0; step < size_bytes; step += size_bytes / 64 + 1) {
            unsigned rights;
            hpa_t found;

            assert_true(npt_lookup(&npt, GPA(gpa + step), &found, &rights));
            assert_int_equal(found.value, hpa + step);
        }
        if (gpa > 0)
            expect_absent(gpa - 1);
        expect_absent(gpa + size_bytes);
        expect_absent(gpa + size_bytes + 123 * GIB);
        expect_absent(NPT_GPA_LIMIT + gpa);
        expect_absent((1ULL << 48) + gpa); /* the same indices in all four tables */
    }
}

static void test_no_gigabyte_pages(void **state) {
    (void)state;
    assert_true(npt_init(&npt, &arena, false));
    map(0, 2 * GIB, 4 * GIB, RW);
    expect(0, 4 * GIB, RW, 2);
    expect(2 * GIB - 1, 6 * GIB - 1, RW, 2);
    expect_absent(2 * GIB);
}

static void test_rights(void **state) {
    const unsigned rights[] = {REACH_READ, REACH_WRITE, REACH_EXECUTE, RWX};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(rights); i++) {
        map(i * 2 * MIB, 2 * MIB, 64 * MIB, rights[i]);
        map(64 * MIB + i * PAGE_BYTES, PAGE_BYTES, i * PAGE_BYTES, rights[i]);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(rights); i++) {
        expect(i * 2 * MIB, 64 * MIB, rights[i], 2);
        expect(64 * MIB + i * PAGE_BYTES, i * PAGE_BYTES, rights[i], 1);
    }
}

/* A page of another place in a large page: all others of it stay what they were. */
static void test_split(void **state) {
    const uint64_t hole = 0xb8000, hpa = 0xfeedf000;

    (void)state;
    map(0, 2 * GIB, 8 * GIB, REACH_WRITE);
    expect(hole, 8 * GIB + hole, REACH_WRITE, 3);
    map(hole, PAGE_BYTES, hpa, REACH_EXECUTE);
    for (uint64_t gpa = 0; gpa < 2 * MIB; gpa += PAGE_BYTES)
        expect(gpa, gpa == hole ? hpa : 8 * GIB + gpa, gpa == hole ? REACH_EXECUTE : REACH_WRITE, 1);
    for (uint64_t gpa = 2 * MIB; gpa < GIB; gpa += 2 * MIB)
        expect(gpa + 5, 8 * GIB + gpa + 5, REACH_WRITE, 2);
    expect(GIB, 9 * GIB, REACH_WRITE, 3);
    expect_absent(2 * GIB);
}

static void test_split_keeps_rights(void **state) {
    const unsigned rights[] = {REACH_READ, REACH_WRITE, REACH_EXECUTE, RWX};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(rights); i++) {
        uint64_t gpa = i * 2 * MIB;

        map(gpa, 2 * MIB, 32 * MIB + gpa, rights[i]);
        map(gpa + 3 * PAGE_BYTES, PAGE_BYTES, 0, RWX);
        expect(gpa + 2 * PAGE_BYTES, 32 * MIB + gpa + 2 * PAGE_BYTES, rights[i], 1);
        expect(gpa + 3 * PAGE_BYTES, 0, RWX, 1);
        expect(gpa + 4 * PAGE_BYTES, 32 * MIB + gpa + 4 * PAGE_BYTES, rights[i], 1);
        expect(gpa + 2 * MIB - 1, 32 * MIB + gpa + 2 * MIB - 1, rights[i], 1);
    }
}

static void test_used_up(void **state) {
    struct npt other;

    (void)state;
    for (unsigned pages = 0; pages < 5; pages++) {
        struct arena small = {.next = memory, .end = memory + pages * PAGE_BYTES};
        bool made = npt_init(&other, &small, true);

        assert_int_equal(made, pages >= 1);
        if (made) /* the root, and a table for each of levels 3 to 1 */
            assert_int_equal(npt_map(&other, GPA(0), PAGE_BYTES, HPA(0), RWX), pages >= 4);
    }
    struct arena small = {.next = memory, .end = memory + 3 * PAGE_BYTES}; /* one table short of a split */

    assert_true(npt_init(&npt, &small, true));
    map(0, 2 * MIB, 2 * MIB, RW);
    assert_false(npt_map(&npt, GPA(0x1000), PAGE_BYTES, HPA(0), RW));
    expect(0x1000, 2 * MIB + 0x1000, RW, 2);
}

static uint64_t *root(void) {
    return (uint64_t *)npt.root.value;
}

/* The entry of an address at a level, to be spoilt. */
static uint64_t *entry_at(uint64_t gpa, int level) {
    uint64_t *table = root();

    for (int above = 4; above > level; above--)
        table = (uint64_t *)(table[gpa >> (12 + 9 * (above - 1)) & 511] & ADDRESS);
    return &table[gpa >> (12 + 9 * (level - 1)) & 511];
}

static void expect_run(uint64_t from, uint64_t gpa, uint64_t size_bytes, uint64_t hpa, unsigned rights) {
    struct reach run;

    assert_true(npt_next(npt.root, GPA(from), &run));
    assert_int_equal(run.first, gpa);
    assert_int_equal(run.last, gpa + size_bytes - 1);
    assert_int_equal(run.host, hpa);
    assert_int_equal(run.rights, rights | REACH_READ);
}

static void expect_no_run(uint64_t from) {
    struct reach run;

    assert_false(npt_next(npt.root, GPA(from), &run));
}

static void test_next(void **state) {
    (void)state;
    expect_no_run(0);
    map(MIB, 2 * GIB, 5 * MIB, RWX); /* pages of two sizes, one run */
    expect_run(0, MIB, 2 * GIB, 5 * MIB, RWX);
    expect_run(3 * MIB + PAGE_BYTES, 3 * MIB + PAGE_BYTES, 2 * GIB - 2 * MIB - PAGE_BYTES, 7 * MIB + PAGE_BYTES, RWX);
    expect_run(2 * GIB + MIB - PAGE_BYTES, 2 * GIB + MIB - PAGE_BYTES, PAGE_BYTES, 2 * GIB + 5 * MIB - PAGE_BYTES, RWX);
    expect_no_run(2 * GIB + MIB);
    map(4 * MIB, 4 * MIB, 8 * MIB, RW); /* other rights in the middle */
    expect_run(0, MIB, 3 * MIB, 5 * MIB, RWX);
    expect_run(4 * MIB, 4 * MIB, 4 * MIB, 8 * MIB, RW);
    expect_run(8 * MIB, 8 * MIB, 2 * GIB - 7 * MIB, 12 * MIB, RWX);
    map(0xb8000 + 2 * MIB, PAGE_BYTES, 0xb9000, RWX); /* another place in the middle */
    expect_run(0, MIB, MIB + 0xb8000, 5 * MIB, RWX);
    expect_run(2 * MIB + 0xb8000, 2 * MIB + 0xb8000, PAGE_BYTES, 0xb9000, RWX);
    expect_run(2 * MIB + 0xb9000, 2 * MIB + 0xb9000, 2 * MIB - 0xb9000, 6 * MIB + 0xb9000, RWX);
}

/* What is contiguous in the machine's memory alone is not one run. */
static void test_next_gap(void **state) {
    (void)state;
    map(0, PAGE_BYTES, 0, RWX);
    map(2 * PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, RWX);
    expect_run(0, 0, PAGE_BYTES, 0, RWX);
    expect_run(PAGE_BYTES, 2 * PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, RWX);
    map(2 * MIB, PAGE_BYTES, 2 * PAGE_BYTES, RWX); /* a gap that ends with a table */
    expect_run(PAGE_BYTES, 2 * PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, RWX);
    expect_run(3 * PAGE_BYTES, 2 * MIB, PAGE_BYTES, 2 * PAGE_BYTES, RWX);
}

/* The whole of what four levels translate counts, not only what npt_map() uses. */
static void test_next_everywhere(void **state) {
    (void)state;
    map(NPT_GPA_LIMIT - GIB, GIB, 7 * GIB, RW);
    root()[511] = root()[0];
    root()[256] = root()[0];
    expect_run(0, NPT_GPA_LIMIT - GIB, GIB, 7 * GIB, RW);
    expect_run(NPT_GPA_LIMIT, 256 * NPT_GPA_LIMIT + NPT_GPA_LIMIT - GIB, GIB, 7 * GIB, RW);
    expect_run(300 * NPT_GPA_LIMIT, 512 * NPT_GPA_LIMIT - GIB, GIB, 7 * GIB, RW);
    expect_run(512 * NPT_GPA_LIMIT - 5, 512 * NPT_GPA_LIMIT - 5, 5, 8 * GIB - 5, RW);
    expect_no_run(512 * NPT_GPA_LIMIT);
    expect_no_run(UINT64_MAX);
}

/* A page has the rights that every level gives it. */
static void test_next_combines_rights(void **state) {
    (void)state;
    for (int level = 1; level <= 4; level++) {
        map(0, PAGE_BYTES, 5 * GIB, RWX);
        *entry_at(0, level) &= ~WRITABLE;
        expect_run(0, 0, PAGE_BYTES, 5 * GIB, REACH_EXECUTE);
        *entry_at(0, level) |= NO_EXECUTE;
        expect_run(0, 0, PAGE_BYTES, 5 * GIB, REACH_READ);
        *entry_at(0, level) |= WRITABLE;
        expect_run(0, 0, PAGE_BYTES, 5 * GIB, REACH_WRITE);
        *entry_at(0, level) &= ~(NO_EXECUTE | PRESENT);
        expect_no_run(0);
        *entry_at(0, level) |= PRESENT;
    }
}

/* Every page of many random tables is in a run exactly when a lookup finds it, and the runs are as long as can be. */
static void test_next_agrees_with_lookup(void **state) {
    const unsigned pages = 2048; /* 8 MiB */
    uint32_t random = 1;

    for (unsigned round = 0; round < 50; round++) {
        struct reach run = {0}, before = {0};
        uint64_t at = 0;

        drop(state);
        assert_int_equal(make(state), 0);
        for (unsigned i = 0; i < 12; i++) {
            random = random * 1664525 + 1013904223;
            uint64_t gpa = (random >> 8) % pages * PAGE_BYTES;
            uint64_t size_bytes = (1 + (random >> 4) % 700) * PAGE_BYTES;

            map(gpa, size_bytes, gpa + (random >> 30) * MIB, random >> 28 & 3);
        }
        while (npt_next(npt.root, GPA(at), &run)) {
            bool adjacent = at > 0 && run.first == at;

            assert_false(adjacent && run.rights == before.rights &&
                         run.host == before.host + (before.last + 1 - before.first));
            for (; at <= run.last; at += PAGE_BYTES) {
                unsigned rights = 99;
                hpa_t hpa;
                bool found = npt_lookup(&npt, GPA(at), &hpa, &rights);

                assert_int_equal(found, at >= run.first);
                assert_true(!found || hpa.value == run.host + (at - run.first));
                assert_true(!found || (rights | REACH_READ) == run.rights);
            }
            before = run;
        }
        for (; at < 16 * MIB; at += PAGE_BYTES)
            expect_absent(at);
    }
}

static struct range tables(void) {
    return (struct range){(uintptr_t)memory, PAGES * PAGE_BYTES};
}

static void expect_odd(uint64_t gpa, int level, const char *want) {
    struct npt_odd odd;

    assert_false(npt_check(npt.root, tables(), &odd));
    assert_int_equal(odd.gpa.value, gpa);
    assert_int_equal(odd.level, level);
    assert_int_equal(odd.entry, *entry_at(gpa, level));
    assert_string_equal(odd.want, want);
}

static void expect_well(void) {
    struct npt_odd odd;

    assert_true(npt_check(npt.root, tables(), &odd));
}

/* What npt_map() writes, what the processor adds to it, and other rights are well. */
static void test_check_well(void **state) {
    (void)state;
    expect_well();
    map(MIB, 2 * GIB, 5 * MIB, RWX);
    map(4 * GIB, GIB, 4 * GIB, REACH_READ);
    expect_well();
    for (int level = 1; level <= 4; level++) {
        *entry_at(MIB, level) |= 1ULL << 5 | NO_EXECUTE;
        *entry_at(MIB, level) &= ~WRITABLE;
    }
    *entry_at(MIB, 1) |= 1ULL << 6;
    *entry_at(4 * GIB, 3) |= 1ULL << 5 | 1ULL << 6;
    expect_well();
    *entry_at(4 * GIB, 3) = ~PRESENT; /* absent, whatever else it says */
    expect_well();
}

static void test_check_bits(void **state) {
    const struct {
        uint64_t gpa;
        int level;
        uint64_t odd; /* all bits that may not be set */
    } cases[] = {
        {MIB, 1, 0x7ff0000000000f98}, {MIB, 2, 0x7ff0000000000fd8},     {MIB, 3, 0x7ff0000000000fd8},
        {MIB, 4, 0x7ff0000000000fd8}, {2 * MIB, 2, 0x7ff00000001fff18}, {3 * GIB, 3, 0x7ff000003fffff18},
    };

    (void)state;
    map(MIB, 3 * MIB, 5 * MIB, RWX);
    map(3 * GIB, GIB, 3 * GIB, RWX);
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t *entry = entry_at(cases[i].gpa, cases[i].level);
        uint64_t gpa = align_down(cases[i].gpa, 1ULL << (12 + 9 * (cases[i].level - 1)));

        for (unsigned bit = 0; bit < 64; bit++) {
            uint64_t good = *entry;

            if (!(cases[i].odd >> bit & 1))
                continue;
            *entry |= 1ULL << bit;
            expect_odd(gpa, cases[i].level, "its reserved and unused bits clear");
            *entry = good;
        }
        *entry &= ~USER;
        expect_odd(gpa, cases[i].level, "bit 2 (U) set");
        *entry |= USER;
        expect_well();
    }
}

/* There are no pages of 512 GiB. */
static void test_check_top(void **state) {
    (void)state;
    root()[3] = PRESENT | USER | LARGE;
    expect_odd(3 * NPT_GPA_LIMIT, 4, "its reserved and unused bits clear");
}

/* A table among a guest's memory would be the guest's to write. */
static void test_check_tables(void **state) {
    const uint64_t outside[] = {(uintptr_t)memory - PAGE_BYTES, (uintptr_t)memory + PAGES * PAGE_BYTES, 0, ADDRESS};

    (void)state;
    map(MIB, PAGE_BYTES, 5 * MIB, RWX);
    for (int level = 2; level <= 4; level++) {
        uint64_t *entry = entry_at(MIB, level);
        uint64_t good = *entry;

        for (unsigned i = 0; i < ARRAY_LENGTH(outside); i++) {
            *entry = (good & ~ADDRESS) | outside[i];
            expect_odd(0, level, "it to lead to a table of the hypervisor's");
        }
        *entry = good;
    }
    root()[511] = PRESENT | USER;
    expect_odd(511 * NPT_GPA_LIMIT, 4, "it to lead to a table of the hypervisor's");
    root()[511] = 0;
    struct range used = {(uintptr_t)memory, (uint64_t)(arena.next - memory)};
    struct npt_odd odd;

    assert_true(npt_check(npt.root, used, &odd));
    used.size_bytes--;
    assert_false(npt_check(npt.root, used, &odd));
}

/* The first by address is named, and nothing behind an odd table is looked at. */
static void test_check_first(void **state) {
    (void)state;
    map(0, 2 * GIB, 0, RWX);
    *entry_at(GIB, 3) &= ~USER;
    map(0x5000, PAGE_BYTES, 0, RWX);
    *entry_at(0x5000, 1) |= 1ULL << 3;
    expect_odd(0x5000, 1, "its reserved and unused bits clear");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, make, drop),
        cmocka_unit_test_setup_teardown(test_page_sizes, make, drop),
        cmocka_unit_test_setup_teardown(test_no_gigabyte_pages, make, drop),
        cmocka_unit_test_setup_teardown(test_rights, make, drop),
        cmocka_unit_test_setup_teardown(test_split, make, drop),
        cmocka_unit_test_setup_teardown(test_split_keeps_rights, make, drop),
        cmocka_unit_test_setup_teardown(test_used_up, make, drop),
        cmocka_unit_test_setup_teardown(test_next, make, drop),
        cmocka_unit_test_setup_teardown(test_next_gap, make, drop),
        cmocka_unit_test_setup_teardown(test_next_everywhere, make, drop),
        cmocka_unit_test_setup_teardown(test_next_combines_rights, make, drop),
        cmocka_unit_test_setup_teardown(test_next_agrees_with_lookup, make, drop),
        cmocka_unit_test_setup_teardown(test_check_well, make, drop),
        cmocka_unit_test_setup_teardown(test_check_bits, make, drop),
        cmocka_unit_test_setup_teardown(test_check_top, make, drop),
        cmocka_unit_test_setup_teardown(test_check_tables, make, drop),
        cmocka_unit_test_setup_teardown(test_check_first, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
