/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioapic.c against the 82093AA data sheet, "Register Description". Whom a message reaches is interrupt_test's.
 */
#include <pthread.h>
#include <string.h>

#include "hv/dev/ioapic.h"
#include "tests/host/test.h"

#define PINS 24

enum { IOREGSEL = 0x00, IOWIN = 0x10 };

static struct ioapic ioapic;
static unsigned messages;
static uint64_t message; /* the last */

static void note(void *owner, uint64_t redirection) {
    assert_ptr_equal(owner, &messages);
    message = redirection;
    messages++;
}

static int make(void **state) {
    (void)state;
    memset(&ioapic, 0xff, sizeof(ioapic));
    ioapic.deliver = note;
    ioapic.owner = &messages;
    ioapic_reset(&ioapic);
    messages = 0;
    return 0;
}

static uint32_t get(uint32_t number) {
    ioapic_write(&ioapic, IOREGSEL, number);
    return ioapic_read(&ioapic, IOWIN);
}

static void put(uint32_t number, uint32_t value) {
    ioapic_write(&ioapic, IOREGSEL, number);
    ioapic_write(&ioapic, IOWIN, value);
}

static uint64_t entry(unsigned pin) {
    return get(0x10 + 2 * pin) | (uint64_t)get(0x11 + 2 * pin) << 32;
}

static void set_entry(unsigned pin, uint64_t value) {
    put(0x10 + 2 * pin, (uint32_t)value);
    put(0x11 + 2 * pin, (uint32_t)(value >> 32));
}

static void test_reset(void **state) {
    (void)state;
    assert_int_equal(ioapic_read(&ioapic, IOREGSEL), 0);
    assert_int_equal(get(0), 0);
    assert_int_equal(get(1), 0x00170011); /* version 11h, 23 is the last entry */
    for (unsigned pin = 0; pin < PINS; pin++)
        assert_int_equal(entry(pin), 1 << 16); /* masked */
    assert_int_equal(messages, 0);
}

/* Bits 27 to 24 of the ID are kept; the version and what is not there are not written. */
static void test_registers(void **state) {
    (void)state;
    put(0, 0xffffffff);
    assert_int_equal(get(0), 0x0f000000);
    put(0, 0x05000000);
    assert_int_equal(get(0), 0x05000000);
    put(1, 0);
    assert_int_equal(get(1), 0x00170011);
    for (uint32_t number = 2; number < 0x10; number++) {
        put(number, 0xffffffff);
        assert_int_equal(get(number), 0);
    }
}

/* Whatever the index, nothing but the entries is reached; it has 8 bits. */
static void test_index(void **state) {
    struct ioapic before;

    (void)state;
    for (uint32_t number = 0x40; number < 0x100; number++) {
        ioapic_write(&ioapic, IOREGSEL, number);
        assert_int_equal(ioapic_read(&ioapic, IOREGSEL), number);
        before = ioapic;
        ioapic_write(&ioapic, IOWIN, 0xffffffff);
        assert_memory_equal(&ioapic, &before, sizeof(before));
        assert_int_equal(ioapic_read(&ioapic, IOWIN), 0);
    }
    ioapic_write(&ioapic, IOREGSEL, 0xffffff01);
    assert_int_equal(ioapic_read(&ioapic, IOREGSEL), 1);
    assert_int_equal(ioapic_read(&ioapic, IOWIN), 0x00170011);
}

/* All of an entry is kept but the status of the delivery, bit 12, and the remote IRR, bit 14. */
static void test_entries(void **state) {
    (void)state;
    for (unsigned pin = 0; pin < PINS; pin++)
        set_entry(pin, UINT64_MAX - pin);
    for (unsigned pin = 0; pin < PINS; pin++)
        assert_int_equal(entry(pin), (UINT64_MAX - pin) & ~0x5000ULL);
    put(0x10 + 2 * 7, 0x31);
    assert_int_equal(entry(7), 0xffffffff00000031);
    put(0x11 + 2 * 7, 0x02000000);
    assert_int_equal(entry(7), 0x0200000000000031);
    assert_int_equal(entry(6), (UINT64_MAX - 6) & ~0x5000ULL);
    assert_int_equal(entry(8), (UINT64_MAX - 8) & ~0x5000ULL);
}

/* Of the page there are two words. */
static void test_page(void **state) {
    struct ioapic before;

    (void)state;
    ioapic_write(&ioapic, IOREGSEL, 0x10);
    before = ioapic;
    for (unsigned offset = 0; offset < PAGE_BYTES; offset++) {
        if (offset == IOREGSEL || offset == IOWIN)
            continue;
        ioapic_write(&ioapic, offset, 0x01010101);
        assert_memory_equal(&ioapic, &before, sizeof(before));
        assert_int_equal(ioapic_read(&ioapic, offset), 0);
    }
}

/* A message a rising edge, and none for a line that stays, or while the pin is masked. */
static void test_edges(void **state) {
    (void)state;
    for (unsigned pin = 0; pin < PINS; pin++) {
        messages = 0;
        ioapic_set(&ioapic, pin, true);
        assert_int_equal(messages, 0); /* masked */
        set_entry(pin, 0x0100000000000000 | (0x30 + pin));
        assert_int_equal(messages, 0); /* the edge has been */
        ioapic_set(&ioapic, pin, true);
        assert_int_equal(messages, 0);
        ioapic_set(&ioapic, pin, false);
        assert_int_equal(messages, 0);
        ioapic_set(&ioapic, pin, true);
        assert_int_equal(messages, 1);
        assert_int_equal(message, 0x0100000000000000 | (0x30 + pin));
        ioapic_set(&ioapic, pin, true);
        assert_int_equal(messages, 1);
        ioapic_set(&ioapic, pin, false);
        ioapic_set(&ioapic, pin, false);
        put(0x10 + 2 * pin, 0x10000 | (0x30 + pin));
        ioapic_set(&ioapic, pin, true);
        assert_int_equal(messages, 1);
    }
}

/* A pin's line is its own. */
static void test_apart(void **state) {
    (void)state;
    for (unsigned pin = 0; pin < PINS; pin++)
        set_entry(pin, 0x30 + pin);
    for (unsigned pin = 0; pin < PINS; pin++) {
        ioapic_set(&ioapic, pin, true);
        assert_int_equal(messages, pin + 1);
        assert_int_equal(message, 0x30 + pin);
    }
    ioapic_set(&ioapic, 4, false);
    ioapic_set(&ioapic, 5, true);
    assert_int_equal(messages, PINS);
    ioapic_set(&ioapic, 4, true);
    assert_int_equal(messages, PINS + 1);
}

static void *move_line(void *end) {
    while (!__atomic_load_n((bool *)end, __ATOMIC_RELAXED)) {
        ioapic_set(&ioapic, 4, true);
        ioapic_set(&ioapic, 4, false);
    }
    return NULL;
}

/* A restart, while a device on another processor moves its line: no message goes out, and none to nowhere. */
static void test_reset_race(void **state) {
    static bool end;
    pthread_t device;

    (void)state;
    assert_int_equal(pthread_create(&device, NULL, move_line, &end), 0);
    for (unsigned i = 0; i < 300000; i++)
        ioapic_reset(&ioapic);
    __atomic_store_n(&end, true, __ATOMIC_RELAXED);
    pthread_join(device, NULL);
    assert_int_equal(messages, 0);
}

/* What was written is gone, a line that is up among it. */
static void test_reset_again(void **state) {
    for (uint32_t number = 0; number < 0x40; number++)
        put(number, 0x01010101);
    ioapic_set(&ioapic, 4, true);
    messages = 0;
    ioapic_reset(&ioapic);
    test_reset(state);
    set_entry(4, 0x31);
    ioapic_set(&ioapic, 4, true);
    assert_int_equal(messages, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reset, make),      cmocka_unit_test_setup(test_registers, make),
        cmocka_unit_test_setup(test_index, make),      cmocka_unit_test_setup(test_entries, make),
        cmocka_unit_test_setup(test_page, make),       cmocka_unit_test_setup(test_edges, make),
        cmocka_unit_test_setup(test_apart, make),      cmocka_unit_test_setup(test_reset_again, make),
        cmocka_unit_test_setup(test_reset_race, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
