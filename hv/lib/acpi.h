/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets in ACPI tables (ACPI Specification 6.4, chapter 5): of those that the firmware has, and of those that
 * guests get.
 */
#pragma once

#include "hv/lib/types.h"

#define RSDP_SIGNATURE    0x2052545020445352ULL /* "RSD PTR " */
#define RSDP_CHECKSUM     8
#define RSDP_OEM          9
#define RSDP_REVISION     15
#define RSDP_RSDT         16
#define RSDP_LENGTH       20
#define RSDP_XSDT         24
#define RSDP_CHECKSUM_ALL 32
#define RSDP_BYTES        36
#define RSDP_BYTES_OLD    20 /* of revision 0, which the first checksum covers */

#define TABLE_LENGTH   4
#define TABLE_REVISION 8
#define TABLE_CHECKSUM 9
#define TABLE_OEM      10
#define TABLE_ID       16
#define TABLE_CREATOR  28
#define TABLE_BYTES    36 /* of the header */

#define MADT_LAPIC_BASE    36
#define MADT_ENTRIES       44
#define LOCAL_APIC         0U /* types of entries */
#define IO_APIC            1U
#define LOCAL_APIC_ID      3
#define LOCAL_APIC_FLAGS   4
#define LOCAL_APIC_BYTES   8U
#define LOCAL_APIC_ENABLED (1U << 0)
#define IO_APIC_ADDRESS    4
#define IO_APIC_BYTES      12U

/* What a checksum makes zero. */
static inline uint8_t acpi_sum(const uint8_t *bytes, uint64_t size_bytes) {
    uint8_t sum = 0;

    for (uint64_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}
