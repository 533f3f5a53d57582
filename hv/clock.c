/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The paravirtual clock: see clock.h.
 */
#include "hv/clock.h"

#include "hv/cpu/rtc.h"
#include "hv/cpu/x86.h"
#include "hv/vcpu.h"

#define ENABLE     1U
#define TSC_STABLE 1U
#define NS_PER_MS  1000000ULL
#define ALIGN      4

struct wall_clock {
    uint32_t version, seconds, nanoseconds;
};

/* Nanoseconds are system_ns and the ticks since tsc_timestamp, times 2^shift and multiplier / 2^32. */
struct __attribute__((packed, aligned(4))) system_clock {
    uint32_t version, reserved_04;
    uint64_t tsc_timestamp, system_ns;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags, reserved_1e[2];
};

static uint64_t start_ms; /* since 1970: when the TSC was 0 */

void clock_init(uint64_t tsc_khz) {
    start_ms = rtc_seconds() * 1000 - x86_rdtsc() / tsc_khz;
}

uint64_t clock_seconds(void) {
    return (start_ms + cpu_time(1000)) / 1000;
}

/* What is there can be written by the guest itself. NULL where it is not all in one page of its own. */
static void *place(const struct vcpu *vcpu, uint64_t gpa, size_t size_bytes) {
    if (gpa % ALIGN || gpa % PAGE_BYTES + size_bytes > PAGE_BYTES)
        return NULL;
    return npt_memory(&vcpu->common->npt, GPA(gpa), REACH_WRITE);
}

bool clock_write_wall(struct vcpu *vcpu, uint64_t value) {
    struct wall_clock *wall = place(vcpu, value, sizeof(*wall));

    if (wall)
        *wall = (struct wall_clock){2, (uint32_t)(start_ms / 1000), (uint32_t)(start_ms % 1000 * NS_PER_MS)};
    return wall;
}

bool clock_write_system(struct vcpu *vcpu, uint64_t value) {
    struct system_clock *clock = place(vcpu, value & ~(uint64_t)ENABLE, sizeof(*clock));
    uint64_t multiplier = (NS_PER_MS << 32) / vcpu->guest.cpu->tsc_khz;
    int shift = 32 - __builtin_clzll(multiplier); /* so that 32 bits are left of it */

    if (!(value & ENABLE))
        return true;
    if (!clock)
        return false;
    *clock = (struct system_clock){.version = 2,
                                   .tsc_timestamp = vcpu->vmcb->control.tsc_offset,
                                   .multiplier = (uint32_t)(shift > 0 ? multiplier >> shift : multiplier << -shift),
                                   .shift = (int8_t)shift,
                                   .flags = TSC_STABLE};
    return true;
}
