/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * partitions/acpi.c against the ACPI Specification 6.4, chapters 5 and 20: tables are found as a guest finds them, from
 * the RSDP on, and read at the offsets of the specification.
 */
#include "partitions/acpi.h"

#include <string.h>

#include "partitions/config.h"
#include "tests/host/test.h"

#define GPA_BASE 0xfff8000ULL

#define ACPI_BYTES 0x400

static uint8_t tables[ACPI_BYTES];

static void make(unsigned vcpu_count) {
    memset(tables, 0, sizeof(tables));
    acpi_write(tables, GPA_BASE, vcpu_count);
}

static uint64_t get(const uint8_t *at, unsigned size_bytes) {
    uint64_t value = 0;

    memcpy(&value, at, size_bytes);
    return value;
}

static void expect_sum(const uint8_t *at, unsigned size_bytes) {
    unsigned sum = 0;

    assert_true(at >= tables && at + size_bytes <= tables + sizeof(tables));
    for (unsigned i = 0; i < size_bytes; i++)
        sum += at[i];
    assert_int_equal(sum % 256, 0);
}

/* The table at `gpa`, whose header is sound: 5.2.6, "System Description Table Header". */
static const uint8_t *table(uint64_t gpa, const char *signature, unsigned revision, unsigned length) {
    const uint8_t *at = tables + (gpa - GPA_BASE);

    assert_in_range(gpa, GPA_BASE, GPA_BASE + ACPI_BYTES - 36);
    assert_int_equal(gpa % 8, 0);
    assert_memory_equal(at, signature, 4);
    assert_int_equal(get(at + 4, 4), length);
    assert_int_equal(at[8], revision);
    expect_sum(at, length);
    assert_memory_equal(at + 10, "SHKIRI", 6);
    assert_memory_equal(at + 16, "SHKIRI  ", 8);
    assert_memory_equal(at + 28, "SHKI", 4);
    return at;
}

static const uint8_t *xsdt(void) {
    return table(get(tables + 24, 8), "XSDT", 1, 36 + 2 * 8);
}

static const uint8_t *fadt(void) {
    return table(get(xsdt() + 36, 8), "FACP", 6, 276);
}

static const uint8_t *madt(unsigned vcpu_count) {
    return table(get(xsdt() + 44, 8), "APIC", 5, 44 + 12 + 8 * vcpu_count);
}

/* 5.2.5.3, "Root System Description Pointer (RSDP) Structure". */
static void test_rsdp(void **state) {
    (void)state;
    make(1);
    assert_memory_equal(tables, "RSD PTR ", 8);
    expect_sum(tables, 20);
    expect_sum(tables, 36);
    assert_memory_equal(tables + 9, "SHKIRI", 6);
    assert_int_equal(tables[15], 2);
    assert_int_equal(get(tables + 16, 4), 0); /* no RSDT */
    assert_int_equal(get(tables + 20, 4), 36);
    (void)xsdt();
}

static void expect_port(const uint8_t *address, unsigned port) {
    assert_int_equal(address[0], 1); /* system I/O */
    assert_int_equal(address[1], 8); /* bits */
    assert_int_equal(address[2], 0);
    assert_int_equal(address[3], 1); /* byte access */
    assert_int_equal(get(address + 4, 8), port);
}

/* 5.2.9, "Fixed ACPI Description Table (FADT)": hardware-reduced, with registers for sleep and reset alone. */
static void test_fadt(void **state) {
    const uint8_t *at;

    (void)state;
    make(1);
    at = fadt();
    assert_int_equal(get(at + 36, 4), 0); /* no FACS */
    assert_int_equal(get(at + 40, 4), get(at + 140, 8));
    for (unsigned i = 44; i < 109; i++)
        assert_int_equal(at[i], 0);
    assert_int_equal(get(at + 109, 2), 1 << 2 | 1 << 5);            /* no VGA, no CMOS RTC */
    assert_int_equal(get(at + 112, 4), 1 << 0 | 1 << 10 | 1 << 20); /* WBINVD, reset register, reduced */
    expect_port(at + 116, 0x602);
    assert_int_equal(at[128], 0x06);
    for (unsigned i = 129; i < 140; i++)
        assert_int_equal(at[i], 0);
    for (unsigned i = 148; i < 244; i++)
        assert_int_equal(at[i], 0);
    expect_port(at + 244, 0x600);
    expect_port(at + 256, 0x601);
}

/* 5.2.12, "Multiple APIC Description Table (MADT)": an I/O APIC, and a local one for each vCPU. */
static void test_madt(void **state) {
    (void)state;
    for (unsigned count = 1; count <= CONFIG_CPUS_MAX; count++) {
        const uint8_t *at;

        make(count);
        at = madt(count);
        assert_int_equal(get(at + 36, 4), 0xfee00000);
        assert_int_equal(get(at + 40, 4), 0); /* no 8259 */
        at += 44;
        assert_int_equal(at[0], 1);
        assert_int_equal(at[1], 12);
        assert_int_equal(get(at + 2, 2), 0); /* its id */
        assert_int_equal(get(at + 4, 4), 0xfec00000);
        assert_int_equal(get(at + 8, 4), 0); /* the number of its first interrupt */
        at += 12;
        for (unsigned i = 0; i < count; i++, at += 8) {
            assert_int_equal(at[0], 0);
            assert_int_equal(at[1], 8);
            assert_int_equal(at[2], i);          /* processor UID */
            assert_int_equal(at[3], i);          /* APIC id */
            assert_int_equal(get(at + 4, 4), 1); /* enabled */
        }
        (void)fadt(); /* nothing was written over another table */
        (void)table(get(fadt() + 140, 8), "DSDT", 2, 36 + 55);
    }
}

/* \_S5 and COM1, byte by byte: 20.2, "AML Grammar Definition", and 6.4, "Resource Data Types for ACPI". */
static void test_dsdt(void **state) {
    static const uint8_t want[] = {
        0x08, '_',  'S',  '5',  '_',                         /* NameOp */
        0x12, 0x05, 0x02, 0x0a, 5,    0x00,                  /* PackageOp, two elements: BytePrefix 5, ZeroOp */
        0x5b, 0x82, 0x2a,                                    /* DeviceOp, 42 bytes */
        0x2e, '_',  'S',  'B',  '_',  'C',  'O',  'M',  '1', /* DualNamePrefix */
        0x08, '_',  'H',  'I',  'D',                         /* NameOp */
        0x0c, 0x41, 0xd0, 0x05, 0x01,                        /* DWordPrefix, EISA id PNP0501 */
        0x08, '_',  'C',  'R',  'S',                         /* NameOp */
        0x11, 0x10, 0x0a, 0x0d,                              /* BufferOp, 16 bytes, of 13 */
        0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08,      /* I/O port: 16 bits, from 3f8h to 3f8h, aligned by 1, 8 */
        0x22, 0x10, 0x00,                                    /* IRQ: 4, edge-triggered */
        0x79, 0x00,                                          /* end tag without checksum */
    };
    const uint8_t *at;

    (void)state;
    make(1);
    at = table(get(fadt() + 140, 8), "DSDT", 2, 36 + sizeof(want));
    assert_memory_equal(at + 36, want, sizeof(want));
    assert_int_equal(want[13], sizeof(want) - 13); /* the device is up to the end */
}

/* Written to elsewhere, every address is another. */
static void test_elsewhere(void **state) {
    static uint8_t others[ACPI_BYTES];

    (void)state;
    make(2);
    acpi_write(others, 0x123456000, 2);
    assert_int_equal(get(others + 24, 8) - 0x123456000, get(tables + 24, 8) - GPA_BASE);
    assert_int_equal(get(others + 0x30 + 36, 8) - 0x123456000, get(tables + 0x30 + 36, 8) - GPA_BASE);
    assert_int_equal(get(others + 0x80 + 140, 8) - 0x123456000, get(tables + 0x80 + 140, 8) - GPA_BASE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsdp), cmocka_unit_test(test_fadt),      cmocka_unit_test(test_madt),
        cmocka_unit_test(test_dsdt), cmocka_unit_test(test_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
