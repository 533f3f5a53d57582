/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.c: tables as firmware leaves them, and as it should not.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "tests/host/test.h"

#define MEMORY_BYTES 0x102000UL
#define EBDA         0x9fc00
#define RSDP         0xf5a40
#define RSDT         0x100000
#define XSDT         0x100100
#define MADT         0x100200
#define OTHER        0x100400
#define OWN          5

/* A machine's memory, in a block of exactly its size so that reading past it is seen. */
static uint8_t *machine;
static struct processors found;

static void put(uint64_t address, uint64_t value, unsigned size_bytes) {
    memcpy(machine + address, &value, size_bytes);
}

/* Sets the byte at `checksum` so that all bytes sum to zero. */
static void seal(uint64_t address, uint64_t size_bytes, unsigned checksum) {
    uint8_t sum = 0;

    machine[address + checksum] = 0;
    for (uint64_t i = 0; i < size_bytes; i++)
        sum = (uint8_t)(sum + machine[address + i]);
    machine[address + checksum] = (uint8_t)-sum;
}

static void put_rsdp(uint64_t address, unsigned revision) {
    memcpy(machine + address, "RSD PTR ", 8);
    put(address + 15, revision, 1);
    put(address + 16, RSDT, 4);
    put(address + 20, 36, 4);
    put(address + 24, revision >= 2 ? XSDT : 0, 8);
    seal(address, 20, 8);
    seal(address, 36, 32);
}

static void put_table(uint64_t address, const char *signature, uint32_t length) {
    memcpy(machine + address, signature, 4);
    put(address + 4, length, 4);
    seal(address, length, 9);
}

/* APIC ids 0, 2 and 5, which is the boot processor's; 3 is disabled, and an entry of another type lies between. */
static void put_madt(void) {
    static const uint8_t entries[] = {0, 8, 0, 0, 1, 0, 0, 0, 0, 8, 1, 2, 1, 0, 0, 0, 1, 12, 0, 0, 0, 0,
                                      0, 0, 0, 0, 0, 0, 0, 8, 2, 3, 2, 0, 0, 0, 0, 8, 3, 5,  1, 0, 0, 0};

    memcpy(machine + MADT + 44, entries, sizeof(entries));
    put_table(MADT, "APIC", 44 + sizeof(entries));
}

static int make(void **state) {
    (void)state;
    machine = calloc(1, MEMORY_BYTES);
    put(0x40e, EBDA >> 4, 2);
    put_rsdp(RSDP, 2);
    put(RSDT + 36, OTHER, 4);
    put(RSDT + 40, MADT, 4);
    put_table(RSDT, "RSDT", 44);
    put(XSDT + 36, OTHER, 8);
    put(XSDT + 44, MADT, 8);
    put_table(XSDT, "XSDT", 52);
    put_table(OTHER, "FACP", 36);
    put_madt();
    return 0;
}

static int drop(void **state) {
    (void)state;
    free(machine);
    return 0;
}

static void read_cpus(void) {
    acpi_find_processors(&found, (struct range){(uintptr_t)machine, MEMORY_BYTES}, OWN);
}

static void expect_three(void) {
    read_cpus();
    assert_null(found.missing);
    assert_int_equal(found.count, 3);
    assert_memory_equal(found.apic_id, "\5\0\2", 3);
}

static void expect_missing(const char *what) {
    read_cpus();
    assert_int_equal(found.count, 1);
    assert_int_equal(found.apic_id[0], OWN);
    assert_non_null(found.missing);
    assert_non_null(strstr(found.missing, what));
}

static void test_xsdt(void **state) {
    (void)state;
    memset(machine + RSDT, 0, 36);
    expect_three();
}

static void test_rsdt(void **state) {
    (void)state;
    put_rsdp(RSDP, 0);
    memset(machine + XSDT, 0, 36);
    expect_three();
}

/* A damaged XSDT, or an RSDP whose second checksum is wrong, leaves the RSDT. */
static void test_fallback(void **state) {
    (void)state;
    machine[XSDT + 20] ^= 1;
    expect_three();
    machine[XSDT + 20] ^= 1;
    machine[RSDP + 33] ^= 1;
    memset(machine + XSDT, 0, 36);
    expect_three();
}

static void test_places(void **state) {
    (void)state;
    memset(machine + RSDP, 0, 36);
    expect_missing("RSDP");
    put_rsdp(EBDA + 0x3f0, 2);
    expect_three();
    memset(machine + EBDA, 0, 0x400);
    put_rsdp(EBDA + 0x400, 2); /* behind what is searched */
    expect_missing("RSDP");
    put_rsdp(0xe0008, 2); /* not on a boundary of 16 bytes */
    expect_missing("RSDP");
    put_rsdp(0xe0000, 2);
    expect_three();
    put(0x40e, 0xffff, 2); /* an EBDA that makes no sense */
    expect_three();
}

static void test_checksums(void **state) {
    (void)state;
    machine[MADT + 20] ^= 1;
    expect_missing("MADT");
    machine[MADT + 20] ^= 1;
    machine[RSDP + 9] ^= 1;
    expect_missing("RSDP");
}

/* Every pointer and length that leads out of memory, or nowhere. */
static void test_bounds(void **state) {
    const uint64_t addresses[] = {0, MEMORY_BYTES - 1, MEMORY_BYTES - 36, MEMORY_BYTES, UINT32_MAX, UINT64_MAX - 3};
    const uint32_t lengths[] = {0, 8, 35, MEMORY_BYTES - MADT + 1, UINT32_MAX};

    (void)state;
    memset(machine + RSDT, 0, 36);
    for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
        put(XSDT + 44, addresses[i], 8);
        put_table(XSDT, "XSDT", 52);
        expect_missing("MADT");
        put(RSDP + 24, addresses[i], 8);
        seal(RSDP, 36, 32);
        expect_missing("MADT");
        put_rsdp(RSDP, 2);
    }
    put(XSDT + 44, MADT, 8);
    put_table(XSDT, "XSDT", 52);
    expect_three();
    for (unsigned i = 0; i < ARRAY_LENGTH(lengths); i++) {
        put(MADT + 4, lengths[i], 4);
        expect_missing("MADT");
    }
}

static void test_entries(void **state) {
    (void)state;
    put_table(MADT, "APIC", 44);
    read_cpus();
    assert_null(found.missing);
    assert_int_equal(found.count, 1);
    machine[MADT + 44 + 8 + 1] = 0; /* an entry without length ends the list */
    put_table(MADT, "APIC", 44 + 44);
    read_cpus();
    assert_int_equal(found.count, 2);
    machine[MADT + 44 + 8 + 1] = 7; /* one that is too short does not count */
    put_table(MADT, "APIC", 44 + 15);
    read_cpus();
    assert_int_equal(found.count, 2);
    machine[MADT + 44 + 8 + 1] = 8; /* one that passes the end neither */
    put_table(MADT, "APIC", 44 + 15);
    read_cpus();
    assert_int_equal(found.count, 2);
}

static void test_many(void **state) {
    (void)state;
    for (unsigned i = 0; i < CPU_MAX + 1; i++) {
        const uint8_t entry[] = {0, 8, (uint8_t)i, (uint8_t)i, 1, 0, 0, 0};

        memcpy(machine + MADT + 44 + i * sizeof(entry), entry, sizeof(entry));
    }
    put_table(MADT, "APIC", 44 + 8 * (CPU_MAX + 1));
    read_cpus();
    assert_int_equal(found.count, CPU_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_xsdt, make, drop),
        cmocka_unit_test_setup_teardown(test_rsdt, make, drop),
        cmocka_unit_test_setup_teardown(test_fallback, make, drop),
        cmocka_unit_test_setup_teardown(test_places, make, drop),
        cmocka_unit_test_setup_teardown(test_checksums, make, drop),
        cmocka_unit_test_setup_teardown(test_bounds, make, drop),
        cmocka_unit_test_setup_teardown(test_entries, make, drop),
        cmocka_unit_test_setup_teardown(test_many, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
