/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A processor that the test makes up: see processor.h.
 */
#include "tests/host/processor.h"

#include <string.h>

#include "tests/host/test.h"

struct processor processor;

struct cpuid_result processor_cpuid(uint32_t leaf, uint32_t subleaf) {
    return processor.cpuid(leaf, subleaf);
}

uint64_t processor_rdtsc(void) {
    return processor.tsc;
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
