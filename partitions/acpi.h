/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables of a guest (ACPI Specification 6.4, chapter 5): RSDP, XSDT, FADT, MADT and DSDT, for a platform
 * that has local APICs, and the fixed hardware of hv/dev/power.h, and nothing else to discover.
 */
#pragma once

#include "hv/lib/types.h"

/* Writes the tables, which are for `gpa` and so many vCPUs. The RSDP is the first. */
void acpi_write(uint8_t *tables, uint64_t gpa, unsigned vcpu_count);
