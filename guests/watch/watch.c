/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A monitor: tells what the vCPUs of the system have come to, a table each time; needs "control".
 * Bootargs: times= (tables, default 1), every= (turns from one to the next, default 1), uart=.
 */
#include "guests/lib/lib.h"

#define EXIT_CPUID   0x72
#define EXIT_VMMCALL 0x81
#define BUCKETS      32

static unsigned long statistic(unsigned vcpu, unsigned long what) {
    return (unsigned long)hypercall(SHIKIRI_CALL_STATISTIC, vcpu, what);
}

static unsigned exits(unsigned vcpu, unsigned code) {
    unsigned long count = 0;

    for (unsigned n = 0; n < BUCKETS; n++)
        count += statistic(vcpu, SHIKIRI_STATISTIC_EXITS(code, n));
    return (unsigned)count;
}

static unsigned to_us(unsigned long ticks) {
    return (unsigned)(ticks * 1000 / (unsigned long)hypercall(SHIKIRI_CALL_INFO, SHIKIRI_INFO_TSC_KHZ, 0));
}

static void tell(unsigned vcpu) {
    print("watch: %u of partition %u ran %u us stolen %u us switches %u starts %u late %u\n", vcpu,
          (unsigned)statistic(vcpu, SHIKIRI_STATISTIC_PARTITION), to_us(statistic(vcpu, SHIKIRI_STATISTIC_RUN_TICKS)),
          to_us(statistic(vcpu, SHIKIRI_STATISTIC_STOLEN_TICKS)), (unsigned)statistic(vcpu, SHIKIRI_STATISTIC_SWITCHES),
          (unsigned)statistic(vcpu, SHIKIRI_STATISTIC_STARTS),
          (unsigned)statistic(vcpu, SHIKIRI_STATISTIC_LATE_TICKS_MAX));
    print("watch: %u cpuid %u at most %u ticks vmmcall %u at most %u ticks\n", vcpu, exits(vcpu, EXIT_CPUID),
          (unsigned)statistic(vcpu, SHIKIRI_STATISTIC_EXIT_TICKS_MAX(EXIT_CPUID)), exits(vcpu, EXIT_VMMCALL),
          (unsigned)statistic(vcpu, SHIKIRI_STATISTIC_EXIT_TICKS_MAX(EXIT_VMMCALL)));
}

int main(const char *args) {
    uint32_t times = args_number(args, "times", 1), every = args_number(args, "every", 1);

    print_to(args);
    if (hypercall(SHIKIRI_CALL_STATISTIC, 0, SHIKIRI_STATISTIC_PARTITION) == SHIKIRI_ERROR_DENIED) {
        print("watch: denied\n");
        return 1;
    }
    for (uint32_t i = 0; i < times; i++) {
        for (uint32_t turn = 0; turn < every; turn++)
            wait();
        for (unsigned vcpu = 0; hypercall(SHIKIRI_CALL_STATISTIC, vcpu, SHIKIRI_STATISTIC_PARTITION) >= 0; vcpu++)
            tell(vcpu);
    }
    return 0;
}
