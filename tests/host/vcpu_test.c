/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c: what a switch loads, and saves again; above all the flush of an ASID that others use too.
 */
#include <string.h>

#include "hv/cpu/xstate.h"
#include "hv/vcpu.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

static struct cpu cpu;
static struct vmcb vmcb;
static struct vcpu vcpu;
static uint8_t area[8];
static const void *xstate_loaded;
static uint64_t xcr0;

void xstate_load(const void *from, uint64_t value) {
    xstate_loaded = from;
    xcr0 = value;
}

uint64_t xstate_save(void *to) {
    assert_ptr_equal(to, area);
    return xcr0;
}

size_t xstate_bytes(void) {
    return sizeof(area);
}

void xstate_reset(void *of) {
    memset(of, 0x5a, sizeof(area));
}

static int make(void **state) {
    (void)state;
    processor = (struct processor){.tsc = 0};
    xstate_loaded = NULL;
    xcr0 = 0;
    cpu = (struct cpu){.has_tsc_aux = false};
    vmcb = (struct vmcb){.save.cr2 = 0x1234};
    vcpu = (struct vcpu){.vmcb = &vmcb,
                         .guest = {.cpu = &cpu, .vmcb_pa = HPA((uintptr_t)&vmcb)},
                         .dr = {1, 2, 3, 4},
                         .tsc_aux = 77,
                         .xcr0 = 7,
                         .xsave_area = area};
    return 0;
}

static void test_load(void **state) {
    (void)state;
    vcpu_load(&vcpu);
    assert_int_equal(processor.loaded.value, (uintptr_t)&vmcb);
    assert_memory_equal(processor.dr, vcpu.dr, sizeof(vcpu.dr));
    assert_int_equal(processor.cr2, 0x1234);
    assert_ptr_equal(xstate_loaded, area);
    assert_int_equal(xcr0, 7);
    assert_int_equal(processor.write_count, 0); /* TSC_AUX and PRED_CMD are not on this processor */
}

static void test_optional_msrs(void **state) {
    (void)state;
    cpu.has_tsc_aux = cpu.has_ibpb = true;
    vcpu_load(&vcpu);
    assert_int_equal(processor.write_count, 2);
    assert_int_equal(processor.writes[0].msr, MSR_TSC_AUX);
    assert_int_equal(processor.writes[0].value, 77);
    assert_int_equal(processor.writes[1].msr, 0x49); /* PRED_CMD */
    assert_int_equal(processor.writes[1].value, 1);  /* IBPB */
}

/* Neither emulator shows a missing flush, as both flush at every VMRUN. */
static void test_flush(void **state) {
    (void)state;
    vcpu_load(&vcpu);
    assert_int_equal(vmcb.control.tlb_control, 0);
    vcpu.shares_asid = true;
    vcpu_load(&vcpu);
    assert_int_equal(vmcb.control.tlb_control, 1); /* all entries of all ASIDs */
}

static void test_save(void **state) {
    (void)state;
    vcpu_load(&vcpu);
    processor.dr[2] = 99;
    xcr0 = 3;
    vcpu_save(&vcpu);
    assert_int_equal(vcpu.dr[0], 1);
    assert_int_equal(vcpu.dr[2], 99);
    assert_int_equal(vcpu.xcr0, 3);
}

/* A new vCPU has nothing of the machine: every port and every MSR but the passed ones exits. */
static void test_init(void **state) {
    static _Alignas(PAGE_BYTES) uint8_t memory[8 * PAGE_BYTES];
    static uint64_t root;
    struct arena arena = {.next = memory, .end = memory + sizeof(memory)};
    struct vcpu made = {.npt.root = &root};

    (void)state;
    assert_true(vcpu_init(&made, &cpu, 9, &arena));
    assert_ptr_equal(made.guest.cpu, &cpu);
    assert_int_equal(made.guest.vmcb_pa.value, (uintptr_t)made.vmcb);
    assert_int_equal(made.vmcb->control.guest_asid, 9);
    assert_int_equal(made.vmcb->control.n_cr3, (uintptr_t)&root);
    assert_int_equal(made.vmcb->control.iopm_base_pa, (uintptr_t)made.iopm);
    assert_int_equal(made.xcr0, 1);
    assert_int_equal(((uint8_t *)made.xsave_area)[0], 0x5a);
    for (unsigned i = 0; i < 3 * PAGE_BYTES; i++)
        assert_int_equal(made.iopm[i], 0xff);
    for (unsigned pages = 0; pages < 6; pages++) {
        struct arena small = {.next = memory, .end = memory + pages * PAGE_BYTES};

        assert_false(vcpu_init(&made, &cpu, 9, &small));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_load, make),  cmocka_unit_test_setup(test_optional_msrs, make),
        cmocka_unit_test_setup(test_flush, make), cmocka_unit_test_setup(test_save, make),
        cmocka_unit_test_setup(test_init, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
