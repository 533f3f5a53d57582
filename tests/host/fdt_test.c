/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fdt.c: blobs that are none, names and paths. The typed readers are met in config_test.c,
 * each with a property of the binding.
 */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partitions/fdt.h"
#include "tests/host/dts.h"
#include "tests/host/test.h"

static struct findings findings;

/* Without an error, nothing is missing and nothing points into the blob. */
static void expect_complete(const struct config *config, const char *blob, size_t size_bytes) {
    assert_non_null(config->model);
    for (unsigned i = 0; i < config->partition_count; i++) {
        const struct partition_config *p = &config->partitions[i];
        const char *texts[] = {p->path, p->label, p->image, p->bootargs, p->windows[0].path, p->devices[0].path};

        for (unsigned j = 0; j < ARRAY_LENGTH(texts); j++)
            assert_true(texts[j] && (texts[j] < blob || texts[j] >= blob + size_bytes));
    }
}

/* Parses a copy of exactly that size, so that a byte read past it is seen. */
static void parse(const void *blob, size_t size_bytes, size_t arena_bytes, struct config *config) {
    void *copy = malloc(size_bytes ? size_bytes : 1);
    uint8_t *memory = malloc(arena_bytes ? arena_bytes : 1);

    memcpy(copy, blob, size_bytes);
    findings_init(&findings);
    config_parse(config, copy, size_bytes, &(struct arena){.next = memory, .end = memory + arena_bytes},
                 &findings.report);
    if (findings.report.errors == 0)
        expect_complete(config, copy, size_bytes);
    free(memory);
    free(copy);
}

/* What is said of a blob that libfdt finds this wrong with. */
static const char *damage(size_t size_bytes, const char *error) {
    static char line[160];

    sprintf(line, "device tree: found %zu bytes (%s), want a whole device-tree blob; make it with dtc -O dtb\n",
            size_bytes, error);
    return line;
}

static void expect(const char *name, const void *blob, size_t size_bytes, const char *lines) {
    struct config config;

    parse(blob, size_bytes, 1 << 16, &config);
    findings_expect(&findings, name, lines);
}

static void test_no_blob(void **state) {
    const char text[] = "/dts-v1/; / { compatible = \"shikiri,system\"; }; // the source in place of the blob";
    const uint8_t zeros[64] = {0};
    size_t size_bytes;
    void *good = dts_compile(dts_good, &size_bytes);

    (void)state;
    expect("nothing", "", 0, damage(0, "FDT_ERR_BADMAGIC"));
    expect("part of a header", good, sizeof(struct fdt_header) - 1,
           damage(sizeof(struct fdt_header) - 1, "FDT_ERR_BADMAGIC"));
    expect("zeros", zeros, sizeof(zeros), damage(sizeof(zeros), "FDT_ERR_BADMAGIC"));
    expect("source", text, sizeof(text), damage(sizeof(text), "FDT_ERR_BADMAGIC"));
    free(good);
}

static void test_truncated(void **state) {
    size_t size_bytes;
    void *good = dts_compile(dts_good, &size_bytes);

    (void)state;
    for (size_t bytes = sizeof(struct fdt_header); bytes < size_bytes; bytes++)
        expect("truncated", good, bytes, damage(bytes, "FDT_ERR_TRUNCATED"));
    free(good);
}

/* The structure of versions before 16 is another. */
static void test_old_version(void **state) {
    size_t size_bytes;
    uint8_t *blob = dts_compile(dts_good, &size_bytes);

    (void)state;
    for (uint32_t version = 0; version <= 17; version++) {
        fdt32_st(blob + offsetof(struct fdt_header, version), version);
        fdt32_st(blob + offsetof(struct fdt_header, last_comp_version), version < 16 ? version : 16);
        assert_int_equal(dt_check(blob, size_bytes), version < 16 ? -FDT_ERR_BADVERSION : 0);
        expect("version", blob, size_bytes, version < 16 ? damage(size_bytes, "FDT_ERR_BADVERSION") : "");
    }
    assert_int_equal(dt_check(blob, sizeof(struct fdt_header) - 1), -FDT_ERR_BADMAGIC);
    free(blob);
}

static void test_damaged(void **state) {
    size_t size_bytes;
    uint8_t *good = dts_compile(dts_good, &size_bytes);
    const struct {
        const char *name;
        size_t at; /* of a 32-bit word */
        uint32_t value;
        const char *error;
    } cases[] = {
        {"version", offsetof(struct fdt_header, last_comp_version), 99, "FDT_ERR_BADVERSION"},
        {"structure outside", offsetof(struct fdt_header, off_dt_struct), 0x7fffffff, "FDT_ERR_TRUNCATED"},
        {"tag", fdt_off_dt_struct(good), 0x77, "FDT_ERR_BADSTRUCTURE"},
        {"no root", fdt_off_dt_struct(good), FDT_END, "FDT_ERR_BADSTRUCTURE"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t *bad = malloc(size_bytes);

        memcpy(bad, good, size_bytes);
        fdt32_st(bad + cases[i].at, cases[i].value);
        expect(cases[i].name, bad, size_bytes, damage(size_bytes, cases[i].error));
        free(bad);
    }
    free(good);
}

/* Whatever a byte is changed to, the parser comes back. */
static void test_any_byte(void **state) {
    const uint8_t masks[] = {0x01, 0x80, 0xff};
    size_t size_bytes;
    uint8_t *blob = dts_compile(dts_good, &size_bytes);
    struct config config;

    (void)state;
    for (size_t i = 0; i < size_bytes; i++) {
        for (unsigned m = 0; m < ARRAY_LENGTH(masks); m++) {
            blob[i] ^= masks[m];
            parse(blob, size_bytes, 8192, &config);
            blob[i] ^= masks[m];
        }
    }
    free(blob);
}

/* However small the arena is, the parser comes back, and says once that it was too small. */
static void test_small_arena(void **state) {
    const char *want = "device tree: found too little memory for the configuration, want more; use fewer nodes\n";
    size_t size_bytes;
    void *blob = dts_compile(dts_good, &size_bytes);
    struct config config;
    unsigned too_small = 0;

    (void)state;
    for (size_t bytes = 0; bytes < 4096; bytes++) {
        parse(blob, size_bytes, bytes, &config);
        if (findings.report.errors > 0)
            findings_expect(&findings, "small", want);
        too_small += findings.report.errors;
        if (bytes < 2 * sizeof(struct partition_config))
            assert_int_equal(findings.report.errors, 1);
    }
    assert_true(too_small < 4096);
    findings_expect(&findings, "4 KiB", "");
    free(blob);
}

static void test_long_path(void **state) {
    char source[600];
    struct config config;

    (void)state;
    sprintf(source,
            "/dts-v1/; / { compatible = \"shikiri,system\"; %0150d%050d {}; "
            "schedule { compatible = \"shikiri,round-robin\"; slot-us = <100>; };"
            "partitions { #address-cells = <1>; #size-cells = <0>; }; };",
            0, 0);
    dts_parse(source, &config, &findings);
    findings_expect(&findings, "long",
                    "a node with a very long path: found an unknown node, want none\n"
                    "/partitions: found 0 partitions, want 1 to 256\n");
}

static void test_names(void **state) {
    size_t size_bytes;
    void *blob = dts_compile("/dts-v1/; / { plain { }; serial@2f8 { }; };", &size_bytes);
    struct arena used_up = {0};
    struct dt dt = {.blob = blob, .arena = &used_up};
    int plain = fdt_path_offset(blob, "/plain"), serial = fdt_path_offset(blob, "/serial@2f8");

    (void)state;
    assert_true(dt_is_named(&dt, plain, "plain") && dt_is_named(&dt, serial, "serial@"));
    assert_false(dt_is_named(&dt, serial, "serial") || dt_is_named(&dt, serial, "serial@2"));
    assert_int_equal(dt_find(&dt, 0, "serial@"), serial);
    assert_int_equal(dt_find(&dt, 0, "serial"), -1);
    assert_string_equal(dt_path(&dt, serial), "/serial@2f8");
    assert_string_equal(dt_keep_path(&dt, serial), "a node");
    free(blob);
}

/* The first place where the name stands gets another of the same length. */
static void rename_first(char *blob, size_t size_bytes, const char *from, const char *to) {
    size_t length = strlen(from);
    char *at = blob;

    while (memcmp(at, from, length + 1) != 0)
        assert_true(++at + length < blob + size_bytes);
    memcpy(at, to, length);
}

/* dtc merges what has one name; in a blob made otherwise it is an error. */
static void test_repeated(void **state) {
    const char *source = "/dts-v1/; / { model = \"a\"; modem = \"b\"; isa { }; isb { }; };";
    uint8_t memory[256];
    size_t size_bytes;
    char *blob = dts_compile(source, &size_bytes);
    struct dt dt = {.blob = blob,
                    .arena = &(struct arena){.next = memory, .end = memory + sizeof(memory)},
                    .report = &findings.report};

    (void)state;
    rename_first(blob, size_bytes, "modem", "model");
    rename_first(blob, size_bytes, "isb", "isa");
    assert_int_equal(fdt_check_full(blob, size_bytes), 0);
    findings_init(&findings);
    dt_check_names(&dt, 0, "model", "isa");
    findings_expect(&findings, "repeated",
                    "/model: found it a second time, want it once\n"
                    "/isa: found a second node of this name, want one\n");
    free(blob);
}

/* Names are looked up as whole words: no part of one is known, nor several in one. */
static void test_words(void **state) {
    const char *source = "/dts-v1/; / { model = \"a\"; mode = \"b\"; models = \"c\"; model-reg = \"d\"; reg = \"e\"; "
                         "isa { }; serial@1 { }; serial@2 { }; serial { }; isa@1 { }; };";
    uint8_t memory[256];
    size_t size_bytes;
    char *blob = dts_compile(source, &size_bytes);
    struct dt dt = {.blob = blob,
                    .arena = &(struct arena){.next = memory, .end = memory + sizeof(memory)},
                    .report = &findings.report};

    (void)state;
    rename_first(blob, size_bytes, "model-reg", "model reg");
    findings_init(&findings);
    dt_check_names(&dt, 0, "model reg", "isa serial@");
    assert_int_equal(dt_choice(&dt, 0, "mode", "a b c"), 1);
    assert_int_equal(dt_choice(&dt, 0, "mode", "ab bc"), -1);
    findings_expect(&findings, "words",
                    "/mode: found an unknown property, want none\n"
                    "/models: found an unknown property, want none\n"
                    "/model reg: found an unknown property, want none\n"
                    "/serial: found an unknown node, want none\n"
                    "/isa@1: found an unknown node, want none\n"
                    "/mode: found \"b\", want \"ab\" or \"bc\"\n");
    free(blob);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_blob),   cmocka_unit_test(test_truncated), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_any_byte),  cmocka_unit_test(test_names),     cmocka_unit_test(test_small_arena),
        cmocka_unit_test(test_long_path), cmocka_unit_test(test_repeated),  cmocka_unit_test(test_old_version),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
