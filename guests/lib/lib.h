/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the example guests share: bootargs, text to a UART or by hypercall, the VGA
 * text page, further vCPUs.
 */
#pragma once

#include "guests/lib/x86.h"

#define SCREEN_COLUMNS 80
#define SCREEN_ROWS    25

/* Bootargs are words of the form key=value. The number is decimal or 0x hexadecimal. */
uint32_t args_number(const char *args, const char *key, uint32_t fallback);

/* Copies the value, cut to `size_bytes`; false, and `fallback`, when the key is missing. */
bool args_string(const char *args, const char *key, char *value, size_t size_bytes, const char *fallback);

/* Where print() goes: the UART at port uart= of the bootargs, or by hypercall. */
void print_to(const char *args);

/* %s, %u, %x, and %llx for 64 bits. One vCPU prints after the other. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text on the screen in a VGA attribute. */
void screen_write(unsigned row, unsigned column, uint8_t attribute, const char *text);
void screen_fill(unsigned row, unsigned column, unsigned rows, unsigned columns, uint8_t attribute, char c);

/* Decimal digits of a value; returns the first. `digits` has 11 bytes. */
char *to_decimal(uint32_t value, char digits[11]);

bool equal(const char *a, const char *b);

/* Starts a vCPU in a function that is called with `argument`, on the stack that ends at `stack_end`. 0, or an error. */
long vcpu_start(unsigned number, void *stack_end, void (*act)(uintptr_t argument), uintptr_t argument);

/*
 * Interrupts of this vCPU, whose APIC is switched on, from now on go to `act`, with their vectors; further vCPUs share
 * it. It has to write EOI. Vectors from INTERRUPT_FIRST on are interrupts; an exception ends the partition. 64-bit
 * guests alone.
 */
#define INTERRUPT_FIRST 32
void interrupts_to(void (*act)(unsigned vector));
extern volatile uint64_t interrupt_tsc; /* the TSC at the start of the last one's handler */

/* Registers of the APIC, by their MSRs. */
#define APIC_ID            0x802
#define APIC_VERSION       0x803
#define APIC_TPR           0x808
#define APIC_PPR           0x80a
#define APIC_EOI           0x80b
#define APIC_SVR           0x80f
#define APIC_SVR_ENABLE    0x1ff
#define APIC_ESR           0x828
#define APIC_ICR           0x830
#define APIC_LVT_TIMER     0x832
#define APIC_TIMER_ONCE    0x00000
#define APIC_TIMER_PERIOD  0x20000
#define APIC_TIMER_TSC     0x40000
#define APIC_INITIAL_COUNT 0x838
#define APIC_CURRENT_COUNT 0x839
#define APIC_DIVIDE        0x83e
#define APIC_DIVIDE_BY_1   0xb
#define APIC_SELF_IPI      0x83f
#define APIC_DEADLINE      0x6e0

/* A field of SHIKIRI_CALL_INFO, in 32 bits. */
uint32_t info(uint32_t field);
