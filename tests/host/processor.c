/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A processor that the test makes up: see processor.h.
 */
#include "tests/host/processor.h"

#include <string.h>
#include <sys/mman.h>

#include "tests/host/test.h"

struct processor processor;

/* The LAPIC's address lies in a gap that the address sanitizer keeps free, so that it needs to be told of the page. */
#define ASAN_SHADOW_SHIFT  3
#define ASAN_SHADOW_OFFSET 0x7fff8000ULL

static void map(uint64_t address) {
    void *page = (void *)(address & ~(PAGE_BYTES - 1));

    if (mmap(page, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
        __builtin_trap();
}

__attribute__((constructor, no_sanitize("address"))) static void map_lapic(void) {
    map((LAPIC_BASE >> ASAN_SHADOW_SHIFT) + ASAN_SHADOW_OFFSET);
    map(LAPIC_BASE);
}

struct cpuid_result processor_cpuid(uint32_t leaf, uint32_t subleaf) {
    return processor.cpuid(leaf, subleaf);
}

uint64_t processor_rdtsc(void) {
    uint64_t tsc = processor.tsc;

    processor.tsc += processor.tsc_step;
    return tsc;
}

uint8_t processor_inb(uint16_t port) {
    return processor.inb(port);
}

void processor_outb(uint16_t port, uint8_t value) {
    processor.outb(port, value);
}

void processor_wrmsr(uint32_t msr, uint64_t value) {
    assert_true(processor.write_count < PROCESSOR_WRITES_MAX);
    processor.writes[processor.write_count].msr = msr;
    processor.writes[processor.write_count++].value = value;
}

void processor_write_cr2(uint64_t value) {
    processor.cr2 = value;
}

void processor_write_dr0_to_3(const uint64_t dr[4]) {
    memcpy(processor.dr, dr, sizeof(processor.dr));
}

void processor_read_dr0_to_3(uint64_t dr[4]) {
    memcpy(dr, processor.dr, sizeof(processor.dr));
}

void processor_vmload(hpa_t vmcb) {
    processor.loaded = vmcb;
}

void processor_vmsave(hpa_t vmcb) {
    assert_int_equal(vmcb.value, processor.loaded.value);
}

void processor_open_gif(void) {
    processor.gif_openings++;
}

void processor_xsetbv(uint64_t value) {
    processor.xcr0 = value;
}
