/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a local APIC does for its guest: a timer that ticks. Bootargs: by=deadline (default), once or period: the
 * timer's mode; us=: from one tick to the next; ticks= (then it ends; 0: never); report= (a line every so many ticks);
 * busy=1: computes meanwhile instead of halting; uart=. A line has the ticks, by how many TSC ticks the handlers began
 * late, at least and at most, and the interrupts from the second vCPU, if there is one: it waits for the first of them,
 * and four come for each tick at most. role=bench measures what the hypervisor's work costs, in instructions under
 * QEMU's -icount shift=0.
 */
#include "guests/lib/lib.h"

#define VECTOR_TICK  0x40
#define VECTOR_IPI   0x51
#define VECTOR_INT   0x60
#define TIMES        1000
#define AHEAD_TICKS  5000 /* of the deadlines in the bench */
#define HANDLER_PATH 4    /* instructions of lib.h's handler before it reads the TSC */
#define STACK_BYTES  0x4000

static volatile uint32_t ticks, ipis;

static void act(unsigned vector) {
    if (vector == VECTOR_IPI)
        ipis++;
    else
        ticks++;
    wrmsr(APIC_EOI, 0);
}

/* Nothing can come between the look and HLT, as interrupts are off until then. */
static void wait_for(const volatile uint32_t *count, uint32_t until, bool busy) {
    while (*count < until) {
        interrupts_off();
        if (busy || *count >= until)
            interrupts_on_and_go_on();
        else
            wait();
    }
}

/* When the timer is really due. */
static uint64_t set_timer(const char *by, uint64_t due_tsc) {
    uint64_t now_tsc = rdtsc();

    if (equal(by, "deadline"))
        wrmsr(APIC_DEADLINE, due_tsc);
    else if (equal(by, "once")) {
        due_tsc = now_tsc < due_tsc ? due_tsc : now_tsc + 1;
        wrmsr(APIC_INITIAL_COUNT, due_tsc - now_tsc);
    }
    return due_tsc;
}

static void run(const char *by, const char *args, uint64_t period_ticks) {
    uint32_t count = args_number(args, "ticks", 0), report = args_number(args, "report", 0);
    bool busy = args_number(args, "busy", 0);
    uint64_t late_min = UINT64_MAX, late_max = 0;
    uint64_t due_tsc = rdtsc() + period_ticks;

    if (equal(by, "period"))
        wrmsr(APIC_INITIAL_COUNT, period_ticks);
    for (uint32_t i = 1; count == 0 || i <= count; i++) {
        due_tsc = set_timer(by, due_tsc);
        wait_for(&ticks, i, busy);
        uint64_t late = interrupt_tsc - due_tsc;

        late_min = late < late_min ? late : late_min;
        late_max = late > late_max ? late : late_max;
        due_tsc += period_ticks;
        if ((report && i % report == 0) || i == count)
            print("tick: %u ticks late %u to %u ipis %u\n", i, (unsigned)late_min, (unsigned)late_max, ipis);
    }
}

static void row(const char *name, uint64_t sum) {
    print("bench: %s %u\n", name, (unsigned)((sum + TIMES / 2) / TIMES));
}

/* An INT in place of the interrupt is what it costs without the hypervisor. */
static void bench_self_ipi(void) {
    uint64_t sum = 0;

    for (uint32_t i = 0; i < TIMES; i++) {
        uint64_t from = rdtsc();

        wrmsr(APIC_SELF_IPI, VECTOR_IPI);
        wait_for(&ipis, i + 1, true);
        sum += interrupt_tsc - from;
        from = rdtsc();
        software_interrupt(VECTOR_INT);
        sum -= interrupt_tsc - from;
    }
    row("self-ipi", sum);
}

static void bench_deadline(void) {
    uint64_t far = rdtsc() + (1ULL << 40), from = rdtsc();

    for (uint32_t i = 0; i < TIMES; i++)
        wrmsr(APIC_DEADLINE, far + i);
    uint64_t sum = rdtsc() - from;

    from = rdtsc();
    for (uint32_t i = 0; i < TIMES; i++)
        __asm__ volatile("" ::"c"(APIC_DEADLINE), "a"((uint32_t)(far + i)), "d"((uint32_t)((far + i) >> 32)));
    row("wrmsr-deadline", sum - (rdtsc() - from));
}

static void bench_lateness(const char *name, bool busy) {
    uint64_t sum = 0;

    ticks = 0;
    for (uint32_t i = 0; i < TIMES; i++) {
        uint64_t due_tsc = rdtsc() + AHEAD_TICKS;

        wrmsr(APIC_DEADLINE, due_tsc);
        wait_for(&ticks, i + 1, busy);
        sum += interrupt_tsc - due_tsc - HANDLER_PATH;
    }
    row(name, sum);
}

static void bench(void) {
    bench_deadline();
    bench_self_ipi();
    bench_lateness("timer-late", true);
    bench_lateness("timer-late-halted", false);
    print("bench: done\n");
}

static void send_for_ever(uintptr_t pause_ticks) {
    for (uint32_t sent = 0;; sent++) {
        wrmsr(APIC_ICR, VECTOR_IPI); /* to the APIC whose id is 0 */
        for (uint64_t until_tsc = rdtsc() + pause_ticks; ipis <= sent || rdtsc() < until_tsc;)
            pause();
    }
}

int main(const char *args) {
    static char stack[STACK_BYTES];
    char by[16], role[16];
    uint32_t mode;
    uint64_t period_ticks = (uint64_t)args_number(args, "us", 1000) * info(SHIKIRI_INFO_TSC_KHZ) / 1000;

    print_to(args);
    args_string(args, "by", by, sizeof(by), "deadline");
    args_string(args, "role", role, sizeof(role), "tick");
    mode = equal(by, "deadline") ? APIC_TIMER_TSC : equal(by, "period") ? APIC_TIMER_PERIOD : APIC_TIMER_ONCE;
    interrupts_to(act);
    wrmsr(APIC_DIVIDE, APIC_DIVIDE_BY_1);
    wrmsr(APIC_LVT_TIMER, VECTOR_TICK | mode);
    if (info(SHIKIRI_INFO_VCPU_COUNT) > 1) {
        vcpu_start(1, stack + STACK_BYTES, send_for_ever, period_ticks / 4);
        wait_for(&ipis, 1, false);
    }
    if (equal(role, "bench"))
        bench();
    else
        run(by, args, period_ticks);
    return 0;
}
