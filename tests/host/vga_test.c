/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vga.c: the CRTC's registers, the cursor, and the status that toggles.
 */
#include <pthread.h>
#include <string.h>

#include "hv/dev/vga.h"
#include "tests/host/test.h"

enum { INDEX, DATA };

static struct vga vga;

static int make(void **state) {
    (void)state;
    memset(&vga, 0xff, sizeof(vga));
    vga_init(&vga, 5);
    return 0;
}

static void set(uint8_t index, uint8_t value) {
    vga_crtc_write(&vga, INDEX, index);
    vga_crtc_write(&vga, DATA, value);
}

static uint8_t get(uint8_t index) {
    vga_crtc_write(&vga, INDEX, index);
    return vga_crtc_read(&vga, DATA);
}

static void test_init(void **state) {
    (void)state;
    assert_int_equal(vga.page, 5);
    assert_int_equal(get(VGA_CURSOR_START), 0x0d);
    assert_int_equal(get(VGA_CURSOR_END), 0x0e);
    assert_int_equal(vga_cursor_cell(&vga), 0);
}

static void test_cursor(void **state) {
    (void)state;
    set(0x0e, 0x07);
    set(0x0f, 0xcf);
    assert_int_equal(vga_cursor_cell(&vga), 1999);
    set(0x0a, 0x20);
    set(0x0b, 0x0f);
    assert_int_equal(get(0x0a), 0x20);
    assert_int_equal(get(0x0b), 0x0f);
}

/* Other registers only keep what is written. */
static void test_registers(void **state) {
    (void)state;
    for (unsigned i = 0; i < VGA_CRTC_REGISTERS; i++)
        if (i != 0x0a && i != 0x0b && i != 0x0e && i != 0x0f)
            set((uint8_t)i, (uint8_t)(0xc0 + i));
    for (unsigned i = 0; i < VGA_CRTC_REGISTERS; i++)
        if (i != 0x0a && i != 0x0b && i != 0x0e && i != 0x0f)
            assert_int_equal(get((uint8_t)i), 0xc0 + i);
    assert_int_equal(vga_crtc_read(&vga, INDEX), VGA_CRTC_REGISTERS - 1);
}

/* An index without a register reads 0 and keeps nothing; a byte outside the array would be seen. */
static void test_index_outside(void **state) {
    struct vga before = vga;

    (void)state;
    for (unsigned i = VGA_CRTC_REGISTERS; i < 256; i++) {
        set((uint8_t)i, 0x55);
        assert_int_equal(get((uint8_t)i), 0);
        assert_int_equal(vga_crtc_read(&vga, INDEX), i);
    }
    vga.index = before.index;
    assert_memory_equal(&vga, &before, sizeof(vga));
}

/* Bit 3 is the vertical retrace, bit 0 display disabled: a guest may wait for either level. */
static void test_status(void **state) {
    uint8_t first = vga_status_read(&vga, 0);

    (void)state;
    assert_true(first == 0x09 || first == 0x00);
    vga_status_write(&vga, 0, 0xff);
    for (unsigned i = 1; i < 10; i++)
        assert_int_equal(vga_status_read(&vga, 0), i % 2 ? first ^ 0x09 : first);
}

static void *set_all(void *turns) {
    for (uintptr_t i = 0; i < (uintptr_t)turns; i++) {
        vga_crtc_write(&vga, INDEX, i % 2 ? 0xff : 0);
        vga_crtc_write(&vga, DATA, 0xff);
        vga_crtc_read(&vga, DATA);
    }
    return NULL;
}

/* Two vCPUs that change the index under each other write nothing behind the registers. */
static void test_race(void **state) {
    pthread_t other;

    (void)state;
    vga_init(&vga, 5);
    assert_int_equal(pthread_create(&other, NULL, set_all, (void *)2000000UL), 0);
    set_all((void *)2000000UL);
    pthread_join(other, NULL);
    assert_int_equal(vga.status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_init, make),          cmocka_unit_test_setup(test_cursor, make),
        cmocka_unit_test_setup(test_registers, make),     cmocka_unit_test_setup(test_status, make),
        cmocka_unit_test_setup(test_index_outside, make), cmocka_unit_test_setup(test_race, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
