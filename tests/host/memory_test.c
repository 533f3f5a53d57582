/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.c: fixed windows are checked, others placed first fit, and memory_find().
 */
#include "partitions/memory.h"
#include "tests/host/findings.h"
#include "tests/host/test.h"

#define OUTSIDE "; the boot loader's memory map says what is RAM\n"
#define FULL(most)                                                                                                     \
    " bytes, want at most " most                                                                                       \
    ", which fit into the RAM that is left; make windows smaller or give the machine more memory\n"
#define LOW_RAM "want it inside RAM, 0x100000 to 0x2000000"

static const struct range usable[] = {{1 * MIB, 31 * MIB}, {64 * MIB, 64 * MIB}};

static const struct host_range taken[] = {
    {{70 * MIB, 1 * MIB}, "module b.elf"},
    {{1 * MIB, 1 * MIB + 0x3000}, "the hypervisor"},
    {{10 * MIB, 0x800}, "module a.elf"}, /* no whole page */
};

static const struct host_memory host = {usable, ARRAY_LENGTH(usable), taken, ARRAY_LENGTH(taken)};
static const struct host_memory empty = {0};

static struct findings findings;

#define FIXED(name, at, size)                                                                                          \
    { .path = name, .hpa = {at}, .size_bytes = size, .fixed = true }
#define WINDOW(name, at, size)                                                                                         \
    { .path = name, .gpa = {at}, .size_bytes = size }

/* Two partitions, of three and one windows; a case leaves out the last by size 0 and path NULL. */
struct memory_case {
    const char *name;
    struct window_config windows[4];
    uint64_t hpa[4]; /* where they end up, when nothing is reported */
    const char *lines;
};

static void check(const struct memory_case *c, const struct host_memory *memory) {
    struct window_config windows[4];
    unsigned count = 0;

    for (; count < 4 && c->windows[count].path; count++)
        windows[count] = c->windows[count];
    unsigned first = count < 3 ? count : 3;
    struct partition_config partitions[2] = {
        {.windows = windows, .window_count = first},
        {.windows = windows + first, .window_count = count - first},
    };
    struct config config = {.partitions = partitions, .partition_count = 2};

    findings_init(&findings);
    memory_place(&config, memory, &findings.report);
    findings_expect(&findings, c->name, c->lines);
    for (unsigned i = 0; i < count && !findings.report.errors; i++)
        if (windows[i].hpa.value != c->hpa[i])
            fail_msg("%s: window %u at 0x%lx, want 0x%lx", c->name, i, windows[i].hpa.value, c->hpa[i]);
}

static const struct memory_case fixed_cases[] = {
    {"inside", {FIXED("/a", 4 * MIB, MIB)}, {4 * MIB}, ""},
    {"all of a range", {FIXED("/a", 71 * MIB, 57 * MIB)}, {71 * MIB}, ""},
    {"touching",
     {FIXED("/a", 2 * MIB + 0x3000, 0x1000), FIXED("/b", 2 * MIB + 0x4000, 0x1000)},
     {2 * MIB + 0x3000, 2 * MIB + 0x4000},
     ""},
    {"below RAM",
     {FIXED("/a", 0xa0000, 0x10000)},
     {0},
     "/a/host-address: found 0xa0000 to 0xb0000, want it inside RAM, 0x100000 to 0x2000000" OUTSIDE},
    {"in a hole", {FIXED("/a", 40 * MIB, MIB)}, {0}, "/a/host-address: found 0x2800000 to 0x2900000, " LOW_RAM OUTSIDE},
    {"over the end",
     {FIXED("/a", 127 * MIB, 2 * MIB)},
     {0},
     "/a/host-address: found 0x7f00000 to 0x8100000, want it inside RAM, 0x4000000 to 0x8000000" OUTSIDE},
    {"past 48 bits",
     {FIXED("/a", 1UL << 48, MIB)},
     {0},
     "/a/host-address: found 0x1000000000000 to 0x1000000100000, want it inside RAM, 0x4000000 to 0x8000000" OUTSIDE},
    {"around the end of all addresses",
     {FIXED("/a", UINT64_MAX - 0xfff, 3 * MIB)},
     {0},
     "/a/host-address: found 0xfffffffffffff000 to 0x2ff000, want it inside RAM, 0x4000000 to 0x8000000" OUTSIDE
     "/a/host-address: found 0xfffffffffffff000 to 0x2ff000, want it apart from the hypervisor at 0x100000 to "
     "0x203000\n"},
    {"over a hole",
     {FIXED("/a", 31 * MIB, 34 * MIB)},
     {0},
     "/a/host-address: found 0x1f00000 to 0x4100000, " LOW_RAM OUTSIDE},
    {"hypervisor",
     {FIXED("/a", 2 * MIB, MIB)},
     {0},
     "/a/host-address: found 0x200000 to 0x300000, want it apart from the hypervisor at 0x100000 to 0x203000\n"},
    {"module",
     {FIXED("/a", 69 * MIB, 4 * MIB)},
     {0},
     "/a/host-address: found 0x4500000 to 0x4900000, want it apart from module b.elf at 0x4600000 to 0x4700000\n"},
    {"another window",
     {FIXED("/a", 4 * MIB, MIB), WINDOW("/w", 0, MIB), FIXED("/b", 5 * MIB - 0x1000, MIB)},
     {0},
     "/a/host-address: found 0x400000 to 0x500000, want it apart from /b at 0x4ff000 to 0x5ff000\n"
     "/b/host-address: found 0x4ff000 to 0x5ff000, want it apart from /a at 0x400000 to 0x500000\n"},
    {"another partition's",
     {FIXED("/a", 4 * MIB, MIB), FIXED("/b", 6 * MIB, MIB), FIXED("/c", 8 * MIB, MIB), FIXED("/d", 6 * MIB, MIB)},
     {0},
     "/b/host-address: found 0x600000 to 0x700000, want it apart from /d at 0x600000 to 0x700000\n"
     "/d/host-address: found 0x600000 to 0x700000, want it apart from /b at 0x600000 to 0x700000\n"},
    {"all of it",
     {FIXED("/a", 0, 32 * MIB), FIXED("/b", 16 * MIB, 0x1000)},
     {0},
     "/a/host-address: found 0x0 to 0x2000000, want it inside RAM, 0x100000 to 0x2000000" OUTSIDE
     "/a/host-address: found 0x0 to 0x2000000, want it apart from the hypervisor at 0x100000 to 0x203000\n"
     "/b/host-address: found 0x1000000 to 0x1001000, want it apart from /a at 0x0 to 0x2000000\n"},
};

static const struct memory_case placed_cases[] = {
    {"first page", {WINDOW("/a", 0, 0x1000)}, {2 * MIB + 0x3000}, ""},
    {"in a row",
     {WINDOW("/a", 0, 0x7000), WINDOW("/b", 0, 0x1000), WINDOW("/c", 0, MIB), WINDOW("/d", 0, 0x1000)},
     {2 * MIB + 0x3000, 2 * MIB + 0xa000, 2 * MIB + 0xb000, 3 * MIB + 0xb000},
     ""},
    {"small is not congruent", {WINDOW("/a", 0x100000, 2 * MIB - 0x1000)}, {2 * MIB + 0x3000}, ""},
    {"large is congruent", {WINDOW("/a", 0, 2 * MIB)}, {4 * MIB}, ""},
    {"congruent with an offset", {WINDOW("/a", 0x105000, 2 * MIB)}, {3 * MIB + 0x5000}, ""},
    {"a gap is used later", {WINDOW("/a", 0, 2 * MIB), WINDOW("/b", 0, 0x1000)}, {4 * MIB, 2 * MIB + 0x3000}, ""},
    {"around a module", {WINDOW("/a", 0, 8 * MIB)}, {12 * MIB}, ""},
    {"behind less than a page",
     {WINDOW("/a", 0, 6 * MIB), FIXED("/b", 3 * MIB, MIB), WINDOW("/c", 0, MIB)},
     {4 * MIB, 3 * MIB, 10 * MIB + 0x1000},
     ""},
    {"in the second range", {WINDOW("/a", 0, 32 * MIB)}, {72 * MIB}, ""},
    {"before a module",
     {WINDOW("/a", 0, 20 * MIB), WINDOW("/b", 0, 6 * MIB), WINDOW("/c", 0, 6 * MIB)},
     {12 * MIB, 4 * MIB, 64 * MIB},
     ""},
    {"around a later fixed one",
     {WINDOW("/a", 0, MIB), WINDOW("/b", 0, MIB), FIXED("/c", 3 * MIB, MIB)},
     {4 * MIB, 5 * MIB, 3 * MIB},
     ""},
    {"largest", {WINDOW("/a", 0, 56 * MIB)}, {72 * MIB}, ""},
    {"too large", {WINDOW("/a", 0, 58 * MIB)}, {0}, "/a/reg: found 0x3a00000" FULL("0x3800000")},
    {"too large together",
     {WINDOW("/a", 0, 56 * MIB), WINDOW("/b", 0, 20 * MIB), WINDOW("/c", 0, 8 * MIB)},
     {0},
     "/c/reg: found 0x800000" FULL("0x600000")},
    {"too large, but not the others",
     {WINDOW("/a", 0, 1UL << 38), WINDOW("/b", 0, MIB)},
     {0},
     "/a/reg: found 0x4000000000" FULL("0x3800000")},
    {"far too large", {WINDOW("/a", 0, 1UL << 38)}, {0}, "/a/reg: found 0x4000000000" FULL("0x3800000")},
    {"one is wrong, so none is placed",
     {WINDOW("/a", 0, 1UL << 38), FIXED("/b", 0, 0x1000)},
     {0},
     "/b/host-address: found 0x0 to 0x1000, want it inside RAM, 0x100000 to 0x2000000" OUTSIDE},
};

static void test_fixed(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(fixed_cases); i++)
        check(&fixed_cases[i], &host);
}

static void test_placed(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(placed_cases); i++)
        check(&placed_cases[i], &host);
}

static void test_no_ram(void **state) {
    const struct memory_case cases[] = {
        {"placed", {WINDOW("/a", 0, 0x1000)}, {0}, "/a/reg: found 0x1000" FULL("0x0")},
        {"fixed",
         {FIXED("/a", MIB, 0x1000)},
         {0},
         "/a/host-address: found 0x100000 to 0x101000, want it inside RAM, 0x0 to 0x0" OUTSIDE},
        {"nothing to place", {{0}}, {0}, ""},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        check(&cases[i], &empty);
}

/* Of several pieces the one at the address or below is named. */
static void test_many_pieces(void **state) {
    static const struct range pieces[] = {{MIB, MIB}, {3 * MIB, MIB}, {5 * MIB, MIB}, {7 * MIB, MIB}};
    static const struct host_memory memory = {.usable = pieces, .usable_count = ARRAY_LENGTH(pieces)};
    const struct memory_case cases[] = {
        {"between",
         {FIXED("/a", 4 * MIB, 0x1000)},
         {0},
         "/a/host-address: found 0x400000 to 0x401000, want it inside RAM, 0x300000 to 0x400000" OUTSIDE},
        {"at the start of one",
         {FIXED("/a", 5 * MIB, 2 * MIB)},
         {0},
         "/a/host-address: found 0x500000 to 0x700000, want it inside RAM, 0x500000 to 0x600000" OUTSIDE},
        {"half in one", {WINDOW("/a", 0, MIB + 0x1000)}, {0}, "/a/reg: found 0x101000" FULL("0x100000")},
        {"not aligned in one", {WINDOW("/a", 0, 2 * MIB)}, {0}, "/a/reg: found 0x200000" FULL("0x100000")},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        check(&cases[i], &memory);
}

static void test_find(void **state) {
    const struct {
        uint64_t size_bytes, base; /* base 0: there is none */
    } cases[] = {
        {0x1000, 2 * MIB + 0x3000}, {8 * MIB, 10 * MIB + 0x1000}, {22 * MIB, 71 * MIB},
        {57 * MIB, 71 * MIB},       {57 * MIB + 0x1000, 0},       {UINT64_MAX, 0},
    };
    uint64_t base;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        bool found = memory_find(&host, cases[i].size_bytes, &base);

        assert_int_equal(found, cases[i].base != 0);
        if (found)
            assert_int_equal(base, cases[i].base);
    }
    assert_false(memory_find(&empty, 0x1000, &base));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),       cmocka_unit_test(test_placed), cmocka_unit_test(test_no_ram),
        cmocka_unit_test(test_many_pieces), cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
