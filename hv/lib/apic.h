/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a local APIC by their numbers (APM vol. 2, "APIC Registers"): our own has them 16 bytes apart in
 * memory, a guest's are MSRs.
 */
#pragma once

enum {
    APIC_ID = 0x02,
    APIC_VERSION = 0x03,
    APIC_TPR = 0x08,
    APIC_PPR = 0x0a,
    APIC_EOI = 0x0b,
    APIC_LDR = 0x0d,
    APIC_SVR = 0x0f,
    APIC_ISR = 0x10, /* 8 registers each */
    APIC_TMR = 0x18,
    APIC_IRR = 0x20,
    APIC_ESR = 0x28,
    APIC_ICR = 0x30,
    APIC_LVT_TIMER = 0x32,
    APIC_LVT_THERMAL = 0x33,
    APIC_LVT_COUNTERS = 0x34,
    APIC_LVT_LINT0 = 0x35,
    APIC_LVT_LINT1 = 0x36,
    APIC_LVT_ERROR = 0x37,
    APIC_INITIAL_COUNT = 0x38,
    APIC_CURRENT_COUNT = 0x39,
    APIC_DIVIDE = 0x3e,
    APIC_SELF_IPI = 0x3f,
};

#define APIC_SVR_ENABLE 0x100U
#define APIC_LVT_MASKED 0x10000U
