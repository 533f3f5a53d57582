/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c: configuration, memory and images in one check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partitions/system.h"
#include "tests/host/dts.h"
#include "tests/host/test.h"

#define P0 "/partitions/partition@0"
#define P1 "/partitions/partition@1"

/* The smallest ELF32 that runs: one page at 1 MiB, where both partitions of dts_good have memory. */
static uint32_t elf[21] = {
    0x464c457f, 0x00010101, 0,        0,                     /* e_ident */
    0x00030002, 1,          0x100000,                        /* executable, 386; entry */
    52,         0,          0,        0x00200034, 1, 0,      /* one program header of 32 bytes at 52 */
    1,          0,          0,        0x100000,   0, 0x1000, /* PT_LOAD at 1 MiB */
    7,          0x1000,
};

static struct findings findings;

static void check(const char *source, const struct image_file *files, unsigned file_count, uint64_t ram_bytes,
                  struct system *system) {
    static uint8_t memory[1 << 16];
    struct range ram = {MIB, ram_bytes};
    struct host_memory host = {.usable = &ram, .usable_count = 1};
    size_t size_bytes;
    void *blob = dts_compile(source, &size_bytes);

    findings_init(&findings);
    *system = (struct system){.files = files, .file_count = file_count};
    system_check(system, blob, size_bytes, &host, &(struct arena){.next = memory, .end = memory + sizeof(memory)},
                 &findings.report);
    free(blob);
}

static const struct image_file files[] = {
    {"other.elf", elf, sizeof(elf)},
    {"two.elf", elf, sizeof(elf)},
    {"one.elf", elf, sizeof(elf)},
    {"text", "no ELF", 6},
};

/* Without the images: for one who has only the configuration. */
static void check_memory(const char *source, struct system *system) {
    static uint8_t memory[1 << 16];
    const struct range ram = {MIB, 255 * MIB};
    const struct host_memory host = {.usable = &ram, .usable_count = 1};
    size_t size_bytes;
    void *blob = dts_compile(source, &size_bytes);

    findings_init(&findings);
    *system = (struct system){.file_count = 0};
    config_parse(&system->config, blob, size_bytes, &(struct arena){.next = memory, .end = memory + sizeof(memory)},
                 &findings.report);
    if (findings.report.errors == 0)
        memory_place(&system->config, &host, &findings.report);
    free(blob);
}

static void test_memory_only(void **state) {
    char *wrong = dts_replace(dts_good, "<1000>", "<1>");
    char *large = dts_replace(dts_good, "0 0x1000000>", "0 0x20000000>");
    struct system system;

    (void)state;
    check_memory(dts_good, &system);
    findings_expect(&findings, "good", "");
    assert_int_equal(system.config.partitions[0].windows[0].hpa.value, 2 * MIB);
    assert_int_equal(system.config.partitions[1].windows[0].hpa.value, 19 * MIB);
    check_memory(large, &system);
    findings_expect(
        &findings, "large",
        P0 "/memory@0/reg: found 0x20000000 bytes, want at most 0x7e00000, which fit into the RAM that is left; "
           "make windows smaller or give the machine more memory\n");
    check_memory(wrong, &system);
    findings_expect(&findings, "wrong",
                    "/schedule/slot-us: found 1, want 50 to 1000000; a slot is given in microseconds\n");
    assert_int_equal(system.config.partitions[0].windows[0].hpa.value, 0);
    free(wrong);
    free(large);
}

static void test_good(void **state) {
    struct system system;

    (void)state;
    check(dts_good, files, ARRAY_LENGTH(files), 255 * MIB, &system);
    findings_expect(&findings, "good", "");
    assert_int_equal(system.config.partition_count, 2);
    assert_int_equal(system.config.partitions[0].windows[0].hpa.value, 2 * MIB);
    assert_int_equal(system.config.partitions[1].windows[0].hpa.value, 19 * MIB);
    assert_int_equal(system.config.partitions[1].windows[1].hpa.value, 128 * MIB);
}

static void test_find(void **state) {
    static uint32_t copies[3][ARRAY_LENGTH(elf)];
    const struct image_file own[] = {{"other.elf", copies[0], sizeof(elf)},
                                     {"two.elf", copies[1], sizeof(elf)},
                                     {"one.elf", copies[2], sizeof(elf)}};
    const struct system system = {.files = own, .file_count = ARRAY_LENGTH(own)};
    struct window_config window = {.gpa = {MIB}, .size_bytes = MIB, .writable = true, .executable = true};
    const struct {
        const char *name;
        const uint32_t *found; /* NULL: none */
    } cases[] = {{"one.elf", copies[2]}, {"other.elf", copies[0]}, {"one", NULL}, {"one.elf2", NULL}, {"", NULL}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(copies); i++)
        memcpy(copies[i], elf, sizeof(elf));
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct partition_config partition = {
            .path = "/p", .image = cases[i].name, .windows = &window, .window_count = 1};
        struct image_plan plan;
        char lines[200] = "";

        findings_init(&findings);
        system_plan_image(&system, &partition, &plan, &findings.report);
        if (cases[i].found)
            assert_ptr_equal(plan.segments[0].file, cases[i].found);
        else
            snprintf(lines, sizeof(lines),
                     "/p/image: found no file \"%s\", want it loaded as a module; "
                     "loaded are: other.elf, two.elf, one.elf\n",
                     cases[i].name);
        findings_expect(&findings, "find", lines);
    }
}

/* Modules are looked for by their own property, each of them, and none where there is none. */
static void test_modules(void **state) {
    char *source = dts_replace(dts_good, "image = \"one.elf\";",
                               "image = \"one.elf\"; modules = \"initrd\", \"text\", \"two\", \"text\";");
    struct system system;

    (void)state;
    check(source, files, ARRAY_LENGTH(files), 255 * MIB, &system);
    assert_int_equal(system.config.partitions[0].module_count, 4);
    assert_string_equal(system.config.partitions[0].modules[2], "two");
    assert_int_equal(system.config.partitions[1].module_count, 0);
    findings_expect(&findings, "not there",
                    P0 "/modules: found no file \"initrd\", want it loaded as a module; "
                       "loaded are: other.elf, two.elf, one.elf, text\n" P0
                       "/modules: found no file \"two\", want it loaded as a module; "
                       "loaded are: other.elf, two.elf, one.elf, text\n" P0
                       "/modules: found them beside one.elf, want them beside a Multiboot, PVH or Linux kernel\n");
    free(source);
}

/* Each is the file of its name, in the order of the property; one may be there twice. */
static void test_modules_of_kernel(void **state) {
    static uint32_t kernel[24];
    struct image_file own[] = {{"x", "1", 1}, {"kernel", kernel, sizeof(kernel)}, {"y", "22", 2}, {"z", "333", 3}};
    const struct system system = {.files = own, .file_count = ARRAY_LENGTH(own)};
    struct window_config window = {.gpa = {MIB}, .size_bytes = MIB, .writable = true, .executable = true};
    struct partition_config partition = {.path = "/p",
                                         .image = "kernel",
                                         .modules = {"z", "x", "z", "y"},
                                         .module_count = 4,
                                         .windows = &window,
                                         .window_count = 1};
    struct image_plan plan;

    (void)state;
    memcpy(kernel, elf, sizeof(elf));
    kernel[21] = 0x1badb002;
    kernel[23] = -kernel[21];
    findings_init(&findings);
    system_plan_image(&system, &partition, &plan, &findings.report);
    findings_expect(&findings, "kernel", "");
    assert_int_equal(plan.module_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        static const unsigned numbers[] = {3, 0, 3, 2};

        assert_ptr_equal(image_modules(&plan)[i].file, own[numbers[i]].data);
        assert_int_equal(image_modules(&plan)[i].file_bytes, own[numbers[i]].size_bytes);
    }
    own[0].size_bytes = 2 * MIB; /* and more than one thing can be wrong */
    partition.modules[0] = "none";
    findings_init(&findings);
    system_plan_image(&system, &partition, &plan, &findings.report);
    findings_expect(&findings, "none, and too large",
                    "/p/modules: found no file \"none\", want it loaded as a module; loaded are: x, kernel, y, z\n"
                    "/p/modules: found x with 0x200000 bytes, want them between the kernel and the window's end; "
                    "enlarge the first window\n"
                    "/p/modules: found z with 0x3 bytes, want them between the kernel and the window's end; "
                    "enlarge the first window\n"
                    "/p/modules: found y with 0x2 bytes, want them between the kernel and the window's end; "
                    "enlarge the first window\n");
}

static void test_missing(void **state) {
    struct system system;

    (void)state;
    check(dts_good, NULL, 0, 255 * MIB, &system);
    findings_expect(&findings, "no module",
                    P0 "/image: found no file \"one.elf\", want it loaded as a module; "
                       "no module is loaded\n" P1 "/image: found no file \"two.elf\", want it loaded as a module; "
                       "no module is loaded\n");
    check(dts_good, files, 2, 255 * MIB, &system);
    findings_expect(&findings, "one of two",
                    P0 "/image: found no file \"one.elf\", want it loaded as a module; "
                       "loaded are: other.elf, two.elf\n");
}

/* Memory and images are both looked at, each partition's. */
static void test_all_errors(void **state) {
    char *source = dts_replace(dts_good, "\"one.elf\"", "\"text\"");
    struct system system;

    (void)state;
    check(source, files, ARRAY_LENGTH(files), 2 * MIB, &system);
    findings_expect(&findings, "all",
                    P1 "/memory@40000000/host-address: found 0x8000000 to 0x8010000, want it inside RAM, 0x100000 "
                       "to 0x300000; the boot loader's memory map says what is RAM\n" P0
                       "/image: found text that is no kernel, want an ELF file or a bzImage\n");
    free(source);
}

/* With a wrong configuration nothing else is looked at. */
static void test_configuration_first(void **state) {
    char *source = dts_replace(dts_good, "<1000>", "<1>");
    struct system system;

    (void)state;
    check(source, NULL, 0, 0, &system);
    findings_expect(&findings, "first",
                    "/schedule/slot-us: found 1, want 50 to 1000000; a slot is given in microseconds\n");
    free(source);
}

/* How many the machine has is known at boot, and to the checker of some boards. */
static void test_processors(void **state) {
    static uint8_t memory[1 << 16];
    const struct range ram = {MIB, 255 * MIB};
    const struct host_memory host = {.usable = &ram, .usable_count = 1};
    char *source =
        dts_replace(dts_good, "schedule { compatible = \"shikiri,round-robin\"; slot-us = <1000>; };",
                    "cpus { #address-cells = <1>; #size-cells = <0>; cpu@3 { device_type = \"cpu\"; reg = <3>; "
                    "schedule { compatible = \"shikiri,round-robin\"; slot-us = <1000>; "
                    "partitions = <&{/partitions/partition@0} &{/partitions/partition@1}>; }; }; };");
    const unsigned machine_cpus[] = {0, 1, 3, 4};
    size_t size_bytes;
    void *blob = dts_compile(source, &size_bytes);
    char lines[200];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(machine_cpus); i++) {
        struct system system = {.files = files, .file_count = ARRAY_LENGTH(files), .machine_cpus = machine_cpus[i]};

        findings_init(&findings);
        system_check(&system, blob, size_bytes, &host, &(struct arena){.next = memory, .end = memory + sizeof(memory)},
                     &findings.report);
        snprintf(lines, sizeof(lines),
                 "/cpus/cpu@3/schedule: found it for processor 3, want 0 to %u, as many as the machine has; "
                 "give the machine more, in QEMU by -smp\n",
                 machine_cpus[i] - 1);
        findings_expect(&findings, "processors", machine_cpus[i] == 0 || machine_cpus[i] > 3 ? "" : lines);
    }
    free(blob);
    free(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_memory_only), cmocka_unit_test(test_processors),
        cmocka_unit_test(test_find),    cmocka_unit_test(test_modules),     cmocka_unit_test(test_modules_of_kernel),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_all_errors),  cmocka_unit_test(test_configuration_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
