/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests' ACPI tables: see acpi.h. What is not written is zero, which means that it is not there.
 */
#include "partitions/acpi.h"

#include "hv/cpu/lapic.h"
#include "hv/dev/ioapic.h"
#include "hv/dev/power.h"
#include "hv/lib/acpi.h"
#include "hv/lib/string.h"
#include "partitions/config.h"

/* Where the tables are. */
#define XSDT 0x030U
#define FADT 0x080U
#define MADT 0x1a0U
#define DSDT 0x300U

#define OEM           0x20204952494b4853ULL /* "SHKIRI  " */
#define FADT_BYTES    276
#define FADT_REVISION 6
#define MADT_REVISION 5
#define BOOT_NO_VGA   (1U << 2)
#define BOOT_NO_CMOS  (1U << 5)
#define FLAG_WBINVD   (1U << 0)
#define FLAG_RESET    (1U << 10)
#define FLAG_REDUCED  (1U << 20)
#define SPACE_IO_BYTE 0x01000801U /* 8 bits, accessed as a byte */

_Static_assert(MADT + MADT_ENTRIES + IO_APIC_BYTES + LOCAL_APIC_BYTES * CONFIG_CPUS_MAX <= DSDT, "room for the MADT");

/*
 * What this compiles to (chapter 20):
 *   Name (_S5, Package () {5, 0})
 *   Device (\_SB.COM1) {
 *       Name (_HID, EisaId ("PNP0501"))
 *       Name (_CRS, ResourceTemplate () {IO (Decode16, 0x3f8, 0x3f8, 1, 8) IRQNoFlags () {4}})
 *   }
 */
static const uint8_t definition[] = {0x08, '_',  'S',  '5',  '_',  0x12, 0x05, 0x02, 0x0a, POWER_TYPE_OFF,
                                     0x00, 0x5b, 0x82, 0x2a, 0x2e, '_',  'S',  'B',  '_',  'C',
                                     'O',  'M',  '1',  0x08, '_',  'H',  'I',  'D',  0x0c, 0x41,
                                     0xd0, 0x05, 0x01, 0x08, '_',  'C',  'R',  'S',  0x11, 0x10,
                                     0x0a, 0x0d, 0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08,
                                     0x22, 0x10, 0x00, 0x79, 0x00};

/* Around what is in the table already. */
static void finish(uint8_t *table, const char *signature, unsigned size_bytes, uint8_t revision) {
    memcpy(table, signature, 4);
    store(table + TABLE_LENGTH, size_bytes, 4);
    table[TABLE_REVISION] = revision;
    store(table + TABLE_OEM, OEM, 6);
    store(table + TABLE_ID, OEM, 8);
    store(table + TABLE_CREATOR, OEM, 4);
    table[TABLE_CHECKSUM] = (uint8_t)-acpi_sum(table, size_bytes);
}

/* An I/O port as a Generic Address Structure. */
static void put_port(uint8_t *at, unsigned port) {
    store(at, SPACE_IO_BYTE, 4);
    store(at + 4, port, 8);
}

static void write_fadt(uint8_t *fadt, uint64_t dsdt) {
    store(fadt + 40, dsdt, 4);
    store(fadt + 109, BOOT_NO_VGA | BOOT_NO_CMOS, 2);
    store(fadt + 112, FLAG_WBINVD | FLAG_RESET | FLAG_REDUCED, 4);
    put_port(fadt + 116, POWER_PORT + POWER_RESET);
    store(fadt + 128, POWER_RESTARTS, 1);
    store(fadt + 140, dsdt, 8);
    put_port(fadt + 244, POWER_PORT + POWER_CONTROL);
    put_port(fadt + 256, POWER_PORT + POWER_STATUS);
    finish(fadt, "FACP", FADT_BYTES, FADT_REVISION);
}

/* The I/O APIC, and the local one of each vCPU. */
static void write_madt(uint8_t *madt, unsigned vcpu_count) {
    uint8_t *entry = madt + MADT_ENTRIES;

    store(madt + MADT_LAPIC_BASE, LAPIC_BASE, 4);
    store(entry, IO_APIC | IO_APIC_BYTES << 8, 4);
    store(entry + IO_APIC_ADDRESS, IOAPIC_GPA, 4);
    entry += IO_APIC_BYTES;
    for (unsigned i = 0; i < vcpu_count; i++) {
        store(entry, LOCAL_APIC | LOCAL_APIC_BYTES << 8 | i << 16 | i << 24, 4);
        store(entry + LOCAL_APIC_FLAGS, LOCAL_APIC_ENABLED, 4);
        entry += LOCAL_APIC_BYTES;
    }
    finish(madt, "APIC", (unsigned)(entry - madt), MADT_REVISION);
}

void acpi_write(uint8_t *tables, uint64_t gpa, unsigned vcpu_count) {
    store(tables, RSDP_SIGNATURE, 8);
    store(tables + RSDP_OEM, OEM, 6);
    tables[RSDP_REVISION] = 2;
    store(tables + RSDP_LENGTH, RSDP_BYTES, 4);
    store(tables + RSDP_XSDT, gpa + XSDT, 8);
    tables[RSDP_CHECKSUM] = (uint8_t)-acpi_sum(tables, RSDP_BYTES_OLD);
    tables[RSDP_CHECKSUM_ALL] = (uint8_t)-acpi_sum(tables, RSDP_BYTES);
    store(tables + XSDT + TABLE_BYTES, gpa + FADT, 8);
    store(tables + XSDT + TABLE_BYTES + 8, gpa + MADT, 8);
    finish(tables + XSDT, "XSDT", TABLE_BYTES + 16, 1);
    write_fadt(tables + FADT, gpa + DSDT);
    write_madt(tables + MADT, vcpu_count);
    memcpy(tables + DSDT + TABLE_BYTES, definition, sizeof(definition));
    finish(tables + DSDT, "DSDT", TABLE_BYTES + sizeof(definition), 2);
}
