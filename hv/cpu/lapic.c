/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The LAPIC timer: see lapic.h. Neither its rate nor the TSC's is known, so both are
 * measured against channel 2 of the 8254 (Intel 8254 data sheet), whose rate is.
 */
#include "hv/cpu/lapic.h"

#define APIC_BASE_ADDRESS 0x000ffffffffff000ULL
#define FEATURE_APIC      (1U << 9) /* CPUID 1 EDX */

#define ICR_HIGH    (APIC_ICR + 1)
#define ICR_PENDING 0x1000
#define DIVIDE_BY_1 0x0b

#define PIT_HZ         1193182ULL
#define PIT_CHANNEL2   0x42
#define PIT_COMMAND    0x43
#define PIT_MODE0      0xb0 /* channel 2, both bytes, interrupt on terminal count */
#define PORT_B         0x61
#define PORT_B_GATE2   0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2    0x20

#define MEASURE_PIT_TICKS 1193 /* 1 ms */
#define MEASURE_TIMES     3
#define PATIENCE_POLLS    100000000

/* Waits for the 8254 to count to zero; false when it does not, as there may be none. */
static bool wait_pit(uint16_t ticks) {
    x86_outb(PORT_B, (x86_inb(PORT_B) & (uint8_t) ~(PORT_B_SPEAKER | PORT_B_GATE2)));
    x86_outb(PIT_COMMAND, PIT_MODE0);
    x86_outb(PIT_CHANNEL2, (uint8_t)ticks);
    x86_outb(PIT_CHANNEL2, (uint8_t)(ticks >> 8));
    x86_outb(PORT_B, x86_inb(PORT_B) | PORT_B_GATE2);
    for (int polls = 0; polls < PATIENCE_POLLS; polls++) {
        if (x86_inb(PORT_B) & PORT_B_OUT2)
            return true;
        x86_pause();
    }
    return false;
}

/* Of several runs, what is shortest was disturbed least. */
static bool measure(struct cpu *cpu) {
    uint64_t best_tsc = UINT64_MAX;
    uint64_t best_lapic = UINT32_MAX;

    for (int i = 0; i < MEASURE_TIMES; i++) {
        *lapic_register(APIC_INITIAL_COUNT) = UINT32_MAX;
        uint64_t tsc = x86_rdtsc();

        if (!wait_pit(MEASURE_PIT_TICKS))
            return false;
        best_tsc = lower(best_tsc, x86_rdtsc() - tsc);
        best_lapic = lower(best_lapic, UINT32_MAX - *lapic_register(APIC_CURRENT_COUNT));
    }
    *lapic_register(APIC_INITIAL_COUNT) = 0;
    cpu->tsc_khz = best_tsc * PIT_HZ / MEASURE_PIT_TICKS / 1000;
    cpu->lapic_per_tsc_q32 = (best_lapic << 32) / best_tsc;
    return cpu->tsc_khz > 0 && cpu->lapic_per_tsc_q32 > 0;
}

/*
 * x2APIC mode, which firmware may have left on, is only left by way of a disabled LAPIC ("x2APIC Mode"). The timer
 * does not count yet.
 */
void lapic_enable(void) {
    uint64_t base = x86_rdmsr(MSR_APIC_BASE);

    if (base & APIC_BASE_EXTENDED)
        x86_wrmsr(MSR_APIC_BASE, base & ~(APIC_BASE_EXTENDED | APIC_BASE_ENABLE));
    base &= ~(APIC_BASE_EXTENDED | APIC_BASE_ADDRESS);
    x86_wrmsr(MSR_APIC_BASE, base | LAPIC_BASE | APIC_BASE_ENABLE);
    *lapic_register(APIC_TPR) = 0;
    *lapic_register(APIC_SVR) = APIC_SVR_ENABLE | VECTOR_SPURIOUS;
    *lapic_register(APIC_LVT_LINT0) = APIC_LVT_MASKED;
    *lapic_register(APIC_LVT_LINT1) = APIC_LVT_MASKED;
    *lapic_register(APIC_DIVIDE) = DIVIDE_BY_1;
    *lapic_register(APIC_LVT_TIMER) = VECTOR_TIMER;
}

const char *lapic_init(struct cpu *cpu) {
    if (!(x86_cpuid(1, 0).edx & FEATURE_APIC))
        return "this processor has no local APIC (CPUID 1, EDX bit 9), or the firmware has switched it off";
    lapic_enable();
    if (!measure(cpu))
        return "the local APIC's timer cannot be measured against the 8254 (ports 0x42 and 0x61); want both";
    return NULL;
}

void lapic_send(uint8_t apic_id, uint32_t command) {
    *lapic_register(ICR_HIGH) = (uint32_t)apic_id << 24;
    *lapic_register(APIC_ICR) = command;
    for (int polls = 0; polls < PATIENCE_POLLS && (*lapic_register(APIC_ICR) & ICR_PENDING); polls++)
        x86_pause();
}

void lapic_wake(struct cpu *cpu) {
    __atomic_store_n(&cpu->attend_tsc, 0, __ATOMIC_RELEASE);
    lapic_send(cpu->apic_id, LAPIC_FIXED | VECTOR_WAKE);
}
