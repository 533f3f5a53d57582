/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts for guests: see interrupt.h. With V_IRQ the processor delivers what is offered when the guest can take it,
 * and clears V_IRQ; that is noticed late, when the APIC's state is wanted next. With EVENTINJ an interrupt goes in at
 * once, where the guest can take it, or else it is tried again soon.
 */
#include "hv/interrupt.h"

#include "hv/cpu/lapic.h"
#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/svm/event.h"

#define AGAIN_US          10 /* until a guest that could not take an interrupt is looked at again */
#define MODE_SHIFT        8  /* of an interrupt command */
#define MODE_MASK         7U
#define MODE_LOWEST       1
#define MODE_SIPI         6
#define SIPI_SHIFT        12 /* from its vector to the address */
#define TPR_SHIFT         4  /* CR8 is its upper half */
#define DESTINATION_SHIFT 56 /* of a redirection, whose lower bits are those of a command */

static enum svm_injection how;

void interrupt_set_injection(enum svm_injection injection) {
    how = injection;
}

/* What was offered and is no more is in service. */
static void note_taken(struct vcpu *vcpu) {
    if (vcpu->offered && !event_is_offered(vcpu->vmcb)) {
        x2apic_serve(&vcpu->apic, vcpu->offered);
        vcpu->offered = 0;
    }
}

/* Where V_IRQ does not work. What is seldom wanted is not inlined, so that the rest need not save registers for it. */
__attribute__((noinline)) static void inject(struct vcpu *vcpu, unsigned vector) {
    vcpu->is_blocked = vector && !event_interrupt(vcpu->vmcb, vector);
    if (vector && !vcpu->is_blocked) {
        x2apic_take_out(&vcpu->apic, vector);
        x2apic_serve(&vcpu->apic, vector);
    }
}

/*
 * Offers what has to be delivered first, after note_taken(). What is offered is taken out, as the guest may have taken
 * it when another one comes.
 */
static void offer(struct vcpu *vcpu) {
    struct x2apic *apic = &vcpu->apic;
    unsigned vector;

    if (vcpu->offered)
        x2apic_put_back(apic, vcpu->offered);
    vector = x2apic_pending(apic);
    if (how == SVM_INJECTION_EVENTINJ) {
        inject(vcpu, vector);
        return;
    }
    if (vector != vcpu->offered)
        event_offer(vcpu->vmcb, vector);
    if (vector)
        x2apic_take_out(apic, vector);
    vcpu->offered = (uint8_t)vector;
}

static void look(struct vcpu *vcpu) {
    note_taken(vcpu);
    x2apic_tick(&vcpu->apic, x86_rdtsc());
    offer(vcpu);
}

uint64_t interrupt_alarm_tsc(const struct vcpu *vcpu) {
    uint64_t due_tsc = x2apic_due_tsc(&vcpu->apic);

    if (__builtin_expect(vcpu->is_blocked, 0))
        return lower(x86_rdtsc() + vcpu->guest.cpu->tsc_khz * AGAIN_US / 1000, due_tsc);
    return due_tsc;
}

/* The timer may have to end the guest's run earlier than its slot does. Inlined where it is frequent. */
__attribute__((always_inline)) static inline void arm_here(const struct vcpu *vcpu) {
    const struct cpu *cpu = vcpu->guest.cpu;

    lapic_arm(cpu, lower(interrupt_alarm_tsc(vcpu), cpu->slot_end_tsc));
}

void interrupt_arm(struct vcpu *vcpu) {
    if (vcpu->common->has_apic)
        look(vcpu);
    arm_here(vcpu);
}

bool interrupt_waits(struct vcpu *vcpu) {
    if (!vcpu->common->has_apic)
        return false;
    look(vcpu);
    return vcpu->offered || vcpu->is_blocked || (vcpu->vmcb->control.eventinj & EVENT_VALID);
}

void interrupt_kick(struct vcpu *vcpu) {
    struct cpu *cpu = vcpu->guest.cpu;
    const void *turn_of;

    __atomic_store_n(&cpu->attend_tsc, 0, __ATOMIC_SEQ_CST);
    turn_of = __atomic_load_n(&cpu->turn_of, __ATOMIC_SEQ_CST);
    if (!turn_of || turn_of == vcpu)
        lapic_wake(cpu);
}

/*
 * Fixed interrupts, those for the lowest priority, which go to the first that is named, and SIPI, by which a vCPU
 * starts; any other command, INIT among them, is lost. `from` sends it, NULL where it is the I/O APIC.
 */
static void send(const struct common *common, const struct x2apic *from, uint64_t icr) {
    unsigned mode = icr >> MODE_SHIFT & MODE_MASK, left = mode == MODE_LOWEST ? 1 : common->vcpu_count;

    for (struct vcpu *to = common->vcpus; left && to < common->vcpus + common->vcpu_count; to++) {
        if (!x2apic_is_named(&to->apic, from, icr))
            continue;
        left--;
        if (mode == MODE_SIPI)
            vcpu_ask_start(to, (icr & ICR_VECTOR) << SIPI_SHIFT, 0, true);
        if (mode > MODE_LOWEST)
            continue;
        x2apic_post(&to->apic, icr & ICR_VECTOR);
        if (&to->apic != from)
            interrupt_kick(to);
    }
}

void interrupt_deliver(void *common, uint64_t redirection) {
    send(common, NULL,
         (redirection & (ICR_LOGICAL | ICR_VECTOR)) | MODE_LOWEST << MODE_SHIFT |
             redirection >> DESTINATION_SHIFT << ICR_TO_SHIFT);
}

__attribute__((noinline)) static enum verdict read(struct vcpu *vcpu, uint32_t msr) {
    uint64_t now_tsc = x86_rdtsc(), value;

    note_taken(vcpu);
    x2apic_tick(&vcpu->apic, now_tsc);
    value = vcpu->apic.deadline;
    if (msr != X2APIC_MSR_DEADLINE && !x2apic_read(&vcpu->apic, msr - X2APIC_MSR_BASE, now_tsc, &value))
        return exit_protection(vcpu);
    if (vcpu->offered && msr - X2APIC_MSR_BASE == APIC_IRR + vcpu->offered / 32U) /* is still requested */
        value |= 1U << vcpu->offered % 32;
    return exit_rdmsr(vcpu, value);
}

/* Of a register that was written. */
static void act_on(struct vcpu *vcpu, enum x2apic_effect effect) {
    if (effect == X2APIC_PRIORITY)
        event_set_tpr(vcpu->vmcb, vcpu->apic.registers[APIC_TPR] >> TPR_SHIFT);
    if (effect == X2APIC_SEND)
        send(vcpu->common, &vcpu->apic, vcpu->apic.icr);
    if (effect != X2APIC_DONE)
        offer(vcpu);
    if (effect == X2APIC_TIMER || vcpu->is_blocked)
        interrupt_arm(vcpu);
}

__attribute__((noinline)) static enum verdict write(struct vcpu *vcpu, uint32_t msr, uint64_t value) {
    note_taken(vcpu);
    enum x2apic_effect effect = x2apic_write(&vcpu->apic, msr - X2APIC_MSR_BASE, x86_rdtsc(), value);

    if (effect == X2APIC_REFUSED)
        return exit_protection(vcpu);
    act_on(vcpu, effect);
    return exit_advance(vcpu, LENGTH_MSR);
}

enum verdict interrupt_register_exit(struct vcpu *vcpu, uint32_t msr) {
    return exit_is_wrmsr(vcpu) ? write(vcpu, msr, exit_edx_eax(vcpu)) : read(vcpu, msr);
}

/* The last deadline's interrupt comes although there is a new one. A short period would be over again by then. */
__attribute__((noinline)) static enum verdict write_after_due(struct vcpu *vcpu) {
    interrupt_arm(vcpu);
    return vcpu->apic.has_deadline ? interrupt_deadline_exit(vcpu) : exit_advance(vcpu, LENGTH_MSR);
}

/*
 * One that has passed by now is due now, and one that is further away than the processor's TSC reaches never is. It is
 * written ahead of every tick.
 */
enum verdict interrupt_deadline_exit(struct vcpu *vcpu) {
    uint64_t now_tsc = x86_rdtsc(), guest_tsc = now_tsc + vcpu->vmcb->control.tsc_offset, fires_tsc = now_tsc;
    uint64_t deadline = exit_edx_eax(vcpu);

    if (!exit_is_wrmsr(vcpu))
        return read(vcpu, X2APIC_MSR_DEADLINE);
    if (now_tsc >= vcpu->apic.fires_tsc)
        return write_after_due(vcpu);
    if (deadline > guest_tsc && __builtin_add_overflow(now_tsc, deadline - guest_tsc, &fires_tsc))
        fires_tsc = X2APIC_NEVER;
    x2apic_set_deadline(&vcpu->apic, deadline, fires_tsc);
    arm_here(vcpu);
    return exit_advance(vcpu, LENGTH_MSR);
}

void interrupt_write_cr8(struct vcpu *vcpu, uint64_t value) {
    note_taken(vcpu);
    vcpu->apic.registers[APIC_TPR] = (uint32_t)value << TPR_SHIFT;
    act_on(vcpu, X2APIC_PRIORITY);
}
