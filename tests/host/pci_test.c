/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.c against the PCI Local Bus Specification 3.0, "Configuration Mechanism" and "Configuration Space Decoding", and
 * against what Linux does with it (arch/x86/pci/direct.c). Accesses come byte by byte, as hv/io.c makes them.
 */
#include "hv/dev/pci.h"

#include <string.h>

#include "tests/host/test.h"

#define ADDRESS 0 /* offsets of the two ports */
#define DATA    4
#define ENABLE  0x80000000U

static uint8_t pci[PCI_ADDRESS_BYTES];

static int make(void **state) {
    (void)state;
    memset(pci, 0, sizeof(pci));
    return 0;
}

static uint32_t in(unsigned offset, unsigned size_bytes) {
    uint32_t value = 0;

    for (unsigned i = 0; i < size_bytes; i++)
        value |= (uint32_t)pci_read(pci, offset + i) << 8 * i;
    return value;
}

static void out(unsigned offset, uint32_t value, unsigned size_bytes) {
    for (unsigned i = 0; i < size_bytes; i++)
        assert_int_equal(pci_write(pci, offset + i, (uint8_t)(value >> 8 * i)), VERDICT_RESUME);
}

static uint32_t at(unsigned bus, unsigned device, unsigned function, unsigned number) {
    return ENABLE | bus << 16 | device << 11 | function << 8 | (number & 0xfc);
}

/* As Linux reads a register of 1, 2 or 4 bytes. */
static uint32_t get(unsigned bus, unsigned device, unsigned function, unsigned number, unsigned size_bytes) {
    out(ADDRESS, at(bus, device, function, number), 4);
    return in(DATA + (number & 3), size_bytes);
}

static void test_ports(void **state) {
    (void)state;
    assert_int_equal(PCI_PORT, 0xcf8);
    assert_int_equal(PCI_PORTS, 8);
    assert_int_equal(in(ADDRESS, 4), 0); /* after reset */
    assert_int_equal(in(DATA, 4), UINT32_MAX);
}

/* pci_check_type1() and pci_sanity_check(): that the mechanism is there, and a host bridge behind it. */
static void test_probe(void **state) {
    uint32_t before;

    (void)state;
    out(ADDRESS + 3, 0x01, 1);
    before = in(ADDRESS, 4);
    out(ADDRESS, ENABLE, 4);
    assert_int_equal(in(ADDRESS, 4), ENABLE);
    assert_int_equal(get(0, 0, 0, 0x0a, 2), 0x0600);
    out(ADDRESS, before, 4);
    assert_int_equal(in(ADDRESS, 4), 0x01000000);
}

/* All bits of the address are kept; each byte is one of its own. */
static void test_address(void **state) {
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        out(ADDRESS, 0x12345678, 4);
        out(ADDRESS + i, 0xff, 1);
        assert_int_equal(in(ADDRESS, 4), 0x12345678U | 0xffU << 8 * i);
        out(ADDRESS, UINT32_MAX, 4);
        assert_int_equal(in(ADDRESS, 4), UINT32_MAX);
    }
}

/* Vendor and device, no command and no status, the class, a header of one function of type 0, and nothing more. */
static void test_bridge(void **state) {
    static const uint8_t want[256] = {'S', 'H', 'K', 'I', 0, 0, 0, 0, 0, 0, 0x00, 0x06};

    (void)state;
    for (unsigned number = 0; number < 256; number++) {
        assert_int_equal(get(0, 0, 0, number, 1), want[number]);
        if (number % 2 == 0)
            assert_int_equal(get(0, 0, 0, number, 2), want[number] | want[number + 1] << 8);
    }
    assert_int_equal(get(0, 0, 0, 0, 4), 0x494b4853);
    assert_int_equal(get(0, 0, 0, 8, 4), 0x06000000);
    assert_int_equal(get(0, 0, 0, 0x0e, 1), 0);
    out(ADDRESS, at(0, 0, 0, 8) | 3, 4); /* the lowest two bits name no byte */
    assert_int_equal(in(DATA, 4), 0x06000000);
}

/* Any other function, device or bus; and what is no address, as the highest bit says or the reserved ones. */
static void test_nobody(void **state) {
    (void)state;
    for (uint32_t place = 1; place < 0x10000; place++) { /* bus, device, function */
        out(ADDRESS, ENABLE | place << 8 | (place & 0xfc), 4);
        assert_int_equal(in(DATA, 4), UINT32_MAX);
    }
    for (unsigned bit = 24; bit < 31; bit++) {
        out(ADDRESS, ENABLE | 1U << bit, 4);
        assert_int_equal(in(DATA, 4), UINT32_MAX);
    }
    out(ADDRESS, 0, 4);
    assert_int_equal(in(DATA, 4), UINT32_MAX);
}

/* Whatever is written to a register, it stays, and so does the address. */
static void test_data_is_not_written(void **state) {
    (void)state;
    for (unsigned number = 0; number < 256; number += 4) {
        uint32_t before = get(0, 0, 0, number, 4);

        out(DATA, ~before, 4);
        assert_int_equal(in(ADDRESS, 4), at(0, 0, 0, number));
        assert_int_equal(in(DATA, 4), before);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ports, make),   cmocka_unit_test_setup(test_probe, make),
        cmocka_unit_test_setup(test_address, make), cmocka_unit_test_setup(test_bridge, make),
        cmocka_unit_test_setup(test_nobody, make),  cmocka_unit_test_setup(test_data_is_not_written, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
