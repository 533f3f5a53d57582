/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msr.c: the rules of EFER, PAT, TSC, TSC_AUX and APIC_BASE, and #GP for every other MSR.
 */
#include <string.h>

#include "hv/exits.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define GP_INJECTED 0x80000b0dULL
#define UPPER       0xaaaaaaaa00000000ULL /* of RAX, RCX and RDX: does not count */

static struct cpu cpu;
static struct common common;
static struct vcpu vcpu, other;
static struct vmcb vmcb;
static uint64_t wall, system_time; /* what has been written to the clock's MSRs */
static bool has_memory;            /* the clock finds its memory */

bool clock_write_wall(struct vcpu *of, uint64_t value) {
    assert_ptr_equal(of, &vcpu);
    wall = value;
    return has_memory;
}

bool clock_write_system(struct vcpu *of, uint64_t value) {
    assert_ptr_equal(of, &vcpu);
    system_time = value;
    return has_memory;
}

static int make(void **state) {
    (void)state;
    vmcb = (struct vmcb){0};
    cpu =
        (struct cpu){.tsc_khz = 1000, .lapic_per_tsc_q32 = 1ULL << 32, .slot_end_tsc = UINT64_MAX, .has_tsc_aux = true};
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common, .guest.cpu = &cpu};
    processor = (struct processor){.tsc = 1000};
    wall = system_time = 0;
    has_memory = false;
    return 0;
}

/* Whether the instruction was carried out; if not it is #GP at the instruction, and nothing has changed. */
static bool run(uint32_t msr, bool write) {
    vmcb.control.exitinfo1 = write;
    vmcb.control.eventinj = 0;
    vmcb.control.interrupt_shadow = 1;
    vmcb.save.rip = 0x1000;
    vcpu.guest.registers[REGISTER_RCX] = UPPER | msr;
    assert_int_equal(msr_exit(&vcpu), VERDICT_RESUME);
    if (vmcb.control.eventinj == 0) {
        assert_int_equal(vmcb.save.rip, 0x1002);
        assert_int_equal(vmcb.control.interrupt_shadow, 0);
        return true;
    }
    assert_int_equal(vmcb.control.eventinj, GP_INJECTED);
    assert_int_equal(vmcb.save.rip, 0x1000);
    return false;
}

static bool write_msr(uint32_t msr, uint64_t value) {
    vmcb.save.rax = UPPER | (uint32_t)value;
    vcpu.guest.registers[REGISTER_RDX] = UPPER | value >> 32;
    return run(msr, true);
}

static uint64_t read_msr(uint32_t msr) {
    vmcb.save.rax = vcpu.guest.registers[REGISTER_RDX] = UINT64_MAX;
    assert_true(run(msr, false));
    assert_int_equal((vmcb.save.rax | vcpu.guest.registers[REGISTER_RDX]) >> 32, 0);
    return vcpu.guest.registers[REGISTER_RDX] << 32 | vmcb.save.rax;
}

/* EFER.SVME stays set in the VMCB, and the guest never sees it. */
static void test_efer(void **state) {
    static const struct {
        uint64_t cr0, before, written;
        bool taken;
        uint64_t after;
    } cases[] = {
        {0, 0, EFER_LME, true, EFER_LME},
        {0, 0, EFER_LME | EFER_LMA, true, EFER_LME}, /* LMA is the processor's */
        {0, 0, EFER_SCE | EFER_NXE, true, EFER_SCE | EFER_NXE},
        {0, EFER_LME, 0, true, 0},
        {0, 0, EFER_SVME, false, 0},
        {0, 0, 1ULL << 1, false, 0},
        {0, 0, 1ULL << 13, false, 0}, /* LMSLE */
        {0, 0, 1ULL << 14, false, 0}, /* FFXSR, which CPUID hides */
        {0, 0, 1ULL << 15, false, 0}, /* TCE */
        {0, 0, 1ULL << 32 | EFER_LME, false, 0},
        {CR0_PG, 0, EFER_LME, false, 0},
        {CR0_PG, EFER_LME | EFER_LMA, 0, false, EFER_LME | EFER_LMA},
        {CR0_PG, EFER_LME | EFER_LMA, EFER_LME, true, EFER_LME | EFER_LMA},
        {CR0_PG, EFER_LME | EFER_LMA, EFER_LME | EFER_LMA | EFER_NXE, true, EFER_LME | EFER_LMA | EFER_NXE},
        {CR0_PG, 0, EFER_NXE | EFER_LMA, true, EFER_NXE},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        vmcb.save.cr0 = cases[i].cr0;
        vmcb.save.efer = cases[i].before | EFER_SVME;
        assert_int_equal(write_msr(MSR_EFER, cases[i].written), cases[i].taken);
        assert_int_equal(vmcb.save.efer, cases[i].after | EFER_SVME);
        assert_int_equal(read_msr(MSR_EFER), cases[i].after);
    }
}

/* Types 2, 3 and 8 to 255 are reserved, in each of the eight bytes. */
static void test_pat(void **state) {
    (void)state;
    vmcb.save.g_pat = PAT_RESET;
    assert_int_equal(read_msr(MSR_PAT), PAT_RESET);
    for (unsigned byte = 0; byte < 8; byte++) {
        for (uint64_t type = 0; type < 256; type++) {
            uint64_t value = (PAT_RESET & ~(0xffULL << 8 * byte)) | type << 8 * byte;
            bool legal = type == 0 || type == 1 || (type >= 4 && type <= 7);
            uint64_t before = vmcb.save.g_pat;

            assert_int_equal(write_msr(MSR_PAT, value), legal);
            assert_int_equal(vmcb.save.g_pat, legal ? value : before);
        }
    }
    assert_int_equal(processor.write_count, 0); /* the machine's is left alone */
}

static void test_tsc(void **state) {
    (void)state;
    vmcb.control.tsc_offset = (uint64_t)-400;
    assert_int_equal(read_msr(MSR_TSC), 600);
    assert_true(write_msr(MSR_TSC, 0x123456789a));
    assert_int_equal(vmcb.control.tsc_offset, 0x123456789a - 1000);
    processor.tsc += 5;
    assert_int_equal(read_msr(MSR_TSC), 0x123456789f);
    assert_int_equal(processor.write_count, 0);
}

static void test_tsc_aux(void **state) {
    (void)state;
    assert_int_equal(read_msr(MSR_TSC_AUX), 0);
    assert_true(write_msr(MSR_TSC_AUX, 0xffffffff));
    assert_int_equal(processor.write_count, 1);
    assert_int_equal(processor.writes[0].msr, MSR_TSC_AUX);
    assert_int_equal(processor.writes[0].value, 0xffffffff);
    assert_int_equal(read_msr(MSR_TSC_AUX), 0xffffffff);
    assert_false(write_msr(MSR_TSC_AUX, 1ULL << 32));
    cpu.has_tsc_aux = false;
    assert_false(run(MSR_TSC_AUX, false));
    assert_false(write_msr(MSR_TSC_AUX, 0));
    assert_int_equal(processor.write_count, 1);
    assert_int_equal(vcpu.tsc_aux, 0xffffffff);
}

/* With an APIC, APIC_BASE says where it is and that it is in x2APIC mode, and takes nothing else. */
static void test_apic_base(void **state) {
    (void)state;
    common.has_apic = true;
    assert_int_equal(read_msr(MSR_APIC_BASE), 0xfee00d00); /* the first is the boot processor */
    assert_true(write_msr(MSR_APIC_BASE, 0xfee00d00));
    for (unsigned bit = 0; bit < 64; bit++)
        assert_false(write_msr(MSR_APIC_BASE, 0xfee00d00 ^ 1ULL << bit));
    assert_false(write_msr(MSR_APIC_BASE, 0));
    common.vcpus = &other;
    assert_int_equal(read_msr(MSR_APIC_BASE), 0xfee00c00);
    assert_true(write_msr(MSR_APIC_BASE, 0xfee00c00));
    assert_false(write_msr(MSR_APIC_BASE, 0xfee00d00));
    assert_int_equal(processor.write_count, 0); /* the machine's is left alone */
}

/* The APIC's own are its business; a deadline is a time of the guest's TSC. */
static void test_apic(void **state) {
    (void)state;
    common.has_apic = true;
    x2apic_init(&vcpu.apic, 5);
    assert_int_equal(read_msr(0x802), 5);
    assert_false(write_msr(0x802, 6));
    assert_true(write_msr(0x80f, 0x1ff)); /* masked, it would ring no alarm */
    assert_true(write_msr(0x83e, 0xb));
    assert_true(write_msr(0x832, 0x41));
    assert_true(write_msr(0x838, 500));
    assert_int_equal(PROCESSOR_LAPIC(APIC_INITIAL_COUNT), 500);
    assert_true(write_msr(MSR_TSC, 0x123456789a));
    assert_int_equal(read_msr(0x839), 500);
    assert_true(write_msr(0x832, 0x40041));
    assert_true(write_msr(0x6e0, 0x123456789a + 300));
    assert_int_equal(read_msr(0x6e0), 0x123456789a + 300);
    assert_int_equal(PROCESSOR_LAPIC(APIC_INITIAL_COUNT), 300);
}

/* A new TSC counts for the deadlines that are written from then on; the one before fires when it would have. */
static void test_apic_tsc(void **state) {
    (void)state;
    common.has_apic = true;
    x2apic_init(&vcpu.apic, 0);
    assert_true(write_msr(0x80f, 0x1ff));
    assert_true(write_msr(0x832, 0x40041));
    assert_true(write_msr(0x6e0, 1000 + 300));
    assert_true(write_msr(MSR_TSC, 1000 + 200));
    assert_int_equal(x2apic_due_tsc(&vcpu.apic), 1000 + 300);
    assert_int_equal(read_msr(0x6e0), 1000 + 300);
    assert_true(write_msr(0x6e0, 1000 + 300));
    assert_int_equal(x2apic_due_tsc(&vcpu.apic), 1000 + 100);
    assert_int_equal(PROCESSOR_LAPIC(APIC_INITIAL_COUNT), 100);
    assert_true(write_msr(MSR_TSC, 0));
    assert_int_equal(x2apic_due_tsc(&vcpu.apic), 1000 + 100);
    assert_true(write_msr(0x6e0, 50));
    assert_int_equal(x2apic_due_tsc(&vcpu.apic), 1000 + 50);
}

/* Of all numbers that the APIC might have, those that can be read, and what is there without it, are there. */
static void test_apic_numbers(void **state) {
    (void)state;
    common.has_apic = true;
    for (uint32_t msr = 0; msr < 0x2000; msr++) {
        uint32_t number = msr - 0x800;
        bool is_register = number == 2 || number == 3 || number == 8 || number == 0xa || number == 0xd ||
                           number == 0xf || (number >= 0x10 && number <= 0x28) || number == 0x30 ||
                           (number >= 0x32 && number <= 0x39) || number == 0x3e;

        x2apic_init(&vcpu.apic, 0);
        assert_int_equal(run(msr, false),
                         is_register || msr == 0x6e0 || msr == MSR_APIC_BASE || msr == MSR_TSC || msr == MSR_PAT);
    }
    vcpu.guest.registers[REGISTER_RDX] = vmcb.save.rax = 0;
    assert_true(run(0x80b, true)); /* EOI */
    assert_false(run(0xc0000802, false));
    assert_false(run(0xc00006e0, false));
}

/* KVM's clock is written alone, and gives #GP where the guest has no memory for it. */
static void test_clock(void **state) {
    (void)state;
    has_memory = true;
    assert_true(write_msr(0x4b564d00, 0x123456789abc));
    assert_int_equal(wall, 0x123456789abc);
    assert_int_equal(system_time, 0);
    assert_true(write_msr(0x4b564d01, 0xdef012345679));
    assert_int_equal(wall, 0x123456789abc);
    assert_int_equal(system_time, 0xdef012345679);
    assert_false(run(0x4b564d00, false));
    assert_false(run(0x4b564d01, false));
    for (uint32_t msr = 0x4b564d02; msr < 0x4b564d20; msr++)
        assert_false(write_msr(msr, 0)); /* what else KVM has */
    has_memory = false;
    assert_false(write_msr(0x4b564d00, 0));
    assert_false(write_msr(0x4b564d01, 1));
}

/* Linux asks it for C1E on processors with erratum 400. */
static void test_interrupt_pending(void **state) {
    (void)state;
    assert_int_equal(read_msr(0xc0010055), 0);
    assert_false(write_msr(0xc0010055, 0));
}

/* Every MSR of the map's three ranges, and some outside. */
static void test_unknown(void **state) {
    static const uint32_t bases[] = {0, 0x40000000, 0x80000000, 0xc0000000, 0xc0010000, 0xffffe000};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(bases); i++) {
        for (uint32_t msr = bases[i]; msr - bases[i] < 0x2000; msr++) {
            if (msr == MSR_TSC || msr == MSR_PAT || msr == MSR_EFER || msr == MSR_TSC_AUX)
                continue;
            assert_int_equal(run(msr, false), msr == 0xc0010055);
            assert_false(write_msr(msr, 0));
        }
    }
    assert_int_equal(processor.write_count, 0);
}

/* A refused read leaves RAX and RDX as they were. */
static void test_refused_read(void **state) {
    (void)state;
    vmcb.save.rax = vcpu.guest.registers[REGISTER_RDX] = UINT64_MAX;
    assert_false(run(MSR_VM_CR, false));
    assert_int_equal(vmcb.save.rax & vcpu.guest.registers[REGISTER_RDX], UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_efer, make),      cmocka_unit_test_setup(test_pat, make),
        cmocka_unit_test_setup(test_tsc, make),       cmocka_unit_test_setup(test_tsc_aux, make),
        cmocka_unit_test_setup(test_unknown, make),   cmocka_unit_test_setup(test_refused_read, make),
        cmocka_unit_test_setup(test_apic_base, make), cmocka_unit_test_setup(test_apic, make),
        cmocka_unit_test_setup(test_apic_tsc, make),  cmocka_unit_test_setup(test_apic_numbers, make),
        cmocka_unit_test_setup(test_clock, make),     cmocka_unit_test_setup(test_interrupt_pending, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
