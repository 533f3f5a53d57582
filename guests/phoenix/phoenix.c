/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that starts anew, again and again, and looks each time whether anything of the run before is left. Bootargs:
 * switches= (once it was switched to so often, it ends), vcpus=1 to 3 (who starts anew is the second, while the first
 * computes; with a third the first has halted for ever and is started by SIPI up to race= ticks before, while the third
 * leaves traces all the time), uart=.
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
#define HALTS_TICKS 200000     /* until the first vCPU has halted for ever */
#define SIPI        0x00000650 /* to the first vCPU */

static volatile uint64_t initialised = 42, zero;

static uint64_t read_dr0(void) {
    uint64_t value;

    __asm__ volatile("mov %%dr0, %0" : "=r"(value));
    return value;
}

static void pass(uint64_t ticks) {
    for (uint64_t from = rdtsc(); rdtsc() - from < ticks;)
        pause();
}

static void start_anew(uintptr_t pause_ticks) {
    pass(pause_ticks);
    outb(RESET_PORT, RESET_VALUE);
    print("phoenix: went on\n");
}

/* Both of them have the first vCPU's processor do something, at moments that fall together now and then. */
static void start_anew_and_first(uintptr_t race_ticks) {
    uint64_t pause_ticks = rdtsc() % race_ticks;

    pass(HALTS_TICKS);
    wrmsr(APIC_ICR, SIPI);
    pass(pause_ticks);
    start_anew(0);
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

static void soil(void) {
    volatile uint64_t *spot = (volatile uint64_t *)SPOT;

    for (unsigned i = 0; i < SPOT_WORDS; i++)
        spot[i] = DIRT;
}

static void soil_for_ever(uintptr_t times) {
    for (uintptr_t i = 0; i < times; i++)
        soil();
}

static void leave_traces(uint16_t uart) {
    initialised = zero = DIRT;
    soil();
    wrmsr(APIC_TPR, PRIORITY);
    wrmsr(APIC_LVT_TIMER, INTERRUPT_FIRST | APIC_TIMER_TSC);
    __asm__ volatile("mov %0, %%dr0" ::"r"(DIRT));
    outb(uart + SCRATCH, (uint8_t)DIRT);
}

int main(const char *args) {
    static char stack[STACK_BYTES], third_stack[STACK_BYTES];
    uint32_t vcpus = args_number(args, "vcpus", 1);
    uint64_t per_ms = info(SHIKIRI_INFO_TSC_KHZ);
    uint16_t uart = (uint16_t)args_number(args, "uart", 0x3f8);

    print_to(args);
    print("phoenix: %u things are left of an earlier run\n", odd(uart));
    if (info(SHIKIRI_INFO_SWITCHES) >= args_number(args, "switches", 0))
        return 0;
    leave_traces(uart);
    if (vcpus == 1)
        start_anew(0);
    if (vcpus == 3) {
        vcpu_start(2, third_stack + STACK_BYTES, soil_for_ever, UINTPTR_MAX);
        vcpu_start(1, stack + STACK_BYTES, start_anew_and_first, args_number(args, "race", 1));
        __asm__ volatile("cli\n\thlt" ::: "memory");
    }
    vcpu_start(1, stack + STACK_BYTES, start_anew, per_ms);
    for (;;)
        pause();
}
