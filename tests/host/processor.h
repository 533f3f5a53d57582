/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A processor that the test makes up: what a program on the build machine may not execute, or what would answer
 * differently on each machine. Put in front of a core source by -include (tests.mk, NAME_FLAGS), so that the
 * source itself is the one that the hypervisor is built from.
 */
#pragma once

#define _DEFAULT_SOURCE /* for mmap() of processor.c */

#include "hv/cpu/x86.h"
#include "hv/lib/types.h"

#define PROCESSOR_WRITES_MAX 8

struct processor {
    struct cpuid_result (*cpuid)(uint32_t leaf, uint32_t subleaf);
    uint64_t tsc;
    uint64_t tsc_step; /* by which each RDTSC moves it on */
    uint8_t (*inb)(uint16_t port);
    void (*outb)(uint16_t port, uint8_t value);
    uint64_t cr2;
    uint64_t dr[4];
    hpa_t loaded; /* by VMLOAD */
    struct {
        uint32_t msr;
        uint64_t value;
    } writes[PROCESSOR_WRITES_MAX]; /* by WRMSR, in order */
    unsigned write_count;
    unsigned gif_openings;
    uint64_t xcr0; /* by XSETBV */
};

extern struct processor processor;

struct cpuid_result processor_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t processor_rdtsc(void);
uint8_t processor_inb(uint16_t port);
void processor_outb(uint16_t port, uint8_t value);
void processor_wrmsr(uint32_t msr, uint64_t value);
void processor_write_cr2(uint64_t value);
void processor_write_dr0_to_3(const uint64_t dr[4]);
void processor_read_dr0_to_3(uint64_t dr[4]);
void processor_vmload(hpa_t vmcb);
void processor_vmsave(hpa_t vmcb);
void processor_open_gif(void);
void processor_xsetbv(uint64_t value);

#define x86_cpuid          processor_cpuid
#define x86_rdtsc          processor_rdtsc
#define x86_inb            processor_inb
#define x86_outb           processor_outb
#define x86_wrmsr          processor_wrmsr
#define x86_write_cr2      processor_write_cr2
#define x86_write_dr0_to_3 processor_write_dr0_to_3
#define x86_read_dr0_to_3  processor_read_dr0_to_3
#define x86_vmload         processor_vmload
#define x86_vmsave         processor_vmsave
#define x86_open_gif       processor_open_gif
#define x86_xsetbv         processor_xsetbv

/* Behind these names, which lapic_arm() is to mean. Where the LAPIC is, the test has memory. */
#include "hv/cpu/lapic.h"

#define PROCESSOR_LAPIC(number) (*lapic_register(number))
