/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables: see acpi.h. Fields are read by their offsets, as the specification
 * gives them.
 */
#include "boot/acpi.h"

#include "hv/lib/acpi.h"
#include "hv/lib/string.h"

#define EBDA_SEGMENT  0x40e /* of the BIOS data area: where the extended one begins, in paragraphs */
#define EBDA_SEARCHED KIB
#define BIOS_AREA     0xe0000
#define BIOS_END      0x100000

#define RSDP_ALIGN 16
#define TABLE_MAX  (1 * MIB)

/* The bytes at a physical address; NULL where not all of them can be read. */
static const uint8_t *at(struct range memory, uint64_t address, uint64_t size_bytes) {
    struct range bytes = {memory.base + address, size_bytes};

    return range_contains(memory, bytes) ? (const uint8_t *)bytes.base : NULL;
}

static const uint8_t *search_rsdp(struct range memory, uint64_t from, uint64_t size_bytes) {
    for (uint64_t address = align_up(from, RSDP_ALIGN); address < from + size_bytes; address += RSDP_ALIGN) {
        const uint8_t *rsdp = at(memory, address, RSDP_BYTES);

        if (rsdp && load(rsdp, 8) == RSDP_SIGNATURE && acpi_sum(rsdp, RSDP_BYTES_OLD) == 0)
            return rsdp;
    }
    return NULL;
}

static const uint8_t *find_rsdp(struct range memory) {
    const uint8_t *segment = at(memory, EBDA_SEGMENT, 2);
    const uint8_t *rsdp = segment ? search_rsdp(memory, load(segment, 2) << 4, EBDA_SEARCHED) : NULL;

    return rsdp ? rsdp : search_rsdp(memory, BIOS_AREA, BIOS_END - BIOS_AREA);
}

/* The table at an address, when it has that signature and is whole. */
static const uint8_t *table_at(struct range memory, uint64_t address, const char *signature) {
    const uint8_t *table = at(memory, address, TABLE_BYTES);
    uint64_t length = table ? load(table + TABLE_LENGTH, 4) : 0;
    bool is_whole = length >= TABLE_BYTES && length <= TABLE_MAX && at(memory, address, length);

    return is_whole && memcmp(table, signature, 4) == 0 && acpi_sum(table, length) == 0 ? table : NULL;
}

/* The MADT among what the RSDT or XSDT at an address point to, with entries of 4 or 8 bytes. */
static const uint8_t *find_madt(struct range memory, uint64_t address, const char *signature, unsigned entry_bytes) {
    const uint8_t *root = table_at(memory, address, signature), *madt = NULL;
    uint64_t length = root ? load(root + TABLE_LENGTH, 4) : 0;

    for (uint64_t offset = TABLE_BYTES; !madt && offset + entry_bytes <= length; offset += entry_bytes)
        madt = table_at(memory, load(root + offset, entry_bytes), "APIC");
    return madt;
}

static void read_madt(struct processors *processors, const uint8_t *madt) {
    uint64_t length = load(madt + TABLE_LENGTH, 4);

    processors->missing = NULL;
    for (uint64_t offset = MADT_ENTRIES; offset + 2 <= length; offset += madt[offset + 1]) {
        const uint8_t *entry = madt + offset; /* its type, its length */

        if (entry[1] < 2 || offset + entry[1] > length)
            return;
        if (entry[0] == LOCAL_APIC && entry[1] >= LOCAL_APIC_BYTES &&
            (load(entry + LOCAL_APIC_FLAGS, 4) & LOCAL_APIC_ENABLED) &&
            entry[LOCAL_APIC_ID] != processors->apic_id[0] && processors->count < CPU_MAX)
            processors->apic_id[processors->count++] = entry[LOCAL_APIC_ID];
    }
}

void acpi_find_processors(struct processors *processors, struct range memory, uint8_t own_id) {
    const uint8_t *rsdp = find_rsdp(memory);
    const uint8_t *madt = NULL;

    *processors = (struct processors){{own_id}, 1, "no ACPI root pointer (RSDP) in the firmware's memory"};
    if (!rsdp)
        return;
    processors->missing = "no ACPI table of processors (MADT) that is whole";
    if (rsdp[RSDP_REVISION] >= 2 && load(rsdp + RSDP_LENGTH, 4) == RSDP_BYTES && acpi_sum(rsdp, RSDP_BYTES) == 0)
        madt = find_madt(memory, load(rsdp + RSDP_XSDT, 8), "XSDT", 8);
    if (!madt)
        madt = find_madt(memory, load(rsdp + RSDP_RSDT, 4), "RSDT", 4);
    if (madt)
        read_madt(processors, madt);
}
