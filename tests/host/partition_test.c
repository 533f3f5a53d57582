/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * partition.c: which ASID a partition gets and with whom it shares it, for every number of both; and what the
 * partition's memory holds in the end. What partition_build() hands on to is stood in for here.
 */
#include <string.h>

#include "partitions/devices.h"
#include "partitions/entry.h"
#include "partitions/partition.h"
#include "tests/host/test.h"

#define PARTITIONS_MAX 40

static uint32_t asid_given;
static unsigned mapped;

bool npt_init(struct npt *npt, struct arena *arena, bool gigabyte_pages) {
    npt->arena = arena;
    npt->gigabyte_pages = gigabyte_pages;
    return true;
}

bool npt_map(struct npt *npt, gpa_t gpa, uint64_t size_bytes, hpa_t hpa, unsigned rights) {
    (void)npt;
    check_expected(gpa.value);
    check_expected(size_bytes);
    check_expected(hpa.value);
    check_expected(rights);
    mapped++;
    return true;
}

bool vcpu_init(struct vcpu *vcpu, struct cpu *cpu, uint32_t asid, struct arena *arena) {
    (void)vcpu;
    (void)cpu;
    (void)arena;
    asid_given = asid;
    return true;
}

bool devices_attach(struct partition *partition) {
    (void)partition;
    return true;
}

void entry_prepare(struct vcpu *vcpu, const struct partition_config *config, const struct image_plan *plan) {
    (void)vcpu;
    (void)config;
    (void)plan;
}

/* A partition is flushed when it is switched to exactly if another has its ASID. */
static void expect_asids(unsigned partition_count, unsigned asid_count) {
    static struct partition partitions[PARTITIONS_MAX];
    static struct partition_config configs[PARTITIONS_MAX];
    struct config config = {.partition_count = partition_count, .partitions = configs};
    struct svm_facts svm = {.asid_count = asid_count};
    struct cpu cpu = {.index = 0};
    const struct partition_environment environment = {.cpu = &cpu, .svm = &svm, .config = &config};
    const struct image_plan plan = {.segment_count = 0};
    uint32_t asids[PARTITIONS_MAX];

    memset(partitions, 0, sizeof(partitions));
    for (unsigned i = 0; i < partition_count; i++)
        configs[i].label = "p";
    for (unsigned i = 0; i < partition_count; i++) {
        assert_true(partition_build(&partitions[i], i, &plan, NULL, &environment));
        asids[i] = asid_given;
        assert_in_range(asids[i], 1, asid_count - 1);
    }
    for (unsigned i = 0; i < partition_count; i++) {
        bool shared = false;

        for (unsigned j = 0; j < partition_count; j++)
            shared |= i != j && asids[i] == asids[j];
        if (shared != partitions[i].vcpu.shares_asid)
            fail_msg("partition %u of %u with %u ASIDs: found shares_asid %d, want %d", i, partition_count, asid_count,
                     partitions[i].vcpu.shares_asid, shared);
        assert_true(partition_count > asid_count - 1 || !shared);
    }
}

static void test_asids(void **state) {
    (void)state;
    for (unsigned partition_count = 1; partition_count <= PARTITIONS_MAX; partition_count++)
        for (unsigned asid_count = 2; asid_count <= PARTITIONS_MAX + 3; asid_count++)
            expect_asids(partition_count, asid_count);
    expect_asids(PARTITIONS_MAX, 0x8000);
}

static void expect_map(uint64_t gpa, uint64_t size_bytes, const void *memory, unsigned rights) {
    expect_value(npt_map, gpa.value, gpa);
    expect_value(npt_map, size_bytes, size_bytes);
    expect_value(npt_map, hpa.value, (uintptr_t)memory);
    expect_value(npt_map, rights, rights);
}

/* Two windows with other rights; a segment at the end of the first; zeroes everywhere else. */
static void test_memory(void **state) {
    static uint8_t first[64], second[32];
    const uint8_t file[] = "----segment";
    struct window_config windows[] = {
        {.gpa = GPA(0x1000), .size_bytes = sizeof(first), .hpa = HPA((uintptr_t)first), .writable = true},
        {.gpa = GPA(0x9000), .size_bytes = sizeof(second), .hpa = HPA((uintptr_t)second), .executable = true},
    };
    struct partition_config partition_configs[] = {{.label = "a", .windows = windows, .window_count = 2},
                                                   {.label = "longest"}};
    struct config config = {.partition_count = 2, .partitions = partition_configs};
    struct svm_facts svm = {.asid_count = 16};
    struct cpu cpu = {.tsc_khz = 12345};
    const struct partition_environment environment = {.cpu = &cpu, .slot_us = 500, .svm = &svm, .config = &config};
    struct image_plan plan = {.segment_count = 1};
    struct partition partition = {.state = PARTITION_RUNS};

    (void)state;
    memset(first, 0xee, sizeof(first));
    memset(second, 0xee, sizeof(second));
    plan.segments[0] = (struct image_segment){.gpa = GPA(0x1000 + 57), .file_offset = 4, .file_bytes = 7};
    mapped = 0;
    expect_map(0x1000, sizeof(first), first, NPT_WRITE);
    expect_map(0x9000, sizeof(second), second, NPT_EXECUTE);
    assert_true(partition_build(&partition, 0, &plan, file, &environment));
    assert_int_equal(mapped, 2);
    assert_memory_equal(first + 57, "segment", 7);
    for (unsigned i = 0; i < 57; i++)
        assert_int_equal(first[i], 0);
    for (unsigned i = 0; i < sizeof(second); i++)
        assert_int_equal(second[i], 0);
    assert_memory_equal(partition.console.line + partition.console.start, "a       | ", 10);
    assert_int_equal(partition.vcpu.info[SHIKIRI_INFO_ABI_VERSION], 1);
    assert_int_equal(partition.vcpu.info[SHIKIRI_INFO_PARTITION], 0);
    assert_int_equal(partition.vcpu.info[SHIKIRI_INFO_PARTITION_COUNT], 2);
    assert_int_equal(partition.vcpu.info[SHIKIRI_INFO_TSC_KHZ], 12345);
    assert_int_equal(partition.vcpu.info[SHIKIRI_INFO_SLOT_US], 500);
    assert_ptr_equal(partition_memory(&partition_configs[0], GPA(0x103f)), first + 63);
    assert_null(partition_memory(&partition_configs[0], GPA(0x1040)));
    assert_null(partition_memory(&partition_configs[0], GPA(0xfff)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asids),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
