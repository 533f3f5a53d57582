/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that starts anew, again and again, and looks each time whether anything of the run before is left. Bootargs:
 * switches= (once it was switched to so often, it ends), vcpus=1 or 2 (who starts anew is the second, while the first
 * computes), uart=.
 */
#include "guests/lib/lib.h"

#define SPOT        0x300000 /* far behind the image */
#define SPOT_WORDS  1024
#define RESET_PORT  0x602
#define RESET_VALUE 6
#define PRIORITY    0x20
#define DIRT        0xd1d1d1d1d1d1d1d1ULL
#define SCRATCH     7
#define STACK_BYTES 0x1000

static volatile uint64_t initialised = 42, zero;

static uint64_t read_dr0(void) {
    uint64_t value;

    __asm__ volatile("mov %%dr0, %0" : "=r"(value));
    return value;
}

static void start_anew(uintptr_t pause_ticks) {
    for (uint64_t from = rdtsc(); rdtsc() - from < pause_ticks;)
        pause();
    outb(RESET_PORT, RESET_VALUE);
    print("phoenix: went on\n");
}

/* The number of things that are not as after reset. */
static unsigned odd(uint16_t uart) {
    volatile uint64_t *spot = (volatile uint64_t *)SPOT;
    unsigned count = initialised != 42 || zero != 0;

    for (unsigned i = 0; i < SPOT_WORDS; i++)
        count += spot[i] != 0;
    count += rdmsr(APIC_TPR) != 0;
    count += (rdmsr(APIC_LVT_TIMER) & 0x10000) == 0;
    count += read_dr0() != 0;
    count += inb(uart + SCRATCH) != 0;
    return count;
}

static void leave_traces(uint16_t uart) {
    volatile uint64_t *spot = (volatile uint64_t *)SPOT;

    initialised = zero = DIRT;
    for (unsigned i = 0; i < SPOT_WORDS; i++)
        spot[i] = DIRT;
    wrmsr(APIC_TPR, PRIORITY);
    wrmsr(APIC_LVT_TIMER, INTERRUPT_FIRST | APIC_TIMER_TSC);
    __asm__ volatile("mov %0, %%dr0" ::"r"(DIRT));
    outb(uart + SCRATCH, (uint8_t)DIRT);
}

int main(const char *args) {
    static char stack[STACK_BYTES];
    uint64_t per_ms = info(SHIKIRI_INFO_TSC_KHZ);
    uint16_t uart = (uint16_t)args_number(args, "uart", 0x3f8);

    print_to(args);
    print("phoenix: %u things are left of an earlier run\n", odd(uart));
    if (info(SHIKIRI_INFO_SWITCHES) >= args_number(args, "switches", 0))
        return 0;
    leave_traces(uart);
    if (args_number(args, "vcpus", 1) == 1)
        start_anew(0);
    vcpu_start(1, stack + STACK_BYTES, start_anew, per_ms);
    for (;;)
        pause();
}
