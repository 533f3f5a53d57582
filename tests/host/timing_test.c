/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timing.c: processors and their schedules, and what they must agree on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/host/dts.h"
#include "tests/host/test.h"

#define SHORT "schedule { compatible = \"shikiri,round-robin\"; slot-us = <1000>; };"
#define ONE   "&{/partitions/partition@0}"
#define TWO   "&{/partitions/partition@1}"
#define COUNT "#address-cells = <1>; #size-cells = <0>; "

#define ROBIN(partitions)                                                                                              \
    "schedule { compatible = \"shikiri,round-robin\"; slot-us = <500>; partitions = <" partitions ">; }; "
#define CYCLIC(plans)              "schedule { compatible = \"shikiri,cyclic\"; frame-us = <1000>; " COUNT plans "}; "
#define PLAN(number, slots)        "plan@" number " { reg = <" number ">; " COUNT slots "}; "
#define TIMES(offset, duration)    "offset-us = <" offset ">; duration-us = <" duration ">; "
#define SLOT(number, times, owner) "slot@" number " { reg = <" number ">; " times "partition = <" owner ">; }; "
#define CPU(number, schedule)      "cpu@" number " { device_type = \"cpu\"; reg = <0x" number ">; " schedule "}; "
#define CPUS(cpus)                 "cpus { " COUNT cpus "}; "

#define SLOT_0 SLOT("0", TIMES("0", "300"), ONE)
#define SLOT_1 SLOT("1", TIMES("300", "700"), TWO)
#define FRAME  CYCLIC(PLAN("0", SLOT_0 SLOT_1))

#define S    "/schedule"
#define P    S "/plan@0"
#define C0   "/cpus/cpu@0"
#define C1   "/cpus/cpu@1"
#define PART "/partitions/partition@"

#define UNKNOWN_PROPERTY ": found an unknown property, want none\n"
#define UNKNOWN_NODE     ": found an unknown node, want none\n"
#define US_HINT          "; a slot is given in microseconds\n"
#define REFERENCE                                                                                                      \
    ", want the phandle of a partition; give the partition a label in the source and name it as <&label>\n"
#define SCHEDULES(found, want)                                                                                         \
    ": found it in the schedules of " found ", want " want ", one for each vCPU; a slot's partition names it, or a "   \
    "round robin's partitions; vcpus says how many vCPUs it has\n"
#define NOWHERE      SCHEDULES("0 processors", "1")
#define VCPUS(count) "vcpus = <" count ">; label = \"one\""
#define SLOT_ORDER   "; slots count from 0, in the order of their offsets\n"

static const struct dts_case short_cases[] = {
    {"no slot-us", "slot-us = <1000>;", "", S "/slot-us: found nothing, want 50 to 1000000\n"},
    {"long slot-us", "<1000>", "<0 1000>", S "/slot-us: found 8 bytes, want 4: 1 cell of 32 bits\n"},
    {"short slot", "<1000>", "<49>", S "/slot-us: found 49, want 50 to 1000000" US_HINT},
    {"shortest slot", "<1000>", "<50>", ""},
    {"longest slot", "<1000>", "<1000000>", ""},
    {"long slot", "<1000>", "<1000001>", S "/slot-us: found 1000001, want 50 to 1000000" US_HINT},
    {"near compatible", "shikiri,round-robin", "shikiri,round-robbin",
     S "/compatible: found \"shikiri,round-robbin\", want \"shikiri,round-robin\" or \"shikiri,cyclic\"\n"},
    {"compatible", "round-robin", "edf",
     S "/compatible: found \"shikiri,edf\", want \"shikiri,round-robin\" or \"shikiri,cyclic\"\n"},
    {"no compatible", "schedule { compatible = \"shikiri,round-robin\";", "schedule {",
     S "/compatible: found nothing, want a string\n"},
    {"compatible misspelt", "schedule { compatible", "schedule { compatble",
     S "/compatible: found nothing, want a string\n" S "/compatble" UNKNOWN_PROPERTY},
    {"more than the compatible", "compatible = \"shikiri,round-robin\"; slot-us = <1000>;",
     "compatible = \"x\"; slot-ms = <1>; slots {};",
     S "/compatible: found \"x\", want \"shikiri,round-robin\" or \"shikiri,cyclic\"\n" S "/slot-ms" UNKNOWN_PROPERTY S
       "/slots" UNKNOWN_NODE},
    {"property", "slot-us =", "frame-us = <1>; slot-us =", S "/frame-us" UNKNOWN_PROPERTY},
    {"node", "slot-us = <1000>;", "slot-us = <1000>; slot@0 {};", S "/slot@0" UNKNOWN_NODE},
    {"partitions", SHORT, ROBIN(TWO " " ONE), ""},
    {"one left out", SHORT, ROBIN(TWO), PART "0" NOWHERE},
    {"named twice", SHORT, ROBIN(ONE " " TWO " " ONE), ""},
    {"no partition", SHORT, ROBIN(""), S "/partitions: found 0 bytes, want 4: 1 cell of 32 bits\n"},
    {"phandle of another node", SHORT, ROBIN(ONE " " TWO " &{/partitions}"), S "/partitions: found <0x3>" REFERENCE},
    {"phandle of nothing", SHORT, ROBIN(ONE " " TWO " 77"), S "/partitions: found <0x4d>" REFERENCE},
    {"phandle 0", SHORT, ROBIN("0"), S "/partitions: found <0x0>" REFERENCE},
    {"half a phandle", "slot-us = <1000>;", "slot-us = <1000>; partitions = [00 01 02];",
     S "/partitions: found 3 bytes, want 4: 1 cell of 32 bits\n"},
};

static const struct dts_case cyclic_cases[] = {
    {"good", SHORT, FRAME, ""},
    {"property", SHORT, CYCLIC("slot-us = <50>; " PLAN("0", SLOT_0 SLOT_1)), S "/slot-us" UNKNOWN_PROPERTY},
    {"node", SHORT, CYCLIC("slot@0 {}; " PLAN("0", SLOT_0 SLOT_1)), S "/slot@0" UNKNOWN_NODE},
    {"no frame", SHORT, "schedule { compatible = \"shikiri,cyclic\"; " COUNT PLAN("0", SLOT_0 SLOT_1) "};",
     S "/frame-us: found nothing, want 100 to 10000000\n"},
    {"no plan", SHORT, CYCLIC(""), S ": found 0 plans, want 1 to 8\n"},
    {"plan number", SHORT, CYCLIC(PLAN("1", SLOT_0 SLOT_1)), S "/plan@1/reg: found 1, want 0; plans count from 0\n"},
    {"no slot", SHORT, CYCLIC(PLAN("0", "")), P ": found 0 slots, want 1 to 64\n"},
    {"plan property", SHORT, CYCLIC(PLAN("0", "frame-us = <1>; " SLOT_0 SLOT_1)), P "/frame-us" UNKNOWN_PROPERTY},
    {"slot number", SHORT, CYCLIC(PLAN("0", SLOT("1", TIMES("0", "300"), ONE) SLOT("0", TIMES("300", "700"), TWO))),
     P "/slot@1/reg: found 1, want 0" SLOT_ORDER P "/slot@0/reg: found 0, want 1" SLOT_ORDER},
    {"slot property", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "strict; ", ONE) SLOT_1)),
     P "/slot@0/strict" UNKNOWN_PROPERTY},
    {"short slot", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "19"), ONE) SLOT_1)),
     P "/slot@0/duration-us: found 19, want 20 to 10000000" US_HINT},
    {"shortest slot", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "20"), ONE) SLOT_1)), ""},
    {"overlap", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "301"), ONE) SLOT_1)),
     P "/slot@1/offset-us: found 300, want at least 301, where " P "/slot@0 ends; slots do not overlap\n"},
    {"gap", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("50", "100"), ONE) SLOT_1)), ""},
    {"past the frame", SHORT, CYCLIC(PLAN("0", SLOT_0 SLOT("1", TIMES("300", "701"), TWO))),
     P "/slot@1/duration-us: found the slot's end at 1001, want at most 1000, the frame's\n"},
    {"background", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "background = <" TWO ">; ", ONE))), ""},
    {"background of nothing", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "background = <99>; ", ONE) SLOT_1)),
     P "/slot@0/background: found <0x63>" REFERENCE},
    {"pad", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "pad-us = <100>; ", ONE) SLOT_1)), ""},
    {"no pad", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "pad-us = <0>; ", ONE) SLOT_1)),
     P "/slot@0/pad-us: found 0, want 1 to 100" US_HINT},
    {"nothing but pad", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "40") "pad-us = <21>; ", ONE) SLOT_1)),
     P "/slot@0/pad-us: found 21, want 20 less than duration-us at least, which is 40\n"},
    {"most pad", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "40") "pad-us = <20>; ", ONE) SLOT_1)), ""},
    {"own background", SHORT, CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "background = <" ONE ">; ", ONE) SLOT_1)),
     P "/slot@0/background: found the slot's own partition, want another; its own halt would wake it\n"},
    {"no partition", SHORT, CYCLIC(PLAN("0", "slot@0 { reg = <0>; " TIMES("0", "300") "}; " SLOT_1)),
     P "/slot@0/partition: found nothing, want 1 cell of 32 bits\n"},
    {"in no slot", SHORT, CYCLIC(PLAN("0", SLOT_0)), PART "1" NOWHERE},
    {"second plan alone", SHORT, CYCLIC(PLAN("0", SLOT_0) PLAN("1", SLOT("0", TIMES("0", "1000"), TWO))), ""},
    {"overlap in the second plan", SHORT,
     CYCLIC(PLAN("0", SLOT_0 SLOT_1) PLAN("1", SLOT_0 SLOT("1", TIMES("200", "100"), TWO))),
     S "/plan@1/slot@1/offset-us: found 200, want at least 300, where " S
       "/plan@1/slot@0 ends; slots do not overlap\n"},
};

static const struct dts_case cpu_cases[] = {
    {"two", SHORT, CPUS(CPU("0", ROBIN(ONE)) CPU("1", ROBIN(TWO))), ""},
    {"two kinds", SHORT, CPUS(CPU("0", ROBIN(ONE)) CPU("1", CYCLIC(PLAN("0", SLOT("0", TIMES("0", "20"), TWO))))), ""},
    {"not the boot processor", SHORT, CPUS(CPU("f", ROBIN(ONE " " TWO))), ""},
    {"beside the short form", SHORT, SHORT CPUS(CPU("0", ROBIN(ONE " " TWO))),
     S ": found it beside /cpus, want one of the two; /schedule is the short form for one processor\n"},
    {"none", SHORT, CPUS(""), "/cpus: found 0 processors, want 1 to 16\n"},
    {"number", SHORT, CPUS(CPU("10", ROBIN(ONE " " TWO))),
     "/cpus/cpu@10/reg: found 16, want 0 to 15; processors count from 0, the boot processor's number\n"},
    {"device type", SHORT, CPUS("cpu@0 { device_type = \"gpu\"; reg = <0>; " ROBIN(ONE " " TWO) "}; "),
     C0 "/device_type: found \"gpu\", want \"cpu\"\n"},
    {"no schedule", SHORT, CPUS("cpu@0 { device_type = \"cpu\"; reg = <0>; }; " CPU("1", ROBIN(ONE " " TWO))),
     C0 ": found no node \"schedule\", want one\n"},
    {"property", SHORT, CPUS("cpu@0 { device_type = \"cpu\"; reg = <0>; clock = <1>; " ROBIN(ONE " " TWO) "}; "),
     C0 "/clock" UNKNOWN_PROPERTY},
    {"node", SHORT, CPUS("gpu@0 {}; " CPU("0", ROBIN(ONE " " TWO))), "/cpus/gpu@0" UNKNOWN_NODE},
    {"partitions are wanted", SHORT, CPUS(CPU("0", SHORT)),
     C0 "/schedule/partitions: found nothing, want 1 cell of 32 bits\n"},
    {"on two processors", SHORT, CPUS(CPU("0", ROBIN(ONE " " TWO)) CPU("1", ROBIN(TWO))),
     PART "1" SCHEDULES("2 processors", "1")},
    {"on none", SHORT, CPUS(CPU("0", ROBIN(TWO))), PART "0" NOWHERE},
    {"other frame", SHORT,
     CPUS(CPU("0", CYCLIC(PLAN("0", SLOT_0)))
              CPU("1", "schedule { compatible = \"shikiri,cyclic\"; frame-us = <2000>; " COUNT PLAN(
                           "0", SLOT("0", TIMES("0", "20"), TWO)) "}; ")),
     C1 "/schedule/frame-us: found 2000, want 1000 as in " C0 "/schedule; frames start together on all processors\n"},
    {"fewer plans", SHORT,
     CPUS(CPU("0", CYCLIC(PLAN("0", SLOT_0) PLAN("1", SLOT_0)))
              CPU("1", CYCLIC(PLAN("0", SLOT("0", TIMES("0", "20"), TWO))))),
     C1 "/schedule: found 1 plans, want 2 as in " C0 "/schedule; a plan is switched on all processors\n"},
};

static void test_short(void **state) {
    (void)state;
    dts_check(short_cases, ARRAY_LENGTH(short_cases));
}

static void test_cyclic(void **state) {
    (void)state;
    dts_check(cyclic_cases, ARRAY_LENGTH(cyclic_cases));
}

static void test_cpus(void **state) {
    (void)state;
    dts_check(cpu_cases, ARRAY_LENGTH(cpu_cases));
}

/* Limits of a frame, each with a slot that fits. */
static void test_frame_limits(void **state) {
    const struct {
        unsigned frame_us;
        const char *lines;
    } cases[] = {{99, S "/frame-us: found 99, want 100 to 10000000" US_HINT},
                 {100, ""},
                 {10000000, ""},
                 {10000001, S "/frame-us: found 10000001, want 100 to 10000000" US_HINT}};
    char text[1024];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        sprintf(text, "schedule { compatible = \"shikiri,cyclic\"; frame-us = <%u>; " COUNT PLAN("0", "%s%s") "};",
                cases[i].frame_us, SLOT("0", TIMES("0", "20"), ONE), SLOT("1", TIMES("20", "20"), TWO));
        dts_check(&(struct dts_case){"frame", SHORT, text, cases[i].lines}, 1);
    }
}

/* So many slots of 20 us in one plan, and so many plans. */
static void test_numbers(void **state) {
    const struct {
        unsigned slots, plans;
        const char *lines;
    } cases[] = {{64, 1, ""},
                 {65, 1, P ": found 65 slots, want 1 to 64\n"},
                 {1, 8, ""},
                 {1, 9, S ": found 9 plans, want 1 to 8\n"}};
    static char text[1 << 15];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t length = (size_t)sprintf(text, "schedule { compatible = \"shikiri,cyclic\"; frame-us = <2000>; " COUNT);

        for (unsigned plan = 0; plan < cases[i].plans; plan++) {
            length += (size_t)sprintf(text + length, "plan@%x { reg = <%u>; " COUNT, plan, plan);
            for (unsigned slot = 0; slot < cases[i].slots; slot++)
                length += (size_t)sprintf(text + length,
                                          "slot@%x { reg = <%u>; offset-us = <%u>; duration-us = <20>; "
                                          "partition = <" ONE ">; background = <" TWO ">; };",
                                          slot, slot, slot * 20);
            length += (size_t)sprintf(text + length, "}; ");
        }
        strcpy(text + length, "};");
        dts_check(&(struct dts_case){"numbers", SHORT, text, cases[i].lines}, 1);
    }
}

/* The first partition with some vCPUs on three processors, of which the middle one knows it only as a background. */
static void test_vcpus(void **state) {
    const struct {
        const char *vcpus, *lines;
    } cases[] = {
        {VCPUS("1"), PART "0" SCHEDULES("3 processors", "1")},
        {VCPUS("2"), PART "0" SCHEDULES("3 processors", "2")},
        {VCPUS("3"), ""},
        {VCPUS("4"), PART "0" SCHEDULES("3 processors", "4")},
    };
    static struct findings findings;
    struct config config;
    char *source =
        dts_replace(dts_good, SHORT,
                    CPUS(CPU("5", ROBIN(ONE)) CPU("a", ROBIN(ONE)) CPU(
                        "1", CYCLIC(PLAN("0", SLOT("0", TIMES("0", "300") "background = <" ONE ">; ", TWO))))));

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *changed = dts_replace(source, "label = \"one\"", cases[i].vcpus);

        dts_parse(changed, &config, &findings);
        free(changed);
        findings_expect(&findings, "vCPUs", cases[i].lines);
        if (*cases[i].lines)
            continue;
        assert_int_equal(config.vcpu_count, 4);
        assert_int_equal(config.partitions[0].vcpu_count, 3);
        assert_int_equal(config.partitions[0].first_vcpu, 0);
        assert_int_equal(config.partitions[0].homes[0]->number, 1);
        assert_int_equal(config.partitions[0].homes[1]->number, 5);
        assert_int_equal(config.partitions[0].homes[2]->number, 10);
        assert_int_equal(config.partitions[1].vcpu_count, 1);
        assert_int_equal(config.partitions[1].first_vcpu, 3);
        assert_ptr_equal(config.partitions[1].homes[0], config.partitions[0].homes[0]);
    }
    free(source);
}

static void test_content(void **state) {
    static struct findings findings;
    struct config config;
    char *source =
        dts_replace(dts_good, SHORT,
                    CPUS(CPU("3", CYCLIC(PLAN("0", SLOT("0", TIMES("10", "300") "background = <" TWO ">; ", ONE)
                                                       SLOT("1", TIMES("400", "600") "pad-us = <9>; ", TWO))
                                             PLAN("1", SLOT("0", TIMES("0", "1000"), TWO))))));

    (void)state;
    dts_parse(source, &config, &findings);
    free(source);
    findings_expect(&findings, "content", "");
    assert_int_equal(config.cpu_count, 1);

    const struct cpu_config *cpu = &config.cpus[0];
    const struct slot_config *slots = cpu->plans[0].slots;

    assert_string_equal(cpu->path, "/cpus/cpu@3/schedule");
    assert_int_equal(cpu->number, 3);
    assert_true(cpu->is_cyclic);
    assert_int_equal(cpu->frame_us, 1000);
    assert_int_equal(cpu->member_count, 2);
    assert_int_equal(cpu->members[0], 0);
    assert_int_equal(cpu->members[1], 1);
    assert_int_equal(cpu->plan_count, 2);
    assert_int_equal(cpu->plans[0].slot_count, 2);
    assert_string_equal(slots[0].path, "/cpus/cpu@3/schedule/plan@0/slot@0");
    assert_int_equal(slots[0].offset_us, 10);
    assert_int_equal(slots[0].duration_us, 300);
    assert_int_equal(slots[0].partition, 0);
    assert_int_equal(slots[0].background, 1);
    assert_int_equal(slots[0].pad_us, 0);
    assert_int_equal(slots[1].partition, 1);
    assert_int_equal(slots[1].background, CONFIG_NONE);
    assert_int_equal(slots[1].pad_us, 9);
    assert_int_equal(cpu->plans[1].slots[0].duration_us, 1000);
}

static void test_short_content(void **state) {
    static struct findings findings;
    struct config config;

    (void)state;
    dts_parse(dts_good, &config, &findings);
    findings_expect(&findings, "good", "");
    assert_int_equal(config.cpu_count, 1);
    assert_string_equal(config.cpus[0].path, S);
    assert_int_equal(config.cpus[0].number, 0);
    assert_false(config.cpus[0].is_cyclic);
    assert_int_equal(config.cpus[0].slot_us, 1000);
    assert_int_equal(config.cpus[0].member_count, 2);
}

/* However small the arena is, the parser comes back, and accepts nothing that is not whole. */
static void test_small_arena(void **state) {
    static uint8_t memory[1 << 14];
    static struct findings findings;
    char *source = dts_replace(dts_good, SHORT, CPUS(CPU("0", FRAME)));
    size_t size_bytes, bytes = 0;
    void *blob = dts_compile(source, &size_bytes);
    struct config config;

    (void)state;
    do {
        assert_true(bytes < sizeof(memory));
        findings_init(&findings);
        config_parse(&config, blob, size_bytes, &(struct arena){.next = memory, .end = memory + bytes++},
                     &findings.report);
    } while (findings.report.errors > 0);
    assert_int_equal(config.cpus[0].plans[0].slot_count, 2);
    free(blob);
    free(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),   cmocka_unit_test(test_cyclic),        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_content), cmocka_unit_test(test_vcpus),         cmocka_unit_test(test_frame_limits),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_short_content), cmocka_unit_test(test_small_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
