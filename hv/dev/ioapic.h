/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated I/O APIC (Intel 82093AA data sheet): from the interrupt lines of devices to messages for local APICs. It
 * is reached by memory (hv/mmio.c). Interrupts are edge-triggered: what is written of level triggering is kept, no
 * more.
 */
#pragma once

#include "hv/lib/types.h"

#define IOAPIC_GPA  0xfec00000UL
#define IOAPIC_PINS 24U

struct ioapic {
    void (*deliver)(void *owner, uint64_t redirection); /* a message, as the entry of the pin says */
    void *owner;                                        /* both are there before the first reset */
    uint32_t select, id;
    uint32_t lines; /* a bit a pin */
    uint64_t redirections[IOAPIC_PINS];
};

/* The state after reset; lines may be set at the same time. */
void ioapic_reset(struct ioapic *ioapic);

/* A pin goes up or down; on any processor. */
void ioapic_set(struct ioapic *ioapic, unsigned pin, bool up);

/* The registers in its page. */
uint32_t ioapic_read(const struct ioapic *ioapic, unsigned offset);
void ioapic_write(struct ioapic *ioapic, unsigned offset, uint32_t value);
