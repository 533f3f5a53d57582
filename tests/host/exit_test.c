/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit.c: which exit does what, and above all when a guest goes on after HLT and after a physical interrupt. The
 * exits that are files of their own are the test's here, and so is VMRUN.
 */
#include "hv/cpu/trace.h"
#include "hv/cpu/xstate.h"
#include "hv/exits.h"
#include "hv/interrupt.h"
#include "hv/svm/event.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define NOW         1000000ULL
#define SLOT_END    (NOW + 50000)
#define RIP         0x1000
#define UD_INJECTED 0x80000306ULL
#define GP_INJECTED 0x80000b0dULL
#define AGAIN_TICKS 10000 /* 10 us */
#define PLAIN       0x7c  /* MSR: an exit that does nothing here */

static _Alignas(TRACE_RING_BYTES) uint8_t ring[TRACE_RING_BYTES];
static struct cpu cpu;
static struct common common;
static struct vmcb vmcb;
static struct vcpu vcpu, owner;
static const char *called; /* the last of those below */

static enum verdict note(const struct vcpu *of, const char *name) {
    assert_ptr_equal(of, &vcpu);
    called = name;
    return VERDICT_RESUME;
}

enum verdict cpuid_exit(struct vcpu *of) {
    return note(of, "CPUID");
}

enum verdict mov_cr8_exit(struct vcpu *of) {
    return note(of, "write CR8");
}

enum verdict mov_dr7_exit(struct vcpu *of) {
    return note(of, "write DR7");
}

enum verdict msr_exit(struct vcpu *of) {
    return note(of, "MSR");
}

enum verdict npf_exit(struct vcpu *of) {
    return note(of, "NPF");
}

enum verdict io_exit(struct vcpu *of) {
    return note(of, "IOIO");
}

enum verdict hypercall_exit(struct vcpu *of) {
    return note(of, "VMMCALL");
}

bool xstate_guest_may_set(uint64_t xcr0) {
    return xcr0 == 7 || xcr0 == 0x100000003;
}

void panic(const char *format, ...) {
    mock_assert(0, format, __FILE__, __LINE__);
    __builtin_unreachable();
}

/* One exit. */
int vmrun(struct guest *guest, vmrun_exit_fn *exit) {
    return exit(guest);
}

static void make_for(enum svm_injection injection) {
    processor = (struct processor){.tsc = NOW};
    interrupt_set_injection(injection);
    cpu = (struct cpu){.tsc_khz = 1000000,
                       .lapic_per_tsc_q32 = 1ULL << 32,
                       .slot_end_tsc = SLOT_END,
                       .attend_tsc = UINT64_MAX,
                       .turn_of = &vcpu,
                       .trace_next = (uintptr_t)ring};
    vmcb = (struct vmcb){.save.rflags = RFLAGS_IF, .control.interrupt_shadow = 1};
    vmcb.save.rip = RIP;
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1, .has_apic = true};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common, .guest.cpu = &cpu};
    x2apic_init(&vcpu.apic, 0);
    assert_int_equal(x2apic_write(&vcpu.apic, 0x0f, NOW, 0x1ff), X2APIC_TIMER);
    PROCESSOR_LAPIC(APIC_INITIAL_COUNT) = 0;
    called = NULL;
}

static int make(void **state) {
    (void)state;
    make_for(SVM_INJECTION_V_IRQ);
    return 0;
}

static enum verdict run(uint64_t exitcode) {
    vmcb.control.exitcode = exitcode;
    return vcpu_run(&vcpu);
}

/* APM vol. 2, appendix C, "SVM Intercept Exit Codes". */
static const struct {
    uint64_t code;
    const char *name;
} exits[] = {
    {0x018, "write CR8"}, {0x037, "write DR7"},   {0x041, "#DB"},      {0x051, "#AC"},     {0x052, "#MC"},
    {0x060, "INTR"},      {0x061, "NMI"},         {0x063, "INIT"},     {0x06f, "RDPMC"},   {0x072, "CPUID"},
    {0x073, "RSM"},       {0x076, "INVD"},        {0x078, "HLT"},      {0x07a, "INVLPGA"}, {0x07b, "IOIO"},
    {0x07c, "MSR"},       {0x07e, "FERR_FREEZE"}, {0x07f, "SHUTDOWN"}, {0x080, "VMRUN"},   {0x081, "VMMCALL"},
    {0x082, "VMLOAD"},    {0x083, "VMSAVE"},      {0x084, "STGI"},     {0x085, "CLGI"},    {0x086, "SKINIT"},
    {0x089, "WBINVD"},    {0x08a, "MONITOR"},     {0x08b, "MWAIT"},    {0x08d, "XSETBV"},  {0x08e, "RDPRU"},
    {0x400, "NPF"},
};

static unsigned find(uint64_t code) {
    unsigned i = 0;

    while (i < ARRAY_LENGTH(exits) && exits[i].code != code)
        i++;
    return i;
}

/* Each code has a row of its own or, if it has none, the one for all these. */
static void test_rows(void **state) {
    static const uint64_t wide[] = {UINT64_MAX, 1ULL << 32, 1ULL << 32 | 0x78, 0xffffffff};

    (void)state;
    for (uint64_t code = 0; code < 0x500; code++) {
        unsigned i = find(code), row = exit_row(code);

        assert_in_range(row, 0, EXIT_ROWS - 1);
        assert_string_equal(exit_entries[row].name, i < ARRAY_LENGTH(exits) ? exits[i].name : "INVALID");
        assert_int_equal(exit_entries[row].code, i < ARRAY_LENGTH(exits) ? code : TRACE_INVALID);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(wide); i++)
        assert_int_equal(exit_row(wide[i]), 0);
}

/* What has a file of its own gets there, with its cost where its row is. */
static void test_others(void **state) {
    static const uint64_t codes[] = {0x018, 0x037, 0x072, 0x07b, 0x07c, 0x081, 0x400};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(codes); i++) {
        called = NULL;
        assert_int_equal(run(codes[i]), VERDICT_RESUME);
        assert_string_equal(called, exits[find(codes[i])].name);
        assert_ptr_equal(vcpu.guest.cost, &vcpu.costs[exit_row(codes[i])]);
    }
}

/* The TLB is flushed once, an event that was on its way is delivered again, and where the exit was is kept. */
static void test_every_exit(void **state) {
    (void)state;
    vmcb.control.tlb_control = TLB_FLUSH_ALL;
    vmcb.control.exitintinfo = 0x80000041;
    assert_int_equal(run(PLAIN), VERDICT_RESUME);
    assert_int_equal(vmcb.control.tlb_control, 0);
    assert_int_equal(vmcb.control.eventinj, 0x80000041);
    assert_int_equal(vcpu.last_rip, RIP);
    vmcb.control.exitintinfo = 0x41;
    assert_int_equal(run(PLAIN), VERDICT_RESUME);
    assert_int_equal(vmcb.control.eventinj, 0);
}

static void test_undefined(void **state) {
    static const uint64_t codes[] = {0x073, 0x07a, 0x080, 0x082, 0x083, 0x084, 0x085, 0x086, 0x08a, 0x08b, 0x08e};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(codes); i++) {
        assert_int_equal(run(codes[i]), VERDICT_RESUME);
        assert_int_equal(vmcb.control.eventinj, UD_INJECTED);
        assert_int_equal(vmcb.save.rip, RIP);
    }
    assert_memory_equal(ring, &((struct trace_record){NOW, 6, TRACE_INJECT, 0}), sizeof(struct trace_record));
    assert_int_equal(run(0x06f), VERDICT_RESUME); /* RDPMC */
    assert_int_equal(vmcb.control.eventinj, GP_INJECTED);
    assert_int_equal(run(0x041), VERDICT_RESUME);
    assert_int_equal(vmcb.control.eventinj, 0x80000301);
    assert_int_equal(run(0x051), VERDICT_RESUME);
    assert_int_equal(vmcb.control.eventinj, 0x80000b11);
}

static void test_skip(void **state) {
    (void)state;
    assert_int_equal(run(0x076), VERDICT_RESUME);
    assert_int_equal(run(0x089), VERDICT_RESUME);
    assert_int_equal(vmcb.save.rip, RIP + 4);
    assert_int_equal(vmcb.control.eventinj, 0);
}

/* What ends the guest. RIP of an invalid state is not to be believed. */
static void test_faults(void **state) {
    (void)state;
    assert_int_equal(run(0x07e), VERDICT_FAULT);
    assert_null(vcpu.fault);
    assert_int_equal(run(0x07f), VERDICT_FAULT);
    assert_string_equal(vcpu.fault, "triple fault");
    vmcb.save.rip = 0xbad;
    assert_int_equal(run(UINT64_MAX), VERDICT_FAULT);
    assert_int_equal(vmcb.save.rip, RIP);
    assert_non_null(vcpu.fault);
    expect_assert_failure(run(0x052)); /* a machine check is nobody's fault */
}

static void test_xsetbv(void **state) {
    static const struct {
        uint64_t cr4;
        uint8_t cpl;
        uint64_t rcx, value, event;
    } cases[] = {
        {CR4_OSXSAVE, 0, 0, 7, 0},           {CR4_OSXSAVE, 0, 0, 0x100000003, 0}, {CR4_OSXSAVE, 0, 1ULL << 32, 7, 0},
        {0, 0, 0, 7, UD_INJECTED},           {CR4_OSXSAVE, 3, 0, 7, GP_INJECTED}, {CR4_OSXSAVE, 0, 1, 7, GP_INJECTED},
        {CR4_OSXSAVE, 0, 0, 5, GP_INJECTED},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        make(NULL);
        vmcb.save.cr4 = cases[i].cr4;
        vmcb.save.cpl = cases[i].cpl;
        vmcb.save.rax = 0xaaaaaaaa00000000 | (uint32_t)cases[i].value;
        vcpu.guest.registers[REGISTER_RDX] = cases[i].value >> 32;
        vcpu.guest.registers[REGISTER_RCX] = cases[i].rcx;
        assert_int_equal(run(0x08d), VERDICT_RESUME);
        assert_int_equal(vmcb.control.eventinj, cases[i].event);
        assert_int_equal(processor.xcr0, cases[i].event ? 0 : cases[i].value);
        assert_int_equal(vmcb.save.rip, cases[i].event ? RIP : RIP + 3);
    }
}

/* ---- HLT ------------------------------------------------------------------------------------ */

/* It halts behind the instruction, unless an interrupt waits that the guest can take. */
static void test_halt(void **state) {
    (void)state;
    for (enum svm_injection how = SVM_INJECTION_V_IRQ; how <= SVM_INJECTION_EVENTINJ; how++) {
        make_for(how);
        assert_int_equal(run(0x078), VERDICT_HALT);
        assert_int_equal(vmcb.save.rip, RIP + 1);
        assert_int_equal(vmcb.control.interrupt_shadow, 0);
        x2apic_post(&vcpu.apic, 0x41);
        assert_int_equal(run(0x078), VERDICT_RESUME);
        assert_int_equal(vmcb.save.rip, RIP + 2);
        if (how == SVM_INJECTION_V_IRQ)
            assert_true(event_is_offered(&vmcb));
        else
            assert_int_equal(vmcb.control.eventinj, 0x80000041);
    }
}

/* With IF=0 it is for ever, whatever waits; and without an APIC nothing does. */
static void test_halt_for_ever(void **state) {
    (void)state;
    for (enum svm_injection how = SVM_INJECTION_V_IRQ; how <= SVM_INJECTION_EVENTINJ; how++) {
        make_for(how);
        vmcb.save.rflags = 0;
        x2apic_post(&vcpu.apic, 0x41);
        assert_int_equal(run(0x078), VERDICT_HALT);
        assert_int_equal(vmcb.save.rip, RIP + 1);
        make_for(how);
        common.has_apic = false;
        x2apic_post(&vcpu.apic, 0x41);
        assert_int_equal(run(0x078), VERDICT_HALT);
    }
}

/* ---- physical interrupts -------------------------------------------------------------------- */

static const uint64_t physical[] = {0x060, 0x061, 0x063}; /* INTR, NMI, INIT */

static uint32_t armed(void) {
    return PROCESSOR_LAPIC(APIC_INITIAL_COUNT);
}

/* Before the slot ends, the guest goes on, with the timer armed anew; at its end it does not. */
static void test_interrupt(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(physical); i++) {
        make(NULL);
        processor.tsc = SLOT_END - 1;
        assert_int_equal(run(physical[i]), VERDICT_RESUME);
        assert_int_equal(processor.gif_openings, 1);
        assert_int_equal(armed(), 1);
        processor.tsc = SLOT_END;
        assert_int_equal(run(physical[i]), VERDICT_PREEMPT);
        assert_int_equal(processor.gif_openings, 2);
        assert_int_equal(vmcb.save.rip, RIP);
    }
}

/* One for the guest itself is offered to it. */
static void test_interrupt_for_guest(void **state) {
    (void)state;
    x2apic_post(&vcpu.apic, 0x41);
    cpu.attend_tsc = 0; /* ends no turn of who is asked for */
    assert_int_equal(run(0x060), VERDICT_RESUME);
    assert_true(event_is_offered(&vmcb));
    assert_int_equal(vmcb.control.vintr >> VINTR_VECTOR_SHIFT, 0x41);
    make_for(SVM_INJECTION_EVENTINJ);
    x2apic_post(&vcpu.apic, 0x41);
    vmcb.save.rflags = 0;
    assert_int_equal(run(0x060), VERDICT_RESUME);
    assert_int_equal(vmcb.control.eventinj, 0);
    assert_int_equal(armed(), AGAIN_TICKS);
}

/* A background makes way as soon as its processor is asked to look, and not before. */
static void test_background(void **state) {
    (void)state;
    cpu.turn_of = &owner;
    assert_int_equal(run(0x060), VERDICT_RESUME);
    cpu.attend_tsc = 0;
    assert_int_equal(run(0x060), VERDICT_PREEMPT);
}

static void test_partition_ends(void **state) {
    (void)state;
    common.ends = true;
    assert_int_equal(run(0x060), VERDICT_PREEMPT);
    assert_int_equal(processor.gif_openings, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rows, make),
        cmocka_unit_test_setup(test_others, make),
        cmocka_unit_test_setup(test_every_exit, make),
        cmocka_unit_test_setup(test_undefined, make),
        cmocka_unit_test_setup(test_skip, make),
        cmocka_unit_test_setup(test_faults, make),
        cmocka_unit_test(test_xsetbv),
        cmocka_unit_test(test_halt),
        cmocka_unit_test(test_halt_for_ever),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test_setup(test_interrupt_for_guest, make),
        cmocka_unit_test_setup(test_background, make),
        cmocka_unit_test_setup(test_partition_ends, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
