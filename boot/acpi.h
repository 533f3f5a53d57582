/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processors of the machine, from the ACPI tables (ACPI Specification 6.4, "Root
 * System Description Pointer" and "Multiple APIC Description Table"). Pure: physical
 * memory comes in, a list comes out. Tables are the firmware's and may be wrong: what
 * lies outside memory, is too short or has a bad checksum counts as absent.
 */
#pragma once

#include "hv/cpu/cpu.h"
#include "hv/lib/range.h"

/* The boot processor first, then those that can be started in the MADT's order, as many as `cpus` holds. */
struct processors {
    uint8_t apic_id[CPU_MAX];
    unsigned count;
    const char *missing; /* what was not found; NULL with a MADT */
};

/* `memory`: where the bytes of physical addresses from 0 on can be read; `own_id`: the boot processor's APIC id. */
void acpi_find_processors(struct processors *processors, struct range memory, uint8_t own_id);
