/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that C has no words for, and hypercalls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/abi.h"

static inline void outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port) {
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t inw(uint16_t port) {
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t inl(uint16_t port) {
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t rdtsc(void) {
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(subleaf));
}

static inline uint64_t rdmsr(uint32_t msr) {
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline void interrupts_on(void) {
    __asm__ volatile("sti");
}

static inline void interrupts_off(void) {
    __asm__ volatile("cli" ::: "memory");
}

/* Lets in what waits; the instruction behind STI is still in its shadow. */
static inline void interrupts_on_and_go_on(void) {
    __asm__ volatile("sti\n\tnop\n\tnop" ::: "memory");
}

#define software_interrupt(vector) __asm__ volatile("int %0" ::"i"(vector) : "memory")

/* Gives the rest of the slot away; comes back at a later turn. */
static inline void wait(void) {
    __asm__ volatile("sti\n\thlt" ::: "memory");
}

static inline void pause(void) {
    __asm__ volatile("pause" ::: "memory");
}

static inline long hypercall_with_3(unsigned long number, unsigned long first, unsigned long second,
                                    unsigned long third) {
    long result;

    __asm__ volatile("vmmcall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(third) : "memory");
    return result;
}

static inline long hypercall(unsigned long number, unsigned long first, unsigned long second) {
    return hypercall_with_3(number, first, second, 0);
}
