/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables of one processor (APM vol. 2, "Segmented Virtual Memory" and
 * "Task-Management Resources"): flat segments, which all share, and a TSS, whose only
 * use is the stack of double faults.
 */
#include "hv/cpu/cpu.h"

#include "hv/cpu/trap.h"
#include "hv/cpu/x86.h"

#define TSS_AVAILABLE 0x89ULL

extern uint64_t boot_gdt[]; /* of all processors; boot/entry.S has loaded it */

__attribute__((aligned(PAGE_BYTES))) uint8_t cpu_stacks[CPU_MAX][CPU_STACKS_BYTES];
struct cpu cpus[CPU_MAX];
unsigned cpu_count;

struct cpu *cpu_self(void) {
    return &cpus[((uintptr_t)__builtin_frame_address(0) - (uintptr_t)cpu_stacks) / CPU_STACKS_BYTES];
}

/* All processors' TSCs have the same rate. */
uint64_t cpu_ticks(uint64_t us) {
    return us * cpus[0].tsc_khz / 1000;
}

/* Milliseconds are counted apart, as the TSC times the frequency would not fit. */
uint64_t cpu_time(uint32_t hz) {
    uint64_t tsc = x86_rdtsc(), khz = cpus[0].tsc_khz;

    return tsc / khz * hz / 1000 + tsc % khz * hz / 1000 / khz;
}

void cpu_init(struct cpu *cpu) {
    uint64_t tss = (uintptr_t)&cpu->tss;

    cpu->index = (unsigned)(cpu - cpus);
    cpu->apic_id = (uint8_t)(x86_cpuid(1, 0).ebx >> 24);
    cpu_count++; /* one starts after the other */
    cpu->tss.ist[IST_DOUBLE_FAULT] = (uintptr_t)cpu_stacks[cpu->index] + CPU_FAULT_STACK_TOP;
    boot_gdt[SELECTOR_TSS / 8] =
        (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 | TSS_AVAILABLE << 40 | (tss >> 24 & 0xff) << 56;
    boot_gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
    x86_write_cr4(x86_read_cr4() | CR4_MCE); /* a machine check is a report, not a reset */
    x86_wrmsr(MSR_PAT, PAT_RESET);           /* what the page tables' bits are meant by */
    x86_ltr(SELECTOR_TSS);                   /* keeps what is in the GDT, which the next one to start replaces */
    x86_lidt(&trap_idt);
}
