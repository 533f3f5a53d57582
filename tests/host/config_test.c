/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c: what each kind of node may hold, and the structs that come of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/host/dts.h"
#include "tests/host/test.h"

#define P0 "/partitions/partition@0"
#define P1 "/partitions/partition@1"
#define M0 P0 "/memory@0"
#define M1 P1 "/memory@40000000"
#define S0 P0 "/isa/serial@3f8"

#define UNKNOWN_PROPERTY ": found an unknown property, want none\n"
#define UNKNOWN_NODE     ": found an unknown node, want none\n"
#define LABEL_HINT       "; it stands in front of every line the partition prints\n"
#define LABEL_WANT       ", want 1 to 15 letters, digits, '.', '_' or '-', and not our own \"shikiri\"" LABEL_HINT
#define N31              "0123456789012345678901234567890"
#define IMAGE_WANT                                                                                                     \
    ", want the name of a module, 1 to 63 characters without '/' and spaces; name the file without its folder\n"
#define WINDOW "memory@40000000 { device_type = \"memory\"; "
#define ISA_HINT                                                                                                       \
    ", want <1 0x3f8 8> for shikiri,console, or <1 PORT 8> with PORT 0x2f8, 0x3e8 or 0x2e8 for ns16550a; "             \
    "COM1 belongs to the hypervisor; compatible = \"shikiri,console\" is an emulated UART on it\n"

static const struct dts_case system_cases[] = {
    {"good", "good", "good", ""},
    {"no model", "model = \"good\";", "", ""},
    {"symbols", "schedule {", "s: schedule { phandle = <1>;", ""},
    {"memory reservation", "/ {", "/memreserve/ 0x3000000 0x1000; / {",
     "device tree: found 1 memory reservations, want no /memreserve/; memory that no window has is left alone "
     "anyway\n"},
    {"root property", "model =", "modle =", "/modle" UNKNOWN_PROPERTY},
    {"root node", "schedule {", "chosen {}; schedule {", "/chosen" UNKNOWN_NODE},
    {"root compatible", "shikiri,system", "other,system",
     "/compatible: found \"other,system\", want \"shikiri,system\"\n"},
    {"no root compatible", "compatible = \"shikiri,system\";", "", "/compatible: found nothing, want a string\n"},
    {"model", "\"good\"", "<1>", "/model: found 4 bytes that are not one string, want one string\n"},
    {"second schedule", "schedule {", "schedule@1 {}; schedule {", "/schedule@1" UNKNOWN_NODE},
    {"second partitions", "schedule {", "partitions@1 {}; schedule {", "/partitions@1" UNKNOWN_NODE},
    {"no schedule", "schedule {", "scheduler {", "/scheduler" UNKNOWN_NODE "/: found no node \"schedule\", want one\n"},
    {"no partitions", "partitions {", "guests {", "/guests" UNKNOWN_NODE "/: found no node \"partitions\", want one\n"},
    {"partitions address", "#address-cells = <1>", "#address-cells = <2>",
     "/partitions/#address-cells: found 2, want 1\n"},
    {"partitions size", "#size-cells = <0>", "#size-cells = <1>", "/partitions/#size-cells: found 1, want 0\n"},
    {"partitions property", "#size-cells = <0>;", "#size-cells = <0>; ranges;", "/partitions/ranges" UNKNOWN_PROPERTY},
    {"partitions node", "partition@0 {", "partitoin@2 {}; partition@0 {", "/partitions/partitoin@2" UNKNOWN_NODE},
};

#define MODULES_WANT   ", want 1 to 4\n"
#define MODULES(value) "image = \"one.elf\";", "image = \"one.elf\"; modules = " value ";"
#define OWN_PROCESSOR  "; each has a processor of its own\n"

static const struct dts_case partition_cases[] = {
    {"property", "label =", "owner = <1>; label =", P0 "/owner" UNKNOWN_PROPERTY},
    {"node", "vga {", "pci {}; vga {", P0 "/pci" UNKNOWN_NODE},
    {"near node", "vga {", "vag {", P0 "/vag" UNKNOWN_NODE},
    {"compatible", "shikiri,partition", "partition",
     P0 "/compatible: found \"partition\", want \"shikiri,partition\"\n"},
    {"address cells", "#address-cells = <2>", "#address-cells = <1>", P0 "/#address-cells: found 1, want 2\n"},
    {"no size cells", "#size-cells = <2>;", "", P0 "/#size-cells: found nothing, want 2\n"},
    {"no reg", "reg = <0>;", "", P0 "/reg: found nothing, want 0 to 4294967295\n"},
    {"unit address", "reg = <0>;", "reg = <16>;",
     P0 ": found unit address \"0\", want \"10\"; the unit address repeats the address in reg\n"},
    {"no unit address", "partition@0 {", "partition {", "/partitions/partition" UNKNOWN_NODE},
    {"second screen", "vga {", "vga@1 { compatible = \"shikiri,vga-text\"; }; vga {", P0 "/vga@1" UNKNOWN_NODE},
    {"second bus", "isa {", "isa@1 { compatible = \"isa\"; }; isa {", P0 "/isa@1" UNKNOWN_NODE},
    {"no label", "label = \"one\";", "", P0 "/label: found nothing, want a string\n"},
    {"empty label", "\"one\"", "\"\"", P0 "/label: found \"\"" LABEL_WANT},
    {"longest label", "\"one\"", "\"09azAZ._-abcdef\"", ""},
    {"long label", "\"one\"", "\"09azAZ._-abcdefg\"", P0 "/label: found \"09azAZ._-abcdefg\"" LABEL_WANT},
    {"our label", "\"one\"", "\"shikiri\"", P0 "/label: found \"shikiri\"" LABEL_WANT},
    {"label with space", "\"one\"", "\"o ne\"", P0 "/label: found \"o ne\"" LABEL_WANT},
    {"two labels", "\"one\"", "\"one\", \"1\"", P0 "/label: found 6 bytes that are not one string, want one string\n"},
    {"no image", "image = \"one.elf\";", "", P0 "/image: found nothing, want a string\n"},
    {"empty image", "\"one.elf\"", "\"\"", P0 "/image: found \"\"" IMAGE_WANT},
    {"longest image", "\"one.elf\"", "\"" N31 N31 "3\"", ""},
    {"long image", "\"one.elf\"", "\"" N31 N31 "34\"", P0 "/image: found \"" N31 N31 "34\"" IMAGE_WANT},
    {"image with a folder", "\"one.elf\"", "\"a/one.elf\"", P0 "/image: found \"a/one.elf\"" IMAGE_WANT},
    {"image with a space", "\"one.elf\"", "\"one.elf x\"", P0 "/image: found \"one.elf x\"" IMAGE_WANT},
    {"one module", MODULES("\"a\""), ""},
    {"four modules", MODULES("\"a\", \"b\", \"a\", \"" N31 N31 "3\""), ""},
    {"no string among the modules", "image = \"one.elf\";", "image = \"one.elf\"; modules;",
     P0 "/modules: found 0 strings" MODULES_WANT},
    {"five modules", MODULES("\"a\", \"b\", \"c\", \"d\", \"e\""), P0 "/modules: found 5 strings" MODULES_WANT},
    {"modules as a cell", MODULES("<0x61626364>"), P0 "/modules: found 0 strings" MODULES_WANT},
    {"modules without their last end", MODULES("[61 00 62]"), P0 "/modules: found 0 strings" MODULES_WANT},
    {"empty module", MODULES("\"\""), P0 "/modules: found \"\"" IMAGE_WANT},
    {"zero for modules", MODULES("[00 00]"), P0 "/modules: found \"\"" IMAGE_WANT P0 "/modules: found \"\"" IMAGE_WANT},
    {"second module with a folder", MODULES("\"a\", \"b/c\", \"d\""), P0 "/modules: found \"b/c\"" IMAGE_WANT},
    {"fourth module with a space", MODULES("\"a\", \"b\", \"c\", \"d e\""), P0 "/modules: found \"d e\"" IMAGE_WANT},
    {"third module too long", MODULES("\"a\", \"b\", \"" N31 N31 "34\""),
     P0 "/modules: found \"" N31 N31 "34\"" IMAGE_WANT},
    {"ramdisk", "image = \"one.elf\";", "image = \"one.elf\"; ramdisk = \"a\";", P0 "/ramdisk" UNKNOWN_PROPERTY},
    {"misspelt", "label = \"one\"", "lable = \"one\"",
     P0 "/lable" UNKNOWN_PROPERTY P0 "/label: found nothing, want a string\n"},
    {"misspelt, and another missing", "label = \"one\"; image = \"one.elf\";", "lable = \"one\";",
     P0 "/lable" UNKNOWN_PROPERTY P0 "/label: found nothing, want a string\n" P0
        "/image: found nothing, want a string\n"},
    {"misspelt, and missing in another node",
     "reg = <0 0x100000 0 0x200000>; };\n" WINDOW "reg = <0 0x40000000 0 0x10000>;",
     "rge = <0 0x100000 0 0x200000>; };\n" WINDOW,
     P1 "/memory@100000/rge" UNKNOWN_PROPERTY P1 "/memory@100000/reg: found nothing, want 4 cells of 32 bits\n" M1
        "/reg: found nothing, want 4 cells of 32 bits\n"},
    {"misspelt and there", "label = \"one\"", "label = \"one\"; labels = \"one\"", P0 "/labels" UNKNOWN_PROPERTY},
    {"empty property as image", "image = \"one.elf\";", "image;",
     P0 "/image: found 0 bytes that are not one string, want one string\n"},
    {"bootargs", "\"a=1 b\"", "<0x61626300 0>",
     P1 "/bootargs: found 8 bytes that are not one string, want one string\n"},
    {"ports ignored", "\"fault\"", "\"ignore\"", ""},
    {"one vCPU", "label =", "vcpus = <1>; label =", ""},
    {"no vCPU", "label =", "vcpus = <0>; label =", P0 "/vcpus: found 0, want 1 to 16" OWN_PROCESSOR},
    {"many vCPUs", "label =", "vcpus = <17>; label =", P0 "/vcpus: found 17, want 1 to 16" OWN_PROCESSOR},
    {"two cells of vCPUs",
     "label =", "vcpus = <1 1>; label =", P0 "/vcpus: found 8 bytes, want 4: 1 cell of 32 bits\n"},
    {"ports", "\"fault\"", "\"panic\"", P1 "/unowned-ports: found \"panic\", want \"ignore\" or \"fault\"\n"},
    {"ports no string", "\"fault\"", "<1>",
     P1 "/unowned-ports: found 4 bytes that are not one string, want one string\n"},
    {"no memory", "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x1000000>; };", "",
     P0 ": found 0 memory nodes, want 1 to 16\n"},
};

#define PC     "pc { compatible = \"shikiri,pc\"; "
#define IN_TWO "memory@100000 {" /* in the second partition, whose UART is the machine's own */

static const struct dts_case device_cases[] = {
    {"memory property", "reg = <0 0 0 ", "cached; reg = <0 0 0 ", M0 "/cached" UNKNOWN_PROPERTY},
    {"memory node", "0x1000000>;", "0x1000000>; page {};", M0 "/page" UNKNOWN_NODE},
    {"device type", "device_type = \"memory\"", "device_type = \"cpu\"",
     M0 "/device_type: found \"cpu\", want \"memory\"\n"},
    {"read-only", "read-only;", "read-only = <0>;",
     M1 "/read-only: found 4 bytes, want an empty property; the property's presence is its meaning\n"},
    {"no-execute", "no-execute;", "no-execute = \"\";",
     M1 "/no-execute: found 1 bytes, want an empty property; the property's presence is its meaning\n"},
    {"host-address", "<0 0x8000000>", "<0x8000000>", M1 "/host-address: found 4 bytes, want 8: 2 cells of 32 bits\n"},
    {"reg", "<0 0x40000000 0 0x10000>", "<0x40000000 0x10000>",
     M1 "/reg: found 8 bytes, want 16: 4 cells of 32 bits\n"},
    {"memory address", "memory@40000000", "memory@0x40000000",
     P1 "/memory@0x40000000: found unit address \"0x40000000\", want \"40000000\"; "
        "the unit address repeats the address in reg\n"},
    {"vga property", "shikiri,vga-text\";", "shikiri,vga-text\"; reg = <0>;", P0 "/vga/reg" UNKNOWN_PROPERTY},
    {"vga node", "shikiri,vga-text\";", "shikiri,vga-text\"; font {};", P0 "/vga/font" UNKNOWN_NODE},
    {"apic property", "vga {", "interrupt-controller { compatible = \"shikiri,x2apic\"; reg = <0>; }; vga {",
     P0 "/interrupt-controller/reg" UNKNOWN_PROPERTY},
    {"apic node", "vga {", "interrupt-controller { compatible = \"shikiri,x2apic\"; timer {}; }; vga {",
     P0 "/interrupt-controller/timer" UNKNOWN_NODE},
    {"apic compatible", "vga {", "interrupt-controller { compatible = \"ioapic\"; }; vga {",
     P0 "/interrupt-controller/compatible: found \"ioapic\", want \"shikiri,x2apic\"\n"},
    {"apic", "vga {", "interrupt-controller { compatible = \"shikiri,x2apic\"; }; vga {", ""},
    {"pc", IN_TWO, PC "};" IN_TWO, ""},
    {"pc property", IN_TWO, PC "reg = <0>; };" IN_TWO, P1 "/pc/reg" UNKNOWN_PROPERTY},
    {"pc node", IN_TWO, PC "timer {}; };" IN_TWO, P1 "/pc/timer" UNKNOWN_NODE},
    {"pc compatible", IN_TWO, "pc { compatible = \"shikiri,x2apic\"; };" IN_TWO,
     P1 "/pc/compatible: found \"shikiri,x2apic\", want \"shikiri,pc\"\n"},
    {"no pc compatible", IN_TWO, "pc { };" IN_TWO, P1 "/pc/compatible: found nothing, want a string\n"},
    {"pc with an address", IN_TWO, "pc@1 { compatible = \"shikiri,pc\"; };" IN_TWO, P1 "/pc@1" UNKNOWN_NODE},
    {"vga compatible", "shikiri,vga-text", "vga", P0 "/vga/compatible: found \"vga\", want \"shikiri,vga-text\"\n"},
    {"isa property", "compatible = \"isa\";", "compatible = \"isa\"; ranges;", P0 "/isa/ranges" UNKNOWN_PROPERTY},
    {"isa node", "serial@3f8 {", "rtc@70 {}; serial@3f8 {", P0 "/isa/rtc@70" UNKNOWN_NODE},
    {"isa compatible", "\"isa\"", "\"eisa\"", P0 "/isa/compatible: found \"eisa\", want \"isa\"\n"},
    {"isa address", "\"isa\"; #address-cells = <2>", "\"isa\"; #address-cells = <1>",
     P0 "/isa/#address-cells: found 1, want 2\n"},
    {"isa size", "#address-cells = <2>; #size-cells = <1>", "#address-cells = <2>; #size-cells = <2>",
     P0 "/isa/#size-cells: found 2, want 1\n"},
    {"serial property", "reg = <1 0x3f8 8>;", "reg = <1 0x3f8 8>; interrupts = <4>;",
     S0 "/interrupts" UNKNOWN_PROPERTY},
    {"serial node", "reg = <1 0x3f8 8>;", "reg = <1 0x3f8 8>; n {};", S0 "/n" UNKNOWN_NODE},
    {"no serial compatible", "compatible = \"shikiri,console\";", "", S0 "/compatible: found nothing, want a string\n"},
    {"serial typo", "shikiri,console", "shikiri,consol",
     S0 "/compatible: found \"shikiri,consol\", want \"shikiri,console\" or \"ns16550a\"\n"},
    {"serial other", "shikiri,console", "pl011",
     S0 "/compatible: found \"pl011\", want \"shikiri,console\" or \"ns16550a\"\n"},
    {"serial other, elsewhere", "serial@3f8 { compatible = \"shikiri,console\"; reg = <1 0x3f8 8>",
     "serial@2f8 { compatible = \"pl011\"; reg = <1 0x2f8 8>",
     P0 "/isa/serial@2f8/compatible: found \"pl011\", want \"shikiri,console\" or \"ns16550a\"\n"},
    {"serial reg", "<1 0x3f8 8>", "<0x3f8 8>", S0 "/reg: found 8 bytes, want 12: 3 cells of 32 bits\n"},
    {"serial address", "serial@3f8", "serial@2e8",
     P0 "/isa/serial@2e8: found unit address \"2e8\", want \"3f8\"; the unit address repeats the address in reg\n"},
    {"serial space", "<1 0x3f8 8>", "<0 0x3f8 8>", S0 "/reg: found <0 0x3f8 8>" ISA_HINT},
    {"serial count", "<1 0x3f8 8>", "<1 0x3f8 4>", S0 "/reg: found <1 0x3f8 4>" ISA_HINT},
    {"serial port", "serial@3f8 { compatible = \"shikiri,console\"; reg = <1 0x3f8 8>",
     "serial@103f8 { compatible = \"shikiri,console\"; reg = <1 0x103f8 8>",
     P0 "/isa/serial@103f8/reg: found <1 0x103f8 8>" ISA_HINT},
    {"several", "schedule { compatible = \"shikiri,round-robin\"; slot-us = <1000>; };",
     "schedule { compatible = \"shikiri,round-robin\"; slot-ms = <1>; frame {}; };",
     "/schedule/slot-ms" UNKNOWN_PROPERTY "/schedule/frame" UNKNOWN_NODE
     "/schedule/slot-us: found nothing, want 50 to 1000000\n"},
};

static void test_system(void **state) {
    (void)state;
    dts_check(system_cases, ARRAY_LENGTH(system_cases));
}

static void test_partition(void **state) {
    (void)state;
    dts_check(partition_cases, ARRAY_LENGTH(partition_cases));
}

static void test_device(void **state) {
    (void)state;
    dts_check(device_cases, ARRAY_LENGTH(device_cases));
}

/* The good system with `count` times `format`, of a number, in front of `before`. */
static void check_many(const char *before, const char *format, unsigned first, unsigned count, const char *lines) {
    static char text[1 << 17];
    size_t length = 0;

    for (unsigned i = first; i < first + count; i++)
        length += (size_t)sprintf(text + length, format, i, i, i, i);
    sprintf(text + length, "%s", before);
    dts_check(&(struct dts_case){before, before, text, lines}, 1);
}

static void test_numbers(void **state) {
    const char partition[] = "partition@%x { compatible = \"shikiri,partition\"; reg = <%u>; label = \"p%u\"; "
                             "image = \"i\"; #address-cells = <2>; #size-cells = <2>; "
                             "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x9000>; }; };\n";
    const char window[] = "memory@900%02x000 { device_type = \"memory\"; reg = <0 0x900%02x000 0 0x1000>; };\n";

    (void)state;
    check_many("partition@0 {", partition, 2, 254, "");
    check_many("partition@0 {", partition, 2, 255, "/partitions: found 257 partitions, want 1 to 256\n");
    check_many("vga {", window, 1, 15, "");
    check_many("vga {", window, 1, 16, P0 ": found 17 memory nodes, want 1 to 16\n");
}

static void test_no_partition(void **state) {
    static struct findings findings;
    struct config config;

    (void)state;
    dts_parse("/dts-v1/; / { compatible = \"shikiri,system\"; schedule { compatible = \"shikiri,round-robin\"; "
              "slot-us = <100>; }; partitions { #address-cells = <1>; #size-cells = <0>; }; };",
              &config, &findings);
    findings_expect(&findings, "none", "/partitions: found 0 partitions, want 1 to 256\n");
    assert_string_equal(config.model, "");
}

static void test_bootargs_length(void **state) {
    char text[2100];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[0] = '"';
    strcpy(text + 2048, "\"");
    dts_check(&(struct dts_case){"longest", "\"a=1 b\"", text, ""}, 1);
    strcpy(text + 2048, "x\"");
    dts_check(
        &(struct dts_case){"too long", "\"a=1 b\"", text, P1 "/bootargs: found 2048 characters, want at most 2047\n"},
        1);
}

static void test_content(void **state) {
    static struct findings findings;
    struct config config;

    (void)state;
    dts_parse(dts_good, &config, &findings);
    findings_expect(&findings, "good", "");
    assert_string_equal(config.model, "good");
    assert_int_equal(config.partition_count, 2);

    const struct partition_config *one = &config.partitions[0], *two = &config.partitions[1];

    assert_string_equal(one->path, P0);
    assert_string_equal(one->label, "one");
    assert_string_equal(one->image, "one.elf");
    assert_string_equal(one->bootargs, "");
    assert_false(one->fault_on_unowned_port);
    assert_int_equal(one->window_count, 1);
    assert_string_equal(one->windows[0].path, M0);
    assert_int_equal(one->windows[0].gpa.value, 0);
    assert_int_equal(one->windows[0].size_bytes, 0x1000000);
    assert_true(one->windows[0].writable && one->windows[0].executable && !one->windows[0].fixed);
    assert_int_equal(one->device_count, 2);
    assert_int_equal(one->devices[0].kind, DEVICE_VGA_TEXT);
    assert_string_equal(one->devices[0].path, P0 "/vga");
    assert_int_equal(one->devices[1].kind, DEVICE_CONSOLE);
    assert_int_equal(one->devices[1].port, 0x3f8);
    assert_true(config_vga(one));

    assert_string_equal(two->bootargs, "a=1 b");
    assert_true(two->fault_on_unowned_port);
    assert_int_equal(two->window_count, 2);
    assert_int_equal(two->windows[0].gpa.value, 0x100000);
    assert_int_equal(two->windows[1].gpa.value, 0x40000000);
    assert_int_equal(two->windows[1].size_bytes, 0x10000);
    assert_int_equal(two->windows[1].hpa.value, 0x8000000);
    assert_true(two->windows[1].fixed && !two->windows[1].writable && !two->windows[1].executable);
    assert_int_equal(two->devices[0].kind, DEVICE_UART);
    assert_int_equal(two->devices[0].port, 0x2f8);
    assert_string_equal(two->devices[0].path, P1 "/isa/serial@2f8");
    assert_false(config_vga(two));
}

static void test_modules(void **state) {
    static const char *const names[] = {"a", "bb", "a", "c"};
    static struct findings findings;
    char *source =
        dts_replace(dts_good, "image = \"one.elf\";", "image = \"k\"; modules = \"a\", \"bb\", \"a\", \"c\";");
    struct config config;

    (void)state;
    dts_parse(source, &config, &findings);
    findings_expect(&findings, "modules", "");
    assert_int_equal(config.partitions[0].module_count, ARRAY_LENGTH(names));
    for (unsigned i = 0; i < ARRAY_LENGTH(names); i++)
        assert_string_equal(config.partitions[0].modules[i], names[i]);
    assert_int_equal(config.partitions[1].module_count, 0);
    free(source);
}

/* One node, four devices. */
static void test_pc(void **state) {
    const enum device_kind kinds[] = {DEVICE_CONSOLE, DEVICE_X2APIC, DEVICE_PIT, DEVICE_CMOS};
    char *source = dts_replace(dts_good, IN_TWO, PC "};" IN_TWO);
    static struct findings findings;
    struct config config;

    (void)state;
    dts_parse(source, &config, &findings);
    free(source);
    findings_expect(&findings, "pc", "");

    const struct partition_config *two = &config.partitions[1];

    assert_int_equal(two->device_count, ARRAY_LENGTH(kinds) + 1);
    for (unsigned i = 0; i < ARRAY_LENGTH(kinds); i++) {
        assert_int_equal(two->devices[i].kind, kinds[i]);
        assert_string_equal(two->devices[i].path, P1 "/pc");
    }
    assert_int_equal(two->devices[ARRAY_LENGTH(kinds)].kind, DEVICE_UART);
    assert_false(config_vga(two));
    assert_int_equal(config.partitions[0].device_count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system),  cmocka_unit_test(test_partition),       cmocka_unit_test(test_device),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_no_partition),    cmocka_unit_test(test_content),
        cmocka_unit_test(test_modules), cmocka_unit_test(test_bootargs_length), cmocka_unit_test(test_pc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
