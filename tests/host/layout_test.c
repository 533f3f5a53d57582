/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.c: where the modules and the arena go, and what the arena is sized by.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

#include "partitions/layout.h"
#include "tests/host/dts.h"
#include "tests/host/test.h"

#define IMAGE_END (LAYOUT_IMAGE_BASE + LAYOUT_IMAGE_BYTES)

static struct findings findings;
static struct layout layout;

static void start(const struct range *ram, unsigned count) {
    findings_init(&findings);
    layout_init(&layout, ram, count);
    assert_int_equal(layout.host.taken_count, 1);
    assert_int_equal(layout.taken[0].range.base, LAYOUT_IMAGE_BASE);
}

static void test_modules(void **state) {
    const struct {
        const char *name;
        struct range ram[3];
        uint64_t size_bytes, base; /* 0: there is no place */
    } cases[] = {
        {"top", {{MIB, 255 * MIB}}, 3 * MIB, 253 * MIB},
        {"none", {{MIB, 255 * MIB}}, 0, 256 * MIB},
        {"upper of two", {{MIB, 100 * MIB}, {200 * MIB, 10 * MIB}}, MIB, 209 * MIB},
        {"exactly", {{MIB, 100 * MIB}, {200 * MIB, 10 * MIB}}, 10 * MIB, 200 * MIB},
        {"upper too small", {{MIB, 100 * MIB}, {200 * MIB, 10 * MIB}}, 11 * MIB, 90 * MIB},
        {"above 4 GiB", {{MIB, 100 * MIB}, {4 * GIB, GIB}}, MIB, 100 * MIB},
        {"across 4 GiB", {{MIB, 8 * GIB}}, MIB, 4 * GIB - MIB},
        {"beside the image", {{MIB, 2 * MIB}}, 3 * MIB - IMAGE_END, IMAGE_END},
        {"over the image", {{MIB, 2 * MIB}}, 3 * MIB - IMAGE_END + PAGE_BYTES, 0},
        {"too large", {{MIB, 2 * MIB}}, 4 * MIB, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned count = 0;
        char line[200] = "";

        while (count < 3 && cases[i].ram[count].size_bytes)
            count++;
        start(cases[i].ram, count);
        assert_int_equal(layout_place_modules(&layout, cases[i].size_bytes, &findings.report), cases[i].base != 0);
        if (cases[i].base == 0)
            sprintf(line,
                    "machine: found no free %lu KiB of RAM for the modules, want it below 4 GiB; give the machine more "
                    "memory\n",
                    cases[i].size_bytes / KIB);
        findings_expect(&findings, cases[i].name, line);
        assert_int_equal(layout.modules.base, cases[i].base);
        assert_int_equal(layout.host.taken_count, cases[i].base ? 2 : 1);
    }
}

/* The arena that a source gets, on a machine with that RAM. */
static struct range arena_for(const char *source, const struct range *ram, unsigned count) {
    size_t size_bytes;
    void *blob = dts_compile(source, &size_bytes);

    start(ram, count);
    assert_true(layout_place_modules(&layout, MIB, &findings.report));
    assert_true(layout_place_arena(&layout, blob, size_bytes, &findings.report));
    free(blob);
    assert_int_equal(layout.host.taken_count, 3);
    for (unsigned i = 0; i < 2; i++)
        assert_false(range_overlaps(layout.taken[i].range, layout.arena));
    return layout.arena;
}

static void test_arena(void **state) {
    const struct range small = {MIB, 255 * MIB}, large[] = {{MIB, 3 * GIB}, {4 * GIB, 100 * GIB}};
    char *more = dts_replace(dts_good, "memory@0 {", "memory@5000000 { }; memory@0 {");
    char *huge = dts_replace(dts_good, "0 0x1000000>", "0x40 0>");
    char *cpus = dts_replace(dts_good, "schedule {", "cpus { cpu@0 { slot@0 { }; slot@1 { }; }; }; schedule {");
    char *vcpus = dts_replace(dts_good, "label =", "vcpus = <3>; label =");
    char *many = dts_replace(dts_good, "label =", "vcpus = <0xffffffff>; label =");
    struct range arena = arena_for(dts_good, &small, 1);

    (void)state;
    assert_int_equal(arena.base, IMAGE_END);
    assert_int_equal(arena.size_bytes, 384 * KIB + 2 * 72 * KIB + 3 * 12 * KIB); /* two partitions, three windows */
    assert_int_equal(arena_for(more, &small, 1).size_bytes, arena.size_bytes + 12 * KIB);
    assert_int_equal(arena_for(huge, &small, 1).size_bytes, arena.size_bytes + 256 * PAGE_BYTES);
    assert_int_equal(arena_for(dts_good, large, 2).size_bytes, arena.size_bytes + (100 + 4) * PAGE_BYTES);
    assert_int_equal(arena_for(cpus, &small, 1).size_bytes, arena.size_bytes + 76 * KIB + PAGE_BYTES);
    assert_int_equal(arena_for(vcpus, &small, 1).size_bytes, arena.size_bytes + 2 * 24 * KIB);
    assert_int_equal(arena_for(many, &small, 1).size_bytes, arena.size_bytes + 15 * 24 * KIB);
    free(more);
    free(huge);
    free(vcpus);
    free(many);
    free(cpus);
}

/* However large a window claims to be, the arena stays one of a few MiB, and the parser has its say. */
static void test_absurd_size(void **state) {
    const struct range ram = {MIB, 255 * MIB};
    char *source = dts_replace(dts_good, "<0 0 0 0x1000000>", "<0 0 0xffffffff 0xffffffff>");

    (void)state;
    assert_true(arena_for(source, &ram, 1).size_bytes < 3 * MIB);
    free(source);
}

static void test_no_room(void **state) {
    const struct range ram = {MIB, LAYOUT_IMAGE_BYTES + 384 * KIB};
    size_t size_bytes;
    void *blob = dts_compile(dts_good, &size_bytes);

    (void)state;
    start(&ram, 1);
    assert_false(layout_place_arena(&layout, blob, size_bytes, &findings.report));
    findings_expect(&findings, "no room",
                    "machine: found no free 564 KiB of RAM for the hypervisor's tables, want it below 4 GiB; give the "
                    "machine more memory\n");
    findings_init(&findings);
    assert_true(layout_place_arena(&layout, blob, 100, &findings.report)); /* no whole blob: no partitions */
    assert_int_equal(layout.arena.size_bytes, 384 * KIB);
    start(&ram, 1);
    fdt_set_version(blob, 2); /* one that is not read */
    fdt_set_last_comp_version(blob, 2);
    assert_true(layout_place_arena(&layout, blob, size_bytes, &findings.report));
    assert_int_equal(layout.arena.size_bytes, 384 * KIB);
    free(blob);
}

static void test_above_4_gib_only(void **state) {
    const struct range ram = {4 * GIB, GIB};

    (void)state;
    start(&ram, 1);
    assert_false(layout_place_arena(&layout, "", 0, &findings.report));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules),          cmocka_unit_test(test_arena),
        cmocka_unit_test(test_absurd_size),      cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_above_4_gib_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
