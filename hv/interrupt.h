/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a vCPU that has a local APIC: from the APIC into the guest, by V_IRQ or EVENTINJ (APM vol. 2,
 * "Virtual Interrupts" and "Event Injection"), and from one vCPU of a partition to another.
 */
#pragma once

#include "hv/svm/svm.h"
#include "hv/vcpu.h"

/* How interrupts are delivered, before the first guest runs. */
void interrupt_set_injection(enum svm_injection injection);

/*
 * Offers the guest what its timer, or others, have for it, and has the processor's timer fire when its slot ends, or
 * when there is to look again before. Called ahead of its run, with the slot's end set, and after each physical
 * interrupt.
 */
void interrupt_arm(struct vcpu *vcpu);

/* When a vCPU that halts has to be looked at; X2APIC_NEVER where only others can wake it. */
uint64_t interrupt_alarm_tsc(const struct vcpu *vcpu);

/* Whether an interrupt waits for the vCPU, so that it does not halt. */
bool interrupt_waits(struct vcpu *vcpu);

/* RDMSR and WRMSR of the APIC's registers, and of IA32_TSC_DEADLINE, of a vCPU that has one. */
enum verdict interrupt_register_exit(struct vcpu *vcpu, uint32_t msr);
enum verdict interrupt_deadline_exit(struct vcpu *vcpu);

/* An interrupt of a device, as the entry of its pin in the I/O APIC of `common` says. On any processor. */
void interrupt_deliver(void *common, uint64_t redirection);

/*
 * Has the vCPU's processor look what there is for it. Nobody's time but the vCPU's is spent on it: the processor is
 * interrupted only while it is the vCPU's turn, or nobody's.
 */
void interrupt_kick(struct vcpu *vcpu);

/* MOV to CR8: the priority below which no interrupt is delivered. */
void interrupt_write_cr8(struct vcpu *vcpu, uint64_t value);
