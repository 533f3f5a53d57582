/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit.c: two partitions as they are built, then one entry, bit or field that is not as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/lib/format.h"
#include "hv/svm/iopm.h"
#include "hv/svm/msrpm.h"
#include "partitions/audit.h"
#include "tests/host/test.h"

#define PAGES      64
#define RWX        (REACH_WRITE | REACH_EXECUTE)
#define NO_EXECUTE (1ULL << 63)

static struct window_config window_a = {.size_bytes = 4 * MIB, .hpa = {16 * MIB}, .writable = true, .executable = true};
static struct window_config windows_b[] = {
    {.gpa = {MIB}, .size_bytes = MIB, .hpa = {32 * MIB}, .writable = true, .executable = true},
    {.gpa = {GIB}, .size_bytes = 8192, .hpa = {48 * MIB}, .executable = false},
};
static struct device_config screen_a = {.kind = DEVICE_VGA_TEXT};
static struct device_config uart_b = {.kind = DEVICE_UART, .port = 0x2f8};
static struct partition_config configs[] = {
    {.label = "alpha", .windows = &window_a, .window_count = 1, .devices = &screen_a, .device_count = 1},
    {.label = "beta", .windows = windows_b, .window_count = 2, .devices = &uart_b, .device_count = 1},
};
static const struct config config = {.partitions = configs, .partition_count = 2};

static uint8_t *memory;
static struct arena arena;
static struct partition partitions[2];
static struct vcpu vcpus[3];

static void make_partition(struct partition *partition, uint32_t asid) {
    static const uint32_t msrs[] = {0x174,      0x175,      0x176,      0xc0000081, 0xc0000082,
                                    0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102};
    struct common *common = &partition->common;
    struct vcpu *vcpu = &vcpus[partition - partitions];

    *vcpu = (struct vcpu){.common = common};
    *partition =
        (struct partition){.config = &configs[partition - partitions], .common = {.vcpus = vcpu, .vcpu_count = 1}};
    common->msrpm = arena_alloc(&arena, MSRPM_BYTES, PAGE_BYTES);
    common->iopm = arena_alloc(&arena, IOPM_BYTES, PAGE_BYTES);
    vcpu->vmcb = arena_alloc(&arena, sizeof(struct vmcb), PAGE_BYTES);
    vcpu->guest.vmcb_pa = HPA((uintptr_t)vcpu->vmcb);
    assert_true(npt_init(&common->npt, &arena, true));
    memset(common->iopm, 0xff, IOPM_BYTES);
    memset(common->msrpm, 0xff, MSRPM_BYTES);
    for (unsigned i = 0; i < ARRAY_LENGTH(msrs); i++)
        msrpm_pass(common->msrpm, msrs[i]);
    vmcb_init(vcpu->vmcb, asid, common->npt.root, HPA((uintptr_t)common->iopm), HPA((uintptr_t)common->msrpm));
}

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(PAGE_BYTES, PAGES * PAGE_BYTES);
    arena = (struct arena){.next = memory, .end = memory + PAGES * PAGE_BYTES};
    make_partition(&partitions[0], 1);
    make_partition(&partitions[1], 2);
    struct npt *a = &partitions[0].common.npt, *b = &partitions[1].common.npt;

    assert_true(npt_map(a, GPA(0), 4 * MIB, HPA(16 * MIB), RWX));
    assert_true(npt_map(a, GPA(0xb8000), PAGE_BYTES, HPA(0xb8000), REACH_WRITE));
    assert_true(npt_map(b, GPA(MIB), MIB, HPA(32 * MIB), RWX));
    assert_true(npt_map(b, GPA(GIB), 8192, HPA(48 * MIB), REACH_READ));
    iopm_pass(partitions[1].common.iopm, 0x2f8, 8);
    audit_init(partitions, &config, (struct range){(uintptr_t)memory, PAGES * PAGE_BYTES});
    return 0;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static void expect_well(void) {
    struct audit_finding finding;

    if (!audit_run(&finding))
        fail_msg("%s: %s", finding.label, finding.text);
}

static void expect(const char *label, const char *text) {
    struct audit_finding finding;

    assert_false(audit_run(&finding));
    assert_string_equal(finding.label, label);
    assert_string_equal(finding.text, text);
}

static struct vmcb_control *control(unsigned partition) {
    return &vcpus[partition].vmcb->control;
}

static uint64_t *root(unsigned partition) {
    return (uint64_t *)control(partition)->n_cr3;
}

static uint64_t *below(uint64_t entry) {
    return (uint64_t *)(entry & 0x000ffffffffff000);
}

static uint8_t *msrpm(unsigned partition) {
    return (uint8_t *)control(partition)->msrpm_base_pa;
}

static void test_well(void **state) {
    char hash[SHA256_HEX_DIGITS + 1], want[SHA256_HEX_DIGITS + 1];

    (void)state;
    expect_well();
    certificate_hash(audit_certificate(), hash);
    certificate_hash(certificate_of_config(&config), want);
    assert_string_equal(hash, want);
}

/* The tables that count are those that the VMCB leads to. */
static void test_addresses_of_the_vmcb(void **state) {
    uint8_t *copy = arena_alloc(&arena, IOPM_BYTES, PAGE_BYTES);

    (void)state;
    memset(copy, 0xff, IOPM_BYTES);
    control(0)->iopm_base_pa = (uintptr_t)copy;
    partitions[0].common.iopm[0] = 0;
    expect_well();
    copy[0xc] = 0xfe;
    expect("alpha", "found port 0x0060-0x0060, want nothing");
}

static void test_npt(void **state) {
    uint64_t *directory = below(below(root(0)[0])[0]);
    uint64_t *pages = below(directory[0]);

    (void)state;
    directory[1] &= ~2ULL;
    expect("alpha", "found memory 0x0000000b9000-0x0000001fffff -> 0x0000010b9000-0x0000011fffff rwx, "
                    "want memory 0x0000000b9000-0x0000003fffff -> 0x0000010b9000-0x0000013fffff rwx");
    directory[1] = 0;
    expect("alpha", "found memory 0x0000000b9000-0x0000001fffff -> 0x0000010b9000-0x0000011fffff rwx, "
                    "want memory 0x0000000b9000-0x0000003fffff -> 0x0000010b9000-0x0000013fffff rwx");
    directory[1] = (16 * MIB + 2 * MIB) | 0x87;
    expect_well();
    pages[0xb8] += 0x1000;
    expect("alpha", "found memory 0x0000000b8000-0x0000000b8fff -> 0x0000000b9000-0x0000000b9fff rw- screen 1, "
                    "want memory 0x0000000b8000-0x0000000b8fff -> 0x0000000b8000-0x0000000b8fff rw- screen 0");
    pages[0xb8] -= 0x1000;
    root(0)[511] = root(0)[0];
    expect("alpha", "found memory 0xff8000000000-0xff80000b7fff -> 0x000001000000-0x0000010b7fff rwx, want nothing");
    root(0)[511] = 0;
    root(1)[0] |= NO_EXECUTE;
    expect("beta", "found memory 0x000000100000-0x0000001fffff -> 0x000002000000-0x0000020fffff rw-, "
                   "want memory 0x000000100000-0x0000001fffff -> 0x000002000000-0x0000020fffff rwx");
    root(1)[0] = 0;
    expect("beta", "found nothing, want memory 0x000000100000-0x0000001fffff -> 0x000002000000-0x0000020fffff rwx");
}

static void test_odd_entries(void **state) {
    uint64_t *directory = below(below(root(0)[0])[0]);

    (void)state;
    directory[1] |= 1ULL << 13;
    expect("alpha", "found NPT entry 0x0000000001202087 of level 2 for GPA 0x200000, want its reserved and unused bits "
                    "clear");
    directory[1] = 0x1200083;
    expect("alpha", "found NPT entry 0x0000000001200083 of level 2 for GPA 0x200000, want bit 2 (U) set");
    directory[2] = 0x1000007; /* in the guest's own memory */
    directory[1] = 0;
    expect("alpha", "found NPT entry 0x0000000001000007 of level 2 for GPA 0x400000, want it to lead to a table of the "
                    "hypervisor's");
}

static void test_maps(void **state) {
    (void)state;
    partitions[1].common.iopm[0x2000] = 0xfe;
    expect("beta", "found port 0x10000-0x10000, want nothing");
    partitions[1].common.iopm[0x2000] = 0xff;
    partitions[1].common.iopm[0x5f] = 0x80;
    expect("beta", "found port 0x02f8-0x02fe, want port 0x02f8-0x02ff");
    partitions[1].common.iopm[0x5f] = 0;
    msrpm(1)[0x820] &= 0xfe;
    expect("beta", "found msr 0xc0000080-0xc0000080 r-, want nothing");
    msrpm(1)[0x820] |= 0x03;
    msrpm(0)[0x1fff] = 0x7f;
    expect("alpha", "found msr 0xc0021fff-0xc0021fff -w, want nothing");
    msrpm(0)[0x1fff] = 0xff;
    expect_well();
}

static void test_controls(void **state) {
    (void)state;
    control(1)->intercept_misc1 &= ~INTERCEPT(EXIT_HLT);
    expect("beta", "found intercept_misc1 0xdc4c800b in the VMCB, want 0xdd4c800b set and 0x0 clear");
    control(1)->intercept_misc1 |= INTERCEPT(EXIT_HLT);
    control(0)->nested_ctl = 0;
    expect("alpha", "found nested_ctl 0x0 in the VMCB, want 0x1 set and 0xfffffffffffffffe clear");
    control(0)->nested_ctl = 1;
    control(1)->guest_asid = 0;
    expect("beta", "found ASID 0 in the VMCB, want another: that is the host's");
    control(1)->guest_asid = 1;
    expect("beta", "found ASID 1 in the VMCB, want another: that is alpha's");
    vcpus[0].shares_asid = true;
    expect("beta", "found ASID 1 in the VMCB, want another: that is alpha's");
    vcpus[0].shares_asid = false;
    vcpus[1].shares_asid = true;
    expect("beta", "found ASID 1 in the VMCB, want another: that is alpha's");
    vcpus[0].shares_asid = true;
    expect_well();
}

/* Gives "beta" a second vCPU, which is vcpus[2]. */
static struct vmcb_control *add_vcpu(void) {
    struct common *common = &partitions[1].common;
    struct vmcb *vmcb = arena_alloc(&arena, sizeof(*vmcb), PAGE_BYTES);

    vcpus[2] = (struct vcpu){.common = common, .vmcb = vmcb, .guest.vmcb_pa = HPA((uintptr_t)vmcb), .info[8] = 1};
    vmcb_init(vmcb, 3, common->npt.root, HPA((uintptr_t)common->iopm), HPA((uintptr_t)common->msrpm));
    common->vcpu_count = 2;
    return &vmcb->control;
}

static void test_second_vcpu(void **state) {
    struct vmcb_control *second = add_vcpu();

    test_well(state);
    second->intercept_misc1 &= ~INTERCEPT(EXIT_HLT);
    expect("beta", "found intercept_misc1 0xdc4c800b in the VMCB, want 0xdd4c800b set and 0x0 clear; vCPU 1");
    second->intercept_misc1 |= INTERCEPT(EXIT_HLT);
    second->guest_asid = 0;
    expect("beta", "found ASID 0 in the VMCB, want another: that is the host's; vCPU 1");
    second->guest_asid = 1;
    expect("beta", "found ASID 1 in the VMCB, want another: that is alpha's; vCPU 1");
    second->guest_asid = 2;
    expect("beta", "found ASID 2 in the VMCB, want another: that is beta's; vCPU 1");
    vcpus[1].shares_asid = vcpus[2].shares_asid = true;
    expect_well();
    control(1)->nested_ctl = 0;
    expect("beta", "found nested_ctl 0x0 in the VMCB, want 0x1 set and 0xfffffffffffffffe clear; vCPU 0");
}

/* Tables that are good in themselves, but another partition's. */
static void test_tables_of_another(void **state) {
    struct vmcb_control *second = add_vcpu();
    const char *const names[] = {"nCR3", "IOPM_BASE_PA", "MSRPM_BASE_PA"};
    uint64_t *const fields[] = {&second->n_cr3, &second->iopm_base_pa, &second->msrpm_base_pa};
    const uint64_t others[] = {control(0)->n_cr3, control(0)->iopm_base_pa, control(0)->msrpm_base_pa};
    const uint64_t own[] = {second->n_cr3, second->iopm_base_pa, second->msrpm_base_pa};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(fields); i++) {
        char text[240];

        expect_well();
        *fields[i] = others[i];
        format_string(text, sizeof(text), "found %s 0x%lx, want 0x%lx, that of vCPU 0; vCPU 1", names[i], others[i],
                      own[i]);
        expect("beta", text);
        *fields[i] = own[i];
    }
}

/* What lies outside the hypervisor's memory, or not on a page, is not looked at. */
static void test_places(void **state) {
    const uint64_t end = (uintptr_t)memory + PAGES * PAGE_BYTES;
    const struct {
        const char *name;
        uint64_t *field, size_bytes;
    } cases[] = {
        {"a VMCB at", &vcpus[1].guest.vmcb_pa.value, PAGE_BYTES},
        {"nCR3", &control(1)->n_cr3, PAGE_BYTES},
        {"IOPM_BASE_PA", &control(1)->iopm_base_pa, IOPM_BYTES},
        {"MSRPM_BASE_PA", &control(1)->msrpm_base_pa, MSRPM_BYTES},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        const uint64_t wrong[] = {0, (uintptr_t)memory - PAGE_BYTES, end, end - cases[i].size_bytes + PAGE_BYTES,
                                  *cases[i].field + 0x10};
        uint64_t good = *cases[i].field;

        for (unsigned j = 0; j < ARRAY_LENGTH(wrong); j++) {
            char text[200];

            format_string(text, sizeof(text), "found %s 0x%lx, want pages in 0x%lx-0x%lx, the hypervisor's",
                          cases[i].name, wrong[j], (uintptr_t)memory, end - 1);
            *cases[i].field = wrong[j];
            expect("beta", text);
        }
        *cases[i].field = good;
        expect_well();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_well, make, drop),
        cmocka_unit_test_setup_teardown(test_addresses_of_the_vmcb, make, drop),
        cmocka_unit_test_setup_teardown(test_npt, make, drop),
        cmocka_unit_test_setup_teardown(test_odd_entries, make, drop),
        cmocka_unit_test_setup_teardown(test_maps, make, drop),
        cmocka_unit_test_setup_teardown(test_controls, make, drop),
        cmocka_unit_test_setup_teardown(test_places, make, drop),
        cmocka_unit_test_setup_teardown(test_second_vcpu, make, drop),
        cmocka_unit_test_setup_teardown(test_tables_of_another, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
