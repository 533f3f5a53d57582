/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interrupt.c: what a vCPU's APIC has reaches the guest, by V_IRQ and by EVENTINJ, and the processor's timer fires
 * when there is to look again. The guest is played by the tests: it takes what the VMCB offers.
 */
#include <unistd.h>

#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/interrupt.h"
#include "hv/svm/event.h"
#include "tests/host/processor.h"
#include "tests/host/test.h"

#define VCPUS       3
#define NOW         1000000ULL
#define SLOT_END    (NOW + 50000)
#define TSC_KHZ     1000000 /* a tick is 1 ns */
#define AGAIN_TICKS 10000   /* 10 us */
#define OTHER_VINTR (VINTR_MASKING | VINTR_GIF_ENABLE)
#define GP_INJECTED 0x80000b0dULL
#define RIP         0x1000
#define UPPER       0xaaaaaaaa00000000ULL

enum {
    MSR_ID = 0x802,
    MSR_TPR = 0x808,
    MSR_EOI = 0x80b,
    MSR_SVR = 0x80f,
    MSR_ISR = 0x810,
    MSR_IRR = 0x820,
    MSR_ICR = 0x830,
    MSR_LVT_TIMER = 0x832,
    MSR_LINT0 = 0x835,
    MSR_INITIAL_COUNT = 0x838,
    MSR_CURRENT_COUNT = 0x839,
    MSR_DIVIDE = 0x83e,
    MSR_SELF_IPI = 0x83f,
    MSR_DEADLINE = 0x6e0,
};

static struct cpu processors[VCPUS];
static struct vmcb vmcbs[VCPUS];
static struct vcpu vcpus[VCPUS];
static struct common common;
static struct vcpu *const vcpu = &vcpus[0];
static struct vmcb *const vmcb = &vmcbs[0];
static unsigned wakes[VCPUS];

void lapic_wake(struct cpu *cpu) {
    wakes[cpu - processors]++;
}

static struct {
    const struct vcpu *vcpu;
    uint64_t entry, argument;
    bool by_sipi;
} starts[VCPUS];
static unsigned start_count;

bool vcpu_ask_start(struct vcpu *of, uint64_t entry, uint64_t argument, bool by_sipi) {
    assert_true(start_count < VCPUS);
    starts[start_count].vcpu = of;
    starts[start_count].entry = entry;
    starts[start_count].argument = argument;
    starts[start_count++].by_sipi = by_sipi;
    return true;
}

/* The highest vector of a set, 0 without any. */
static unsigned highest(const uint64_t set[4]) {
    unsigned vector = 255;

    while (vector > 0 && !(set[vector / 64] >> vector % 64 & 1))
        vector--;
    return vector;
}

static enum verdict run(struct vcpu *of, uint32_t msr) {
    return msr == MSR_DEADLINE ? interrupt_deadline_exit(of) : interrupt_register_exit(of, msr);
}

static void write_msr(struct vcpu *of, uint32_t msr, uint64_t value) {
    of->vmcb->control.exitinfo1 = 1;
    of->vmcb->save.rip = RIP;
    of->vmcb->save.rax = UPPER | (uint32_t)value;
    of->guest.registers[REGISTER_RDX] = UPPER | value >> 32;
    assert_int_equal(run(of, msr), VERDICT_RESUME);
    assert_int_equal(of->vmcb->save.rip, RIP + 2);
}

static uint64_t read_msr(struct vcpu *of, uint32_t msr) {
    of->vmcb->control.exitinfo1 = 0;
    of->vmcb->save.rip = RIP;
    of->vmcb->save.rax = of->guest.registers[REGISTER_RDX] = UINT64_MAX;
    assert_int_equal(run(of, msr), VERDICT_RESUME);
    assert_int_equal(of->vmcb->save.rip, RIP + 2);
    assert_int_equal((of->vmcb->save.rax | of->guest.registers[REGISTER_RDX]) >> 32, 0);
    return of->guest.registers[REGISTER_RDX] << 32 | of->vmcb->save.rax;
}

static bool has(struct vcpu *of, uint32_t msr_first, unsigned vector) {
    return read_msr(of, msr_first + vector / 32) >> vector % 32 & 1;
}

static void make(enum svm_injection injection) {
    processor = (struct processor){.tsc = NOW};
    interrupt_set_injection(injection);
    start_count = 0;
    common = (struct common){.vcpus = vcpus, .vcpu_count = VCPUS, .has_apic = true};
    for (unsigned i = 0; i < VCPUS; i++) {
        wakes[i] = 0;
        processors[i] = (struct cpu){
            .tsc_khz = TSC_KHZ, .lapic_per_tsc_q32 = 1ULL << 32, .slot_end_tsc = SLOT_END, .attend_tsc = UINT64_MAX};
        vmcbs[i] = (struct vmcb){.save.rflags = RFLAGS_IF, .control.vintr = OTHER_VINTR};
        vcpus[i] = (struct vcpu){.vmcb = &vmcbs[i], .common = &common, .guest.cpu = &processors[i]};
        x2apic_init(&vcpus[i].apic, i);
        write_msr(&vcpus[i], MSR_SVR, 0x1ff);
        write_msr(&vcpus[i], MSR_DIVIDE, 0xb);
    }
    PROCESSOR_LAPIC(APIC_INITIAL_COUNT) = 0;
}

static int make_v_irq(void **state) {
    (void)state;
    make(SVM_INJECTION_V_IRQ);
    return 0;
}

static int make_eventinj(void **state) {
    (void)state;
    make(SVM_INJECTION_EVENTINJ);
    return 0;
}

/* How many ticks from now the processor's timer fires, and it is as good as stopped. */
static uint32_t armed(void) {
    uint32_t ticks = PROCESSOR_LAPIC(APIC_INITIAL_COUNT);

    PROCESSOR_LAPIC(APIC_INITIAL_COUNT) = 0;
    return ticks;
}

/* What the VMCB offers by V_IRQ is this vector (APM vol. 2, appendix B, offset 060h), 0 for none; CR8 reads `tpr`. */
static void expect_offer(struct vcpu *to, uint64_t vector, uint64_t tpr) {
    uint64_t want = vector ? 1ULL << 8 | vector >> 4 << 16 | 1ULL << 20 | vector << 32 : 0;

    assert_int_equal(to->vmcb->control.vintr, OTHER_VINTR | want | tpr);
    assert_int_equal(to->vmcb->control.eventinj, 0);
}

static void expect_no_offer(void) {
    assert_false(event_is_offered(vmcb));
}

/* The guest takes it; the processor clears V_IRQ and leaves the vector. */
static void take(struct vcpu *to, uint64_t vector) {
    assert_int_equal(to->vmcb->control.vintr & VINTR_IRQ, VINTR_IRQ);
    assert_int_equal(to->vmcb->control.vintr >> VINTR_VECTOR_SHIFT, vector);
    to->vmcb->control.vintr &= ~VINTR_IRQ;
}

/* ---- V_IRQ ---------------------------------------------------------------------------------- */

/* That it was taken is noticed when the APIC is looked at: in service until EOI. */
static void test_noticed_late(void **state) {
    (void)state;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    expect_offer(vcpu, 0x41, 0);
    assert_true(has(vcpu, MSR_IRR, 0x41));
    assert_false(has(vcpu, MSR_ISR, 0x41));
    take(vcpu, 0x41);
    assert_true(has(vcpu, MSR_ISR, 0x41));
    assert_false(has(vcpu, MSR_IRR, 0x41));
    write_msr(vcpu, MSR_EOI, 0);
    assert_false(has(vcpu, MSR_ISR, 0x41));
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    take(vcpu, 0x41);
    write_msr(vcpu, MSR_EOI, 0); /* EOI is the first that notices */
    assert_false(has(vcpu, MSR_ISR, 0x41) || has(vcpu, MSR_IRR, 0x41));
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    take(vcpu, 0x41);
    write_msr(vcpu, MSR_SELF_IPI, 0x41); /* waits for EOI, and is a second one */
    expect_no_offer();
    write_msr(vcpu, MSR_EOI, 0);
    expect_offer(vcpu, 0x41, 0);
}

/* One from another processor, when the guest has taken an equal one and nobody has noticed: it is a second one. */
static void test_second_before_noticed(void **state) {
    (void)state;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    x2apic_post(&vcpu->apic, 0x41); /* before it is taken they are one */
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0x41, 0);
    take(vcpu, 0x41);
    x2apic_post(&vcpu->apic, 0x41);
    assert_true(has(vcpu, MSR_ISR, 0x41) && has(vcpu, MSR_IRR, 0x41));
    write_msr(vcpu, MSR_EOI, 0);
    expect_offer(vcpu, 0x41, 0);
    take(vcpu, 0x41);
    write_msr(vcpu, MSR_EOI, 0);
    expect_no_offer();
    assert_false(has(vcpu, MSR_ISR, 0x41) || has(vcpu, MSR_IRR, 0x41));
}

/* Every vector reads as requested while it is offered, beside those that wait behind it, and in no other word. */
static void test_offered_is_requested(void **state) {
    (void)state;
    for (unsigned vector = 32; vector < 256; vector++) {
        make(SVM_INJECTION_V_IRQ);
        write_msr(vcpu, MSR_SELF_IPI, 0x10);
        write_msr(vcpu, MSR_SELF_IPI, vector);
        expect_offer(vcpu, vector, 0);
        assert_int_equal(highest(vcpu->apic.irr), 0x10); /* taken out */
        assert_int_equal(read_msr(vcpu, MSR_IRR), 1 << 16);
        for (uint32_t word = 1; word < 8; word++)
            assert_int_equal(read_msr(vcpu, MSR_IRR + word), word == vector / 32 ? 1U << vector % 32 : 0);
        assert_int_equal(highest(vcpu->apic.isr), 0);
        take(vcpu, vector);
        assert_int_equal(read_msr(vcpu, MSR_IRR + vector / 32), 0);
        assert_int_equal(highest(vcpu->apic.isr), vector);
    }
}

static void test_higher_replaces(void **state) {
    (void)state;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    write_msr(vcpu, MSR_SELF_IPI, 0x31);
    expect_offer(vcpu, 0x41, 0);
    write_msr(vcpu, MSR_SELF_IPI, 0x4f);
    expect_offer(vcpu, 0x4f, 0);
    write_msr(vcpu, MSR_SELF_IPI, 0xf1);
    expect_offer(vcpu, 0xf1, 0);
    take(vcpu, 0xf1);
    interrupt_arm(vcpu);
    assert_true(has(vcpu, MSR_ISR, 0xf1));
    assert_true(has(vcpu, MSR_IRR, 0x4f) && has(vcpu, MSR_IRR, 0x41) && has(vcpu, MSR_IRR, 0x31));
    expect_no_offer();
    write_msr(vcpu, MSR_EOI, 0);
    expect_offer(vcpu, 0x4f, 0);
    take(vcpu, 0x4f);
    write_msr(vcpu, MSR_SELF_IPI, 0x51); /* nests */
    expect_offer(vcpu, 0x51, 0);
    take(vcpu, 0x51);
    write_msr(vcpu, MSR_EOI, 0);
    expect_no_offer();
    assert_true(has(vcpu, MSR_ISR, 0x4f));
    write_msr(vcpu, MSR_EOI, 0);
    expect_offer(vcpu, 0x41, 0);
}

/* A higher TPR takes back what is offered, a lower one lets it out; CR8 is the same register. */
static void test_tpr(void **state) {
    (void)state;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    write_msr(vcpu, MSR_TPR, 0x40);
    expect_offer(vcpu, 0, 4);
    assert_true(has(vcpu, MSR_IRR, 0x41));
    write_msr(vcpu, MSR_TPR, 0x3f);
    expect_offer(vcpu, 0x41, 3);
    interrupt_write_cr8(vcpu, 15);
    expect_offer(vcpu, 0, 15);
    assert_int_equal(read_msr(vcpu, MSR_TPR), 0xf0);
    write_msr(vcpu, MSR_SELF_IPI, 0xff);
    expect_offer(vcpu, 0, 15);
    interrupt_write_cr8(vcpu, 14);
    expect_offer(vcpu, 0xff, 14);
    take(vcpu, 0xff);
    interrupt_write_cr8(vcpu, 15); /* comes too late for it */
    assert_true(has(vcpu, MSR_ISR, 0xff));
    interrupt_write_cr8(vcpu, 0);
    expect_no_offer();
    write_msr(vcpu, MSR_EOI, 0);
    expect_offer(vcpu, 0x41, 0);
}

static void test_timer(void **state) {
    (void)state;
    write_msr(vcpu, MSR_LVT_TIMER, 0x20041); /* periodic */
    write_msr(vcpu, MSR_INITIAL_COUNT, 300);
    assert_int_equal(armed(), 300);
    processor.tsc = NOW + 299;
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0, 0);
    assert_int_equal(armed(), 1);
    processor.tsc = NOW + 301;
    assert_int_equal(read_msr(vcpu, MSR_CURRENT_COUNT), 299);
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0x41, 0);
    assert_int_equal(armed(), 299);
    processor.tsc = NOW + 1000; /* the same is still offered */
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0x41, 0);
    take(vcpu, 0x41);
    write_msr(vcpu, MSR_EOI, 0);
    expect_no_offer();
    processor.tsc = NOW + 1200;
    assert_true(interrupt_waits(vcpu));
    expect_offer(vcpu, 0x41, 0);
}

/* What is due when its timer is written, or stopped, is offered at once. */
static void test_due_at_write(void **state) {
    static const struct {
        uint32_t msr, value;
    } writes[] = {{MSR_LVT_TIMER, 0x10041}, {MSR_LVT_TIMER, 0x40051}, {MSR_INITIAL_COUNT, 0}, {MSR_SVR, 0xff}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(writes); i++) {
        make(SVM_INJECTION_V_IRQ);
        write_msr(vcpu, MSR_LVT_TIMER, 0x41);
        write_msr(vcpu, MSR_INITIAL_COUNT, 300);
        processor.tsc = NOW + 300;
        write_msr(vcpu, writes[i].msr, writes[i].value);
        expect_offer(vcpu, 0x41, 0);
        assert_int_equal(armed(), SLOT_END - NOW - 300);
    }
}

/* ---- EVENTINJ ------------------------------------------------------------------------------- */

static void expect_injected(uint64_t vector) {
    assert_int_equal(vmcb->control.eventinj, vector ? EVENT_VALID | vector : 0);
    assert_int_equal(vmcb->control.vintr & ~VINTR_TPR_MASK, OTHER_VINTR);
}

/* It is in service at once, as it is delivered for certain. */
static void test_inject(void **state) {
    (void)state;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    expect_injected(0x41);
    assert_true(has(vcpu, MSR_ISR, 0x41));
    assert_false(has(vcpu, MSR_IRR, 0x41));
    assert_true(interrupt_waits(vcpu)); /* it would wake a HLT */
    vmcb->control.eventinj = 0;         /* delivered */
    assert_false(interrupt_waits(vcpu));
    write_msr(vcpu, MSR_SELF_IPI, 0x42);
    expect_injected(0);
    write_msr(vcpu, MSR_SELF_IPI, 0x51);
    expect_injected(0x51);
    vmcb->control.eventinj = 0;
    write_msr(vcpu, MSR_EOI, 0);
    expect_injected(0);
    write_msr(vcpu, MSR_EOI, 0);
    expect_injected(0x42);
}

static void test_inject_tpr(void **state) {
    (void)state;
    interrupt_write_cr8(vcpu, 4);
    write_msr(vcpu, MSR_SELF_IPI, 0x4f);
    expect_injected(0);
    assert_false(interrupt_waits(vcpu));
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER); /* there is nothing to try again */
    interrupt_write_cr8(vcpu, 3);
    expect_injected(0x4f);
}

static void block_by_flag(void) {
    vmcb->save.rflags = 0;
}

static void block_by_shadow(void) {
    vmcb->control.interrupt_shadow = 1;
}

static void block_by_event(void) {
    vmcb->control.eventinj = GP_INJECTED;
}

/* Where the guest cannot take one it waits, and is tried again 10 us later, or earlier if anything else happens. */
static void test_blocked(void **state) {
    static void (*const blocks[])(void) = {block_by_flag, block_by_shadow, block_by_event};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(blocks); i++) {
        make(SVM_INJECTION_EVENTINJ);
        blocks[i]();
        x2apic_post(&vcpu->apic, 0x41);
        interrupt_arm(vcpu);
        assert_int_equal(vmcb->control.eventinj, i == 2 ? GP_INJECTED : 0);
        assert_int_equal(x2apic_pending(&vcpu->apic), 0x41);
        assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + AGAIN_TICKS);
        assert_int_equal(armed(), AGAIN_TICKS);
        if (i > 0) /* with IF=0 nothing ends a HLT */
            assert_true(interrupt_waits(vcpu));
        processor.tsc = SLOT_END - 5;
        interrupt_arm(vcpu);
        assert_int_equal(armed(), 5); /* the slot ends before */
        processor.tsc = NOW;
        vmcb->save.rflags = RFLAGS_IF;
        vmcb->control.interrupt_shadow = vmcb->control.eventinj = 0;
        interrupt_arm(vcpu);
        expect_injected(0x41);
        assert_int_equal(armed(), SLOT_END - NOW);
        assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
    }
}

/* Its own timer may be due before the next try is. */
static void test_blocked_until_timer(void **state) {
    (void)state;
    vmcb->save.rflags = 0;
    write_msr(vcpu, MSR_LVT_TIMER, 0x51);
    write_msr(vcpu, MSR_INITIAL_COUNT, 700);
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + 700);
    assert_int_equal(armed(), 700);
}

/* EOI of a handler that runs with IF=0 lets the next one out as soon as the handler is over, not by its slot's end. */
static void test_blocked_after_eoi(void **state) {
    (void)state;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    write_msr(vcpu, MSR_SELF_IPI, 0x42);
    vmcb->control.eventinj = 0;
    vmcb->save.rflags = 0;
    (void)armed();
    write_msr(vcpu, MSR_EOI, 0);
    expect_injected(0);
    assert_int_equal(armed(), AGAIN_TICKS);
    interrupt_write_cr8(vcpu, 0);
    assert_int_equal(armed(), AGAIN_TICKS);
}

/* While it is blocked, a higher one comes before it, and TPR ends the waiting. */
static void test_blocked_replaced(void **state) {
    (void)state;
    vmcb->save.rflags = 0;
    write_msr(vcpu, MSR_SELF_IPI, 0x41);
    write_msr(vcpu, MSR_SELF_IPI, 0x61);
    expect_injected(0);
    write_msr(vcpu, MSR_TPR, 0xf0);
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
    write_msr(vcpu, MSR_TPR, 0);
    assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + AGAIN_TICKS);
    vmcb->save.rflags = RFLAGS_IF;
    interrupt_arm(vcpu);
    expect_injected(0x61);
    assert_true(has(vcpu, MSR_IRR, 0x41));
}

/* ---- both ----------------------------------------------------------------------------------- */

static void test_waits(void **state) {
    (void)state;
    for (enum svm_injection how = SVM_INJECTION_V_IRQ; how <= SVM_INJECTION_EVENTINJ; how++) {
        make(how);
        assert_false(interrupt_waits(vcpu));
        x2apic_post(&vcpu->apic, 0x41); /* by somebody else, just now */
        write_msr(vcpu, MSR_TPR, 0x40);
        assert_false(interrupt_waits(vcpu));
        write_msr(vcpu, MSR_TPR, 0);
        assert_true(interrupt_waits(vcpu));
        make(how);
        write_msr(vcpu, MSR_LVT_TIMER, 0x41);
        write_msr(vcpu, MSR_INITIAL_COUNT, 100);
        processor.tsc = NOW + 99;
        assert_false(interrupt_waits(vcpu));
        processor.tsc = NOW + 100;
        assert_true(interrupt_waits(vcpu));
        common.has_apic = false;
        assert_false(interrupt_waits(vcpu));
    }
}

/* By the processor's TSC, whatever the guest's is. */
static void test_alarm(void **state) {
    static const uint64_t offsets[] = {0, 12345, (uint64_t)-777, 1ULL << 40, (uint64_t)-NOW};

    (void)state;
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
    for (unsigned i = 0; i < ARRAY_LENGTH(offsets); i++) {
        make(SVM_INJECTION_V_IRQ);
        vmcb->control.tsc_offset = offsets[i];
        write_msr(vcpu, MSR_LVT_TIMER, 0x41);
        write_msr(vcpu, MSR_INITIAL_COUNT, 100);
        assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + 100);
        assert_int_equal(armed(), 100);
        write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
        assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
        assert_int_equal(armed(), SLOT_END - NOW);
        write_msr(vcpu, MSR_DEADLINE, NOW + offsets[i] + 200);
        assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + 200);
        assert_int_equal(armed(), 200);
        assert_int_equal(read_msr(vcpu, MSR_DEADLINE), NOW + offsets[i] + 200);
        processor.tsc = NOW + 200;
        interrupt_arm(vcpu);
        expect_offer(vcpu, 0x41, 0);
        assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
        assert_int_equal(read_msr(vcpu, MSR_DEADLINE), 0);
        assert_int_equal(armed(), SLOT_END - NOW - 200);
    }
}

/* A deadline that has passed is now, and one that no processor will live to see is never, whatever the guest's TSC is.
 */
static void test_alarm_wraps(void **state) {
    (void)state;
    vmcb->control.tsc_offset = 1ULL << 40;
    write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
    write_msr(vcpu, MSR_DEADLINE, 5);
    assert_int_equal(interrupt_alarm_tsc(vcpu), NOW);
    assert_int_equal(armed(), 1);
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0x41, 0);
    vmcb->control.tsc_offset = (uint64_t)-NOW; /* the guest's TSC is 0 */
    write_msr(vcpu, MSR_DEADLINE, UINT64_MAX - 1);
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), UINT64_MAX - 1);
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
    assert_int_equal(armed(), SLOT_END - NOW);
    write_msr(vcpu, MSR_DEADLINE, 1ULL << 63);
    assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + (1ULL << 63));
    assert_int_equal(armed(), SLOT_END - NOW);
}

/* One that is written when it has passed, or is this very tick, is due now, and is offered at the next look. */
static void test_deadline_passed(void **state) {
    static const uint64_t passed[] = {1, NOW - 1, NOW};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(passed); i++) {
        make(SVM_INJECTION_V_IRQ);
        write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
        write_msr(vcpu, MSR_DEADLINE, passed[i]);
        assert_int_equal(interrupt_alarm_tsc(vcpu), NOW);
        assert_int_equal(armed(), 1);
        assert_true(interrupt_waits(vcpu));
        expect_offer(vcpu, 0x41, 0);
        assert_int_equal(read_msr(vcpu, MSR_DEADLINE), 0);
        take(vcpu, 0x41);
        write_msr(vcpu, MSR_EOI, 0);
        processor.tsc = NOW + 1000;
        assert_false(interrupt_waits(vcpu)); /* once */
    }
}

/* A new deadline comes beside the interrupt of the one before, where that was due when it was written. */
static void test_deadline_after_due(void **state) {
    (void)state;
    write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
    write_msr(vcpu, MSR_DEADLINE, NOW + 100);
    processor.tsc = NOW + 99;
    write_msr(vcpu, MSR_DEADLINE, NOW + 200); /* in time: takes its place */
    processor.tsc = NOW + 199;
    assert_false(interrupt_waits(vcpu));
    processor.tsc = NOW + 200;
    (void)armed();
    write_msr(vcpu, MSR_DEADLINE, NOW + 500);
    expect_offer(vcpu, 0x41, 0);
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), NOW + 500);
    assert_int_equal(armed(), 300);
    take(vcpu, 0x41);
    write_msr(vcpu, MSR_EOI, 0);
    expect_no_offer();
    processor.tsc = NOW + 500;
    write_msr(vcpu, MSR_DEADLINE, 0); /* comes too late */
    expect_offer(vcpu, 0x41, 0);
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
}

/* It reads 0 from the tick on at which it is due, whoever has looked by then. */
static void test_deadline_is_over(void **state) {
    (void)state;
    write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
    write_msr(vcpu, MSR_DEADLINE, NOW + 100);
    processor.tsc = NOW + 99;
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), NOW + 100);
    processor.tsc = NOW + 100;
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), 0);
    assert_true(has(vcpu, MSR_IRR, 0x41));
}

/* In the other modes it means nothing, and a count goes on. */
static void test_deadline_in_other_modes(void **state) {
    (void)state;
    write_msr(vcpu, MSR_DEADLINE, NOW + 10);
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), 0);
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
    write_msr(vcpu, MSR_LVT_TIMER, 0x20041); /* periodic */
    write_msr(vcpu, MSR_INITIAL_COUNT, 100);
    write_msr(vcpu, MSR_DEADLINE, NOW + 10);
    assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + 100);
    processor.tsc = NOW + 130;
    write_msr(vcpu, MSR_DEADLINE, NOW + 10);
    expect_offer(vcpu, 0x41, 0);
    assert_int_equal(interrupt_alarm_tsc(vcpu), NOW + 200);
}

/* However short its period, a guest cannot have us look for ever: time goes on while we do. */
static void test_deadline_beside_short_period(void **state) {
    (void)state;
    write_msr(vcpu, MSR_LVT_TIMER, 0x20041); /* periodic */
    write_msr(vcpu, MSR_INITIAL_COUNT, 1);
    processor.tsc = NOW + 50;
    processor.tsc_step = 100;
    (void)alarm(10); /* seconds, and the test has failed */
    write_msr(vcpu, MSR_DEADLINE, NOW + 10);
    (void)alarm(0);
    expect_offer(vcpu, 0x41, 0);
    assert_int_equal(armed(), 1);
    assert_int_equal(vcpu->apic.deadline, 0);
}

/* What is masked rings no alarm and, when it is due, is lost. */
static void test_masked(void **state) {
    (void)state;
    write_msr(vcpu, MSR_LVT_TIMER, 0x50041);
    write_msr(vcpu, MSR_DEADLINE, NOW + 100);
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), NOW + 100);
    assert_int_equal(interrupt_alarm_tsc(vcpu), X2APIC_NEVER);
    assert_int_equal(armed(), SLOT_END - NOW);
    write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
    assert_int_equal(armed(), 100);
    write_msr(vcpu, MSR_SVR, 0xff); /* masks, too */
    assert_int_equal(armed(), SLOT_END - NOW);
    processor.tsc = NOW + 100;
    assert_false(interrupt_waits(vcpu));
    assert_int_equal(read_msr(vcpu, MSR_DEADLINE), 0);
}

/* The timer of the processor is for the slot's end and the guest's timer, whichever comes first. */
static void test_arm(void **state) {
    (void)state;
    interrupt_arm(vcpu);
    assert_int_equal(armed(), SLOT_END - NOW);
    write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
    write_msr(vcpu, MSR_DEADLINE, SLOT_END + 1);
    assert_int_equal(armed(), SLOT_END - NOW);
    write_msr(vcpu, MSR_DEADLINE, SLOT_END - 1);
    assert_int_equal(armed(), SLOT_END - NOW - 1);
    write_msr(vcpu, MSR_DEADLINE, 0);
    assert_int_equal(armed(), SLOT_END - NOW);
    write_msr(vcpu, MSR_DEADLINE, NOW); /* at once */
    assert_int_equal(armed(), 1);
    write_msr(vcpu, MSR_DEADLINE, NOW + 10);
    (void)armed();
    x2apic_init(&vcpu->apic, 0);
    common.has_apic = false;
    interrupt_arm(vcpu);
    assert_int_equal(armed(), SLOT_END - NOW);
}

/* When the guest's TSC moves, what was armed before fires when it would have; what is armed then goes by the new one.
 */
static void test_tsc_moves(void **state) {
    static const uint64_t by[] = {100, (uint64_t)-100, 1ULL << 40};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(by); i++) {
        make(SVM_INJECTION_V_IRQ);
        write_msr(vcpu, MSR_LVT_TIMER, 0x41);
        write_msr(vcpu, MSR_INITIAL_COUNT, 500);
        vmcb->control.tsc_offset += by[i];
        assert_int_equal(read_msr(vcpu, MSR_CURRENT_COUNT), 500);
        interrupt_arm(vcpu);
        assert_int_equal(armed(), 500);
        write_msr(vcpu, MSR_LVT_TIMER, 0x40041);
        write_msr(vcpu, MSR_DEADLINE, NOW + by[i] + 1000);
        assert_int_equal(armed(), 1000);
        vmcb->control.tsc_offset += by[i];
        interrupt_arm(vcpu);
        assert_int_equal(armed(), 1000);
        assert_int_equal(read_msr(vcpu, MSR_DEADLINE), NOW + by[i] + 1000);
        write_msr(vcpu, MSR_DEADLINE, NOW + 2 * by[i] + 300);
        assert_int_equal(armed(), 300);
    }
}

/* MOV to CR8 is there without an APIC, too. */
static void test_no_apic(void **state) {
    (void)state;
    common.has_apic = false;
    x2apic_init(&vcpu->apic, 0);
    x2apic_post(&vcpu->apic, 0xf1); /* is lost, as nobody can switch the APIC on */
    interrupt_write_cr8(vcpu, 9);
    expect_offer(vcpu, 0, 9);
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0, 9);
    interrupt_write_cr8(vcpu, 0);
    expect_offer(vcpu, 0, 0);
}

static void test_msrs(void **state) {
    (void)state;
    assert_int_equal(read_msr(&vcpus[2], MSR_ID), 2);
    write_msr(vcpu, MSR_ICR, 0x0000000500000041);
    assert_int_equal(read_msr(vcpu, MSR_ICR), 0x0000000500000041);
    write_msr(vcpu, MSR_LINT0, 0x700);
    assert_int_equal(read_msr(vcpu, MSR_LINT0), 0x700);
}

/* #GP at the instruction, which has changed nothing. */
static void test_refused(void **state) {
    static const struct {
        uint32_t msr;
        bool write;
        uint64_t value;
    } cases[] = {
        {MSR_EOI, false, 0}, {MSR_SELF_IPI, false, 0}, {0x831, false, 0},         {MSR_ID, true, 0},
        {MSR_EOI, true, 1},  {MSR_TPR, true, 0x100},   {0x828, true, 1ULL << 32}, {MSR_ICR, true, 0x1041},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        make(SVM_INJECTION_V_IRQ);
        vmcb->control.exitinfo1 = cases[i].write;
        vmcb->save.rip = RIP;
        vmcb->save.rax = UPPER | (uint32_t)cases[i].value;
        vcpu->guest.registers[REGISTER_RDX] = UPPER | cases[i].value >> 32;
        assert_int_equal(run(vcpu, cases[i].msr), VERDICT_RESUME);
        assert_int_equal(vmcb->control.eventinj, GP_INJECTED);
        assert_int_equal(vmcb->save.rip, RIP);
        assert_int_equal(vmcb->save.rax, UPPER | (uint32_t)cases[i].value);
        assert_int_equal(vcpu->guest.registers[REGISTER_RDX], UPPER | cases[i].value >> 32);
    }
}

/* ---- from one vCPU to another --------------------------------------------------------------- */

#define TO(id) ((uint64_t)(id) << 32)

/* Whose IRR an interrupt command of number 0 with vector 0x41 reaches, a bit a vCPU. */
static unsigned reached(uint64_t icr) {
    unsigned bits = 0;

    make(SVM_INJECTION_V_IRQ);
    write_msr(vcpu, MSR_ICR, icr | 0x41);
    for (unsigned i = 0; i < VCPUS; i++) {
        bool is_reached = has(&vcpus[i], MSR_IRR, 0x41);

        bits |= (unsigned)is_reached << i;
        assert_int_equal(wakes[i], is_reached && i != 0);
        assert_int_equal(processors[i].attend_tsc, is_reached && i != 0 ? 0 : UINT64_MAX);
    }
    expect_offer(vcpu, bits & 1 ? 0x41 : 0, 0); /* the own one at once, the others by their processors */
    expect_offer(&vcpus[1], 0, 0);
    return bits;
}

static void test_send(void **state) {
    (void)state;
    assert_int_equal(reached(TO(0)), 1);
    assert_int_equal(reached(TO(1)), 2);
    assert_int_equal(reached(TO(2) | 0x4000), 4);
    assert_int_equal(reached(TO(3)), 0); /* there is none */
    assert_int_equal(reached(TO(0xffffffff)), 7);
    assert_int_equal(reached(TO(6) | 0x800), 6);
    assert_int_equal(reached(TO(1) | 0x40000), 1);
    assert_int_equal(reached(TO(1) | 0x80000), 7);
    assert_int_equal(reached(TO(1) | 0xc0000), 6);
}

/* One for the lowest priority reaches the first that is named, and nobody else. */
static void test_send_lowest(void **state) {
    (void)state;
    assert_int_equal(reached(TO(0xffffffff) | 0x100), 1);
    assert_int_equal(reached(TO(6) | 0x900), 2);
    assert_int_equal(reached(TO(2) | 0x100), 4);
    assert_int_equal(reached(TO(3) | 0x100), 0);
    assert_int_equal(reached(TO(0) | 0x80100), 1);
    assert_int_equal(reached(TO(0) | 0xc0100), 2);
}

/* SMI, NMI, INIT, start-up and what is reserved interrupt nobody. */
static void test_send_other_modes(void **state) {
    (void)state;
    for (uint64_t mode = 2; mode < 8; mode++) {
        assert_int_equal(reached(TO(0xffffffff) | mode << 8), 0);
        assert_int_equal(start_count, mode == 6 ? VCPUS : 0);
    }
}

/* SIPI asks for the start of whom it names, at the page that its vector is; the sender goes on. */
static void test_start(void **state) {
    static const struct {
        uint64_t icr;
        unsigned named; /* a bit a vCPU */
    } cases[] = {
        {TO(1) | 0x600, 2},          {TO(2) | 0x4600, 4},          {TO(6) | 0xe00, 6},
        {TO(0xffffffff) | 0x600, 7}, {TO(0) | 0xc0000 | 0x600, 6}, {TO(3) | 0x600, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (uint64_t vector = 0; vector < 256; vector += 0x33) {
            unsigned named = 0;

            make(SVM_INJECTION_V_IRQ);
            write_msr(vcpu, MSR_ICR, cases[i].icr | vector);
            for (unsigned j = 0; j < start_count; j++) {
                named |= 1U << (starts[j].vcpu - vcpus);
                assert_int_equal(starts[j].entry, vector * 0x1000);
                assert_int_equal(starts[j].argument, 0);
                assert_true(starts[j].by_sipi);
            }
            assert_int_equal(named, cases[i].named);
            assert_int_equal(start_count, __builtin_popcount(cases[i].named));
        }
    }
}

/* Whose IRR a message of the I/O APIC with vector 0x41 reaches, a bit a vCPU; whoever it is, is told to look. */
static unsigned delivered(uint64_t redirection) {
    unsigned bits = 0;

    make(SVM_INJECTION_V_IRQ);
    interrupt_deliver(&common, redirection | 0x41);
    for (unsigned i = 0; i < VCPUS; i++) {
        bool is_reached = has(&vcpus[i], MSR_IRR, 0x41);

        bits |= (unsigned)is_reached << i;
        assert_int_equal(wakes[i], is_reached);
        assert_int_equal(processors[i].attend_tsc, is_reached ? 0 : UINT64_MAX);
    }
    assert_int_equal(start_count, 0);
    return bits;
}

#define AT(id) ((uint64_t)(id) << 56)

/* By APIC id, or by a bit of cluster 0; one vCPU gets it, whatever the mode of delivery and the rest of the entry. */
static void test_deliver(void **state) {
    (void)state;
    assert_int_equal(delivered(AT(0)), 1);
    assert_int_equal(delivered(AT(1)), 2);
    assert_int_equal(delivered(AT(2)), 4);
    assert_int_equal(delivered(AT(3)), 0); /* there is none */
    assert_int_equal(delivered(AT(1) | 0x800), 1);
    assert_int_equal(delivered(AT(4) | 0x800), 4);
    assert_int_equal(delivered(AT(6) | 0x800), 2);
    assert_int_equal(delivered(AT(0xf8) | 0x800), 0);
    for (unsigned bit = 8; bit < 56; bit++)
        if (bit != 11)
            assert_int_equal(delivered(AT(1) | 1ULL << bit), 2);
}

/* A vector that is none is an error of whom it reaches. */
static void test_deliver_illegal(void **state) {
    (void)state;
    for (uint64_t vector = 0; vector < 16; vector++) {
        make(SVM_INJECTION_V_IRQ);
        interrupt_deliver(&common, AT(1) | vector);
        assert_int_equal(vcpus[1].apic.irr[0], 0);
        assert_int_equal(vcpus[1].apic.errors, 1 << 6);
    }
}

/* In the guest when its processor looks, be it the one on which the device is at work. */
static void test_deliver_offered(void **state) {
    (void)state;
    interrupt_deliver(&common, AT(0) | 0x55);
    expect_offer(vcpu, 0, 0);
    assert_int_equal(wakes[0], 1);
    interrupt_arm(vcpu);
    expect_offer(vcpu, 0x55, 0);
}

/* What came is offered when the receiver's processor looks. */
static void test_receive(void **state) {
    (void)state;
    write_msr(vcpu, MSR_ICR, TO(1) | 0x41);
    interrupt_arm(&vcpus[1]);
    expect_offer(&vcpus[1], 0x41, 0);
    write_msr(vcpu, MSR_ICR, TO(1) | 0x71);
    expect_offer(&vcpus[1], 0x41, 0);
    interrupt_arm(&vcpus[1]);
    expect_offer(&vcpus[1], 0x71, 0);
    write_msr(vcpu, MSR_ICR, TO(2) | 0x41);
    assert_true(interrupt_waits(&vcpus[2]));
    expect_offer(&vcpus[2], 0x41, 0);
}

/* A processor whose time is another's is not interrupted, but told to look when it decides next. */
static void test_kick(void **state) {
    const void *const turns[] = {NULL, &vcpus[1], &vcpus[2], &vcpus[0], &common};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(turns); i++) {
        make(SVM_INJECTION_V_IRQ);
        processors[1].turn_of = turns[i];
        write_msr(vcpu, MSR_ICR, TO(1) | 0x41);
        assert_int_equal(processors[1].attend_tsc, 0);
        assert_int_equal(wakes[1], i < 2);
        assert_int_equal(x2apic_pending(&vcpus[1].apic), 0x41);
        assert_int_equal(processors[0].attend_tsc & processors[2].attend_tsc, UINT64_MAX);
        assert_int_equal(wakes[0] + wakes[2], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_noticed_late, make_v_irq),
        cmocka_unit_test_setup(test_second_before_noticed, make_v_irq),
        cmocka_unit_test(test_offered_is_requested),
        cmocka_unit_test_setup(test_higher_replaces, make_v_irq),
        cmocka_unit_test_setup(test_tpr, make_v_irq),
        cmocka_unit_test_setup(test_timer, make_v_irq),
        cmocka_unit_test(test_due_at_write),
        cmocka_unit_test_setup(test_inject, make_eventinj),
        cmocka_unit_test_setup(test_inject_tpr, make_eventinj),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test_setup(test_blocked_until_timer, make_eventinj),
        cmocka_unit_test_setup(test_blocked_after_eoi, make_eventinj),
        cmocka_unit_test_setup(test_blocked_replaced, make_eventinj),
        cmocka_unit_test(test_waits),
        cmocka_unit_test_setup(test_alarm, make_v_irq),
        cmocka_unit_test_setup(test_alarm_wraps, make_v_irq),
        cmocka_unit_test_setup(test_deadline_passed, make_v_irq),
        cmocka_unit_test_setup(test_deadline_after_due, make_v_irq),
        cmocka_unit_test_setup(test_deadline_is_over, make_v_irq),
        cmocka_unit_test_setup(test_deadline_in_other_modes, make_v_irq),
        cmocka_unit_test_setup(test_deadline_beside_short_period, make_v_irq),
        cmocka_unit_test_setup(test_masked, make_v_irq),
        cmocka_unit_test_setup(test_arm, make_v_irq),
        cmocka_unit_test_setup(test_tsc_moves, make_v_irq),
        cmocka_unit_test_setup(test_no_apic, make_v_irq),
        cmocka_unit_test_setup(test_msrs, make_v_irq),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_send_lowest),
        cmocka_unit_test(test_send_other_modes),
        cmocka_unit_test(test_start),
        cmocka_unit_test_setup(test_receive, make_v_irq),
        cmocka_unit_test(test_kick),
        cmocka_unit_test(test_deliver),
        cmocka_unit_test(test_deliver_illegal),
        cmocka_unit_test_setup(test_deliver_offered, make_v_irq),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
