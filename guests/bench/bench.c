/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What exits and switches cost, in TSC ticks: under QEMU's -icount shift=0 a tick is an
 * instruction, the hypervisor's included. An empty loop is subtracted. Bootargs:
 * role=bench (default; one of them) measures, with turns= partitions on its processor, itself included (default: all);
 * role=partner gives its time away rounds= times, so that there is somebody to switch to; role=storm exits rounds=
 * times, 0 for ever, by=cpuid (default), cr8 or dr7.
 */
#include "guests/lib/lib.h"

#define TIMES    1000
#define LINE     100 /* characters between two line ends */
#define YIELDS   200
#define WARM_UP  20
#define UART     0x3f8
#define UART_LSR (UART + 5)

/* Ticks of `times` runs of an instruction in a loop. */
#define TICKS(times, instruction, ...)                                                                                 \
    ({                                                                                                                 \
        uint64_t count = (times), from = rdtsc();                                                                      \
        __asm__ volatile("1:\n\t" instruction "\n\tdec %0\n\tjnz 1b"                                                   \
                         : "+r"(count)                                                                                 \
                         : __VA_ARGS__                                                                                 \
                         : "rax", "rbx", "rcx", "rdx", "memory");                                                      \
        rdtsc() - from;                                                                                                \
    })

static void row(const char *name, uint64_t ticks, uint64_t times) {
    uint64_t empty = TICKS(times, "", "D"(0));

    print("bench: %s %u\n", name, (unsigned)((ticks - empty + times / 2) / times));
}

static void bench_exits(void) {
    row("vmmcall", TICKS(TIMES, "mov $0, %%eax; vmmcall", "D"(SHIKIRI_INFO_ABI_VERSION)) - TIMES, TIMES);
    row("cpuid", TICKS(TIMES, "mov $0, %%eax; cpuid", "D"(0)) - TIMES, TIMES);
    row("port-read", TICKS(TIMES, "mov $0x3fd, %%edx; in %%dx, %%al", "D"(0)) - TIMES, TIMES);
    row("unowned-port-read", TICKS(TIMES, "mov $0x300, %%edx; in %%dx, %%al", "D"(0)) - TIMES, TIMES);
    row("rdmsr-efer", TICKS(TIMES, "mov $0xc0000080, %%ecx; rdmsr", "D"(0)) - TIMES, TIMES);
}

/* The last character of a line also pays for sending it, and is not measured. */
static void bench_port_write(void) {
    uint64_t ticks = 0;

    for (unsigned i = 0; i < TIMES / LINE; i++) {
        ticks += TICKS(LINE, "mov $0x3f8, %%edx; mov $'.', %%al; out %%al, %%dx", "D"(0)) - 2 * LINE;
        outb(UART, '\n');
    }
    row("port-write", ticks, TIMES);
}

/* A yield comes back after every other partition of this processor had its turn. */
static void bench_switch(unsigned partitions) {
    TICKS(WARM_UP, "mov $1, %%eax; vmmcall", "D"(0));
    uint64_t ticks = TICKS(YIELDS, "mov $1, %%eax; vmmcall", "D"(0)) - YIELDS;

    row("switch", ticks, (uint64_t)YIELDS * partitions);
}

/* The hypervisor has to read what writes CR8 and DR7; a prefix makes that longest. */
static void storm(const char *by, uint64_t rounds) {
    register uint64_t dr7 __asm__("r8") = 0x400;

    if (equal(by, "cr8"))
        TICKS(rounds, "mov %%rdi, %%cr8", "D"(0));
    else if (equal(by, "dr7"))
        TICKS(rounds, "mov %1, %%dr7", "r"(dr7));
    else
        TICKS(rounds, "mov $0, %%eax; cpuid", "D"(0));
}

int main(const char *args) {
    char role[16], by[16];
    unsigned all = (unsigned)hypercall(SHIKIRI_CALL_INFO, SHIKIRI_INFO_PARTITION_COUNT, 0);

    args_string(args, "role", role, sizeof(role), "bench");
    if (equal(role, "partner")) {
        TICKS(args_number(args, "rounds", 2 * (YIELDS + WARM_UP)), "mov $1, %%eax; vmmcall", "D"(0));
        return 0;
    }
    if (equal(role, "storm")) {
        args_string(args, "by", by, sizeof(by), "cpuid");
        storm(by, args_number(args, "rounds", 0));
        return 0;
    }
    print_to(args);
    bench_switch(args_number(args, "turns", all));
    bench_exits();
    bench_port_write();
    print("bench: done\n");
    return 0;
}
