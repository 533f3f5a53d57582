/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processors of the machine, from the ACPI tables (ACPI Specification 6.4, "Root
 * System Description Pointer" and "Multiple APIC Description Table"). Pure: physical
 * memory comes in, a list comes out. Tables are the firmware's and may be wrong: what
 * lies outside memory, is too short or has a bad checksum counts as absent.
 */
#pragma once

#include "hv/lib/types.h"

#define ACPI_CPUS_MAX 64

/* Physical memory from address 0 on, as it can be read: all of it below 4 GiB at boot. */
struct acpi_memory {
    uintptr_t base;
    uint64_t size_bytes;
};

struct acpi_cpus {
    uint8_t apic_id[ACPI_CPUS_MAX]; /* of processors that can be started, in the MADT's order */
    unsigned count;
    const char *missing; /* what was not found; NULL with a MADT */
};

void acpi_read_cpus(struct acpi_cpus *cpus, const struct acpi_memory *memory);
