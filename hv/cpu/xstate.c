/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended state: see xstate.h. Every component the hardware has is switched, not only
 * those that guests are offered: PKRU, for one, is reachable without XCR0 (APM vol. 2,
 * "Memory Protection Keys").
 */
#include "hv/cpu/xstate.h"

#include "hv/cpu/x86.h"
#include "hv/lib/string.h"

#define CPUID_FEATURES 1
#define CPUID_XSTATE   0xd
#define FEATURE_XSAVE  (1U << 26) /* CPUID 1 ECX */
#define FXSAVE_BYTES   512
#define AREA_ALIGN     64
#define FCW_RESET      0x37f
#define MXCSR_RESET    0x1f80
#define AREA_MXCSR     24

static uint64_t components; /* 0: no XSAVE */
static size_t area_bytes = FXSAVE_BYTES;

void xstate_init(void) {
    x86_write_cr0((x86_read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
    x86_write_cr4(x86_read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    if (!(x86_cpuid(CPUID_FEATURES, 0).ecx & FEATURE_XSAVE))
        return;
    x86_write_cr4(x86_read_cr4() | CR4_OSXSAVE);

    struct cpuid_result xstate = x86_cpuid(CPUID_XSTATE, 0);

    components = (uint64_t)xstate.edx << 32 | xstate.eax;
    area_bytes = xstate.ecx;
    x86_xsetbv(components);
}

void *xstate_alloc(struct arena *arena) {
    return arena_alloc(arena, area_bytes, AREA_ALIGN);
}

void xstate_reset(void *area) {
    memset(area, 0, area_bytes);
    store(area, FCW_RESET, sizeof(uint16_t));
    store((uint8_t *)area + AREA_MXCSR, MXCSR_RESET, sizeof(uint32_t));
}

uint64_t xstate_save(void *area) {
    if (!components) {
        x86_fxsave(area);
        return XCR0_X87;
    }
    uint64_t xcr0 = x86_xgetbv();

    x86_xsetbv(components);
    x86_xsave(area, components);
    return xcr0;
}

void xstate_load(const void *area, uint64_t xcr0) {
    x86_clear_x87_pointers(area);
    if (!components) {
        x86_fxrstor(area);
        return;
    }
    x86_xsetbv(components);
    x86_xrstor(area, components);
    x86_xsetbv(xcr0);
}

uint64_t xstate_guest_components(void) {
    return components & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
}

bool xstate_guest_may_set(uint64_t xcr0) {
    return (xcr0 & XCR0_X87) && (!(xcr0 & XCR0_AVX) || (xcr0 & XCR0_SSE)) && !(xcr0 & ~xstate_guest_components());
}
