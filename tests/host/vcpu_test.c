/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c: what a switch loads, and saves again, above all the flush of an ASID that others use too; what vCPUs of a
 * partition have in common; and how they start, end and start anew together.
 */
#include <string.h>

#include "hv/cpu/xstate.h"
#include "hv/svm/msrpm.h"
#include "hv/vcpu.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

static struct cpu cpu;
static struct vmcb vmcb;
static struct vcpu vcpu;
static struct common common; /* in which it is not the first */
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

void *xstate_alloc(struct arena *from) {
    return arena_alloc(from, sizeof(area), 64);
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
    common = (struct common){.vcpu_count = 1};
    vcpu = (struct vcpu){.vmcb = &vmcb,
                         .common = &common,
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
    static _Alignas(PAGE_BYTES) uint8_t memory[20 * PAGE_BYTES];
    struct arena arena = {.next = memory, .end = memory + sizeof(memory)};
    struct common made = {0};

    (void)state;
    assert_true(vcpu_init_common(&made, 2, false, &arena));
    assert_int_equal(made.vcpu_count, 2);
    for (unsigned i = 0; i < 3 * PAGE_BYTES; i++)
        assert_int_equal(made.iopm[i], 0xff);
    for (unsigned i = 0; i < 2; i++) {
        const struct vcpu *one = &made.vcpus[i];

        assert_true(vcpu_init(&made.vcpus[i], &made, &cpu, &arena));
        made.vcpus[i].asid = 9 + i;
        vcpu_reset(&made.vcpus[i]);
        assert_ptr_equal(one->common, &made);
        assert_ptr_equal(one->guest.cpu, &cpu);
        assert_int_equal(one->guest.vmcb_pa.value, (uintptr_t)one->vmcb);
        assert_int_equal(one->vmcb->control.guest_asid, 9 + i);
        assert_int_equal(one->vmcb->control.n_cr3, made.npt.root.value);
        assert_int_equal(one->vmcb->control.iopm_base_pa, (uintptr_t)made.iopm);
        assert_int_equal(one->vmcb->control.msrpm_base_pa, (uintptr_t)made.msrpm);
        assert_int_equal(one->xcr0, 1);
        assert_int_equal(((uint8_t *)one->xsave_area)[0], 0x5a);
    }
    assert_ptr_not_equal(made.vcpus[0].vmcb, made.vcpus[1].vmcb);
    assert_ptr_not_equal(made.vcpus[0].xsave_area, made.vcpus[1].xsave_area);
}

/* Passed through is what VMSAVE and VMLOAD cover (APM vol. 3, "VMSAVE"), and nothing else. */
static void test_passed_msrs(void **state) {
    static const uint32_t passed[] = {0x174,      0x175,      0x176,      0xc0000081, 0xc0000082,
                                      0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102};
    static _Alignas(PAGE_BYTES) uint8_t memory[20 * PAGE_BYTES];
    struct common made = {0};
    struct reach run;
    unsigned open = 0;

    (void)state;
    assert_true(vcpu_init_common(&made, 1, false, &(struct arena){memory, memory + sizeof(memory), false}));
    for (unsigned i = 0; i < ARRAY_LENGTH(passed); i++) {
        assert_true(msrpm_next(made.msrpm, passed[i], &run));
        assert_int_equal(run.first, passed[i]);
        assert_int_equal(run.rights, REACH_READ | REACH_WRITE);
    }
    for (unsigned byte = 0; byte < MSRPM_BYTES; byte++)
        open += 8 - (unsigned)__builtin_popcount(made.msrpm[byte]);
    assert_int_equal(open, 2 * ARRAY_LENGTH(passed));
}

/* Whatever does not fit, the answer is no: up to the last byte of the vCPUs and of the XSAVE area. */
static void test_small_arena(void **state) {
    static _Alignas(PAGE_BYTES) uint8_t memory[20 * PAGE_BYTES];
    const uint64_t enough = 6 * PAGE_BYTES + align_up(sizeof(struct vcpu), PAGE_BYTES); /* IOPM, MSRPM, NPT's root */
    struct common made = {0};

    (void)state;
    for (uint64_t bytes = 0; bytes < enough; bytes += PAGE_BYTES)
        assert_false(vcpu_init_common(&made, 1, false, &(struct arena){memory, memory + bytes, false}));
    assert_true(vcpu_init_common(&made, 1, false, &(struct arena){memory, memory + enough, false}));
    for (uint64_t bytes = 0; bytes <= PAGE_BYTES; bytes += PAGE_BYTES)
        assert_false(vcpu_init(&vcpu, &made, &cpu, &(struct arena){memory, memory + bytes, false}));
}

/* A start is taken once it was asked for, in the width of the mode that it starts in. */
static void test_take_start(void **state) {
    const struct {
        uint16_t cs;
        uint64_t width;
    } modes[] = {{0x29b, UINT64_MAX}, {0xc9b, UINT32_MAX}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(modes); i++) {
        vcpu.start = (struct start){START_NOT_ASKED, 0x123456789abc, 0x987654321fed, false};
        vmcb.save.cs.attributes = modes[i].cs;
        vmcb.save.rip = 77;
        assert_false(vcpu_take_start(&vcpu));
        vcpu.start.state = START_CLAIMED;
        assert_false(vcpu_take_start(&vcpu));
        assert_int_equal(vmcb.save.rip, 77);
        vcpu.start.state = START_ASKED;
        assert_true(vcpu_take_start(&vcpu));
        assert_int_equal(vmcb.save.rip, 0x123456789abc & modes[i].width);
        assert_int_equal(vcpu.last_rip, 0x123456789abc & modes[i].width);
        assert_int_equal(vcpu.guest.registers[REGISTER_RDI], 0x987654321fed & modes[i].width);
    }
}

/* By SIPI it starts as after reset, but at the page that the vector is: APM vol. 2, "Processor Initialization State".
 */
static void test_take_sipi(void **state) {
    struct vmcb fresh = {0};

    (void)state;
    common.npt.root = HPA(0x1000);
    common.iopm = (uint8_t *)0x2000;
    common.msrpm = (uint8_t *)0x3000;
    vcpu.asid = 7;
    vmcb_init(&fresh, 7, HPA(0x1000), HPA(0x2000), HPA(0x3000));
    vmcb = fresh;
    fresh.control.tsc_offset = vmcb.control.tsc_offset = 5;
    vmcb.save.rip = 77;
    vmcb.save.cr0 = CR0_PE | CR0_PG;
    vmcb.save.cr3 = 0x5000;
    vmcb.save.efer = EFER_SVME | EFER_LME | EFER_LMA;
    vmcb.save.cs.attributes = 0x29b;
    vcpu.start = (struct start){START_NOT_ASKED, 0x9a000, 0, true};
    assert_false(vcpu_take_start(&vcpu));
    assert_int_equal(vmcb.save.rip, 77);
    vcpu.start.state = START_ASKED;
    assert_true(vcpu_take_start(&vcpu));
    assert_int_equal(vmcb.save.cs.selector, 0x9a00);
    assert_int_equal(vmcb.save.cs.base, 0x9a000);
    assert_int_equal(vmcb.save.cs.limit, 0xffff);
    assert_int_equal(vmcb.save.rip, 0);
    assert_int_equal(vmcb.save.cr0, CR0_ET);
    assert_int_equal(vmcb.save.efer, EFER_SVME);
    fresh.save.cs.selector = 0x9a00;
    fresh.save.cs.base = 0x9a000;
    assert_memory_equal(&vmcb, &fresh, sizeof(fresh)); /* with all that keeps it in its place, and its TSC */
    assert_int_equal(vcpu.start.state, START_ASKED);   /* so that a second SIPI is lost */
}

/* A start is asked for once, of any but the first, by whichever way; who comes later changes nothing. */
static void test_ask_start(void **state) {
    struct cpu others[3] = {{.attend_tsc = 7}, {.attend_tsc = 7}, {.attend_tsc = 7}};
    struct vcpu vcpus[3] = {{.guest.cpu = &others[0]}, {.guest.cpu = &others[1]}, {.guest.cpu = &others[2]}};
    struct common all = {.vcpus = vcpus, .vcpu_count = 3, .awake = 1};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        vcpus[i].common = &all;
    vcpus[0].start.state = START_ASKED;                        /* as partition_load() leaves it */
    assert_false(vcpu_ask_start(&vcpus[0], 0x9a000, 0, true)); /* it runs */
    assert_int_equal(vcpus[0].start.state, START_ASKED);
    assert_true(vcpu_ask_start(&vcpus[1], 0x9a000, 0, true));
    assert_int_equal(vcpus[1].start.state, START_ASKED);
    assert_int_equal(vcpus[1].start.entry, 0x9a000);
    assert_true(vcpus[1].start.by_sipi);
    assert_int_equal(all.awake, 2);
    assert_int_equal(others[1].attend_tsc, 0);                 /* woken */
    assert_false(vcpu_ask_start(&vcpus[1], 0x9a000, 0, true)); /* the second SIPI of the usual two */
    assert_false(vcpu_ask_start(&vcpus[1], 0x1000, 5, false));
    assert_int_equal(vcpus[1].start.entry, 0x9a000);
    assert_true(vcpus[1].start.by_sipi);
    assert_int_equal(all.awake, 2);
    vcpus[2].start.state = START_CLAIMED;
    assert_false(vcpu_ask_start(&vcpus[2], 0x9a000, 0, true));
    assert_int_equal(vcpus[2].start.state, START_CLAIMED);
    assert_int_equal(all.awake, 2);
    assert_int_equal(others[0].attend_tsc, 7);
    assert_int_equal(others[2].attend_tsc, 7);
    vcpus[2].start.state = START_NOT_ASKED;
    assert_true(vcpu_ask_start(&vcpus[2], 0x123456789a, 0x55, false));
    assert_int_equal(vcpus[2].start.argument, 0x55);
    assert_false(vcpus[2].start.by_sipi);
    assert_int_equal(all.awake, 3);
    vcpus[2].start.state = START_HALTED; /* for ever, so that another start has to set everything */
    assert_false(vcpu_ask_start(&vcpus[2], 0x123456789a, 0x55, false));
    assert_true(vcpu_ask_start(&vcpus[2], 0x9b000, 0, true));
    assert_int_equal(vcpus[2].start.state, START_ASKED);
    assert_int_equal(vcpus[2].start.entry, 0x9b000);
    assert_int_equal(all.awake, 4);
}

/* ---- the end and restarts ------------------------------------------------------------------- */

static struct cpu processors[3];
static struct vcpu several[3];
static struct vmcb vmcbs[3];
static struct common all;

/* Three that run, each on a processor of its own. */
static int make_several(void **state) {
    (void)state;
    all = (struct common){.vcpus = several, .vcpu_count = 3, .awake = 3, .to_leave = 3};
    for (unsigned i = 0; i < 3; i++) {
        processors[i].attend_tsc = 7;
        vmcbs[i] = (struct vmcb){.save.cs.attributes = 0x29b};
        several[i] =
            (struct vcpu){.vmcb = &vmcbs[i], .common = &all, .guest.cpu = &processors[i], .start.state = START_ASKED};
    }
    return 0;
}

/* A bit a processor that has been told to look since the last call. */
static unsigned woken(void) {
    unsigned bits = 0;

    for (unsigned i = 0; i < 3; i++) {
        bits |= (unsigned)(processors[i].attend_tsc == 0) << i;
        processors[i].attend_tsc = 7;
    }
    return bits;
}

/* All are told, and their processors are woken. */
static void test_end_all(void **state) {
    (void)state;
    vcpu_end_all(&all);
    assert_true(all.ends);
    assert_int_equal(woken(), 7);
}

/* Once, until the partition has been loaded; however often that was, and past 2^32 times. */
static void test_ask_restart(void **state) {
    static const unsigned counts[] = {0, 1, 77, UINT32_MAX};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(counts); i++) {
        all.restarts = all.loads = counts[i];
        assert_false(vcpu_restarts(&all));
        vcpu_ask_restart(&all);
        assert_true(vcpu_restarts(&all));
        assert_int_equal(all.restarts, counts[i] + 1);
        assert_int_equal(woken(), 7);
        vcpu_ask_restart(&all); /* another one does, too */
        vcpu_ask_restart(&all);
        assert_int_equal(all.restarts, counts[i] + 1);
        assert_int_equal(all.loads, counts[i]);
        assert_int_equal(woken(), 0);
        all.loads = all.restarts;
        assert_false(vcpu_restarts(&all));
    }
}

/* The first is started by whoever is the last to leave, no sooner, and nobody else is. */
static void test_leave(void **state) {
    (void)state;
    vcpu_ask_restart(&all);
    (void)woken();
    for (unsigned i = 0; i < 2; i++) {
        vcpu_leave(&all);
        assert_false(vcpu_take_start(&several[0]));
        assert_int_equal(woken(), 0);
    }
    vcpu_leave(&all);
    assert_int_equal(all.to_leave, 0);
    assert_int_equal(woken(), 1);
    assert_true(vcpu_take_start(&several[0]));
    for (unsigned i = 1; i < 3; i++)
        assert_false(vcpu_take_start(&several[i]));
}

/* What was asked for before the restart is not taken while it lasts, nor afterwards; then it can be asked for anew. */
static void test_start_before_restart(void **state) {
    static _Alignas(PAGE_BYTES) uint8_t memory[PAGE_BYTES];

    (void)state;
    several[1].start.state = START_NOT_ASKED;
    several[1].xsave_area = memory;
    vmcbs[1].save.rip = 77;
    assert_true(vcpu_ask_start(&several[1], 0x9a000, 0, true));
    vcpu_ask_restart(&all);
    assert_false(vcpu_take_start(&several[1]));
    assert_int_equal(vmcbs[1].save.rip, 77);
    vcpu_reset(&several[1]);
    several[1].start.state = START_NOT_ASKED; /* by partition_load() */
    assert_false(vcpu_take_start(&several[1]));
    all.loads = all.restarts;
    assert_false(vcpu_take_start(&several[1]));
    assert_true(vcpu_ask_start(&several[1], 0x5000, 3, false));
    assert_true(vcpu_take_start(&several[1]));
    assert_int_equal(vmcbs[1].save.rip, 0x5000);
    assert_int_equal(several[1].guest.registers[REGISTER_RDI], 3);
}

/* What a guest can change is as it was before the first start; what is the hypervisor's is as the guest left it. */
static void test_reset(void **state) {
    static _Alignas(PAGE_BYTES) uint8_t memory[30 * PAGE_BYTES];
    static struct vcpu before;
    static struct vmcb fresh;
    struct arena arena = {.next = memory, .end = memory + sizeof(memory)};
    struct common made = {0};
    struct x2apic apic;

    (void)state;
    assert_true(vcpu_init_common(&made, 2, false, &arena));
    for (unsigned i = 0; i < 2; i++) {
        struct vcpu *one = &made.vcpus[i];

        one->subject = (uint16_t)(0x100 + i);
        assert_true(vcpu_init(one, &made, &cpu, &arena));
        one->asid = 9 + i;
        one->shares_asid = true;
        one->status = 5;
        one->unowned = 6;
        one->times = (struct vcpu_times){1, 2, 3, 4, 5, 6};
        one->info[SHIKIRI_INFO_SWITCHES] = 8;
        one->costs[3].max_ticks = 9;
        one->start.state = START_ASKED;
        vcpu_reset(one);
        before = *one;
        fresh = *one->vmcb;

        memset(&one->vmcb->save, 0xcc, sizeof(one->vmcb->save));
        one->vmcb->control.vintr |= 0x3100000100ULL; /* V_IRQ and its vector */
        one->vmcb->control.eventinj = one->vmcb->control.interrupt_shadow = 0xcc;
        one->vmcb->control.tlb_control = 0;
        memset(one->xsave_area, 0xcc, sizeof(area));
        memset(one->dr, 0xcc, sizeof(one->dr));
        memset(one->guest.registers, 0xcc, sizeof(one->guest.registers));
        memset(&one->apic, 0xcc, sizeof(one->apic));
        one->xcr0 = 7;
        one->tsc_aux = 8;
        one->offered = 0x41;
        one->is_blocked = true;
        vcpu_reset(one);
        assert_memory_equal(one, &before, sizeof(before));
        assert_memory_equal(one->vmcb, &fresh, sizeof(fresh));

        memset(&fresh, 0, sizeof(fresh));
        vmcb_init(&fresh, 9 + i, made.npt.root, HPA((uintptr_t)made.iopm), HPA((uintptr_t)made.msrpm));
        assert_memory_equal(one->vmcb, &fresh, sizeof(fresh));
        assert_int_equal(one->vmcb->control.tlb_control, 1); /* what the run before has left */
        for (unsigned j = 0; j < REGISTER_COUNT; j++)
            assert_int_equal(one->guest.registers[j], 0);
        for (unsigned j = 0; j < 4; j++)
            assert_int_equal(one->dr[j], 0);
        for (unsigned j = 0; j < sizeof(area); j++)
            assert_int_equal(((uint8_t *)one->xsave_area)[j], 0x5a);
        assert_int_equal(one->xcr0, 1);
        assert_int_equal(one->tsc_aux, 0);
        assert_int_equal(one->offered, 0);
        assert_false(one->is_blocked);
        assert_int_equal(one->start.state, START_ASKED); /* as it was */
        x2apic_init(&apic, i);
        assert_memory_equal(&one->apic, &apic, sizeof(apic));
        assert_int_equal(one->times.late_ticks_max, 6);
        assert_int_equal(one->subject, 0x100 + i);
        assert_int_equal(one->costs[3].max_ticks, 9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_load, make),
        cmocka_unit_test_setup(test_optional_msrs, make),
        cmocka_unit_test_setup(test_flush, make),
        cmocka_unit_test_setup(test_save, make),
        cmocka_unit_test_setup(test_init, make),
        cmocka_unit_test_setup(test_passed_msrs, make),
        cmocka_unit_test_setup(test_small_arena, make),
        cmocka_unit_test_setup(test_take_start, make),
        cmocka_unit_test_setup(test_take_sipi, make),
        cmocka_unit_test_setup(test_ask_start, make),
        cmocka_unit_test_setup(test_end_all, make_several),
        cmocka_unit_test_setup(test_ask_restart, make_several),
        cmocka_unit_test_setup(test_leave, make_several),
        cmocka_unit_test_setup(test_start_before_restart, make_several),
        cmocka_unit_test_setup(test_reset, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
