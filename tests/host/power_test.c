/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * power.c against the ACPI Specification 6.4, "Sleep Control and Status Registers" and "Reset Register": every value
 * at every offset.
 */
#include "hv/dev/power.h"
#include "tests/host/test.h"

/* SLP_EN is bit 5, SLP_TYP bits 2 to 4, and \_S5's is 5; the FADT asks for 6 in the reset register. */
static void test_write(void **state) {
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        bool is_off = (value & 0x3c) == 0x34;

        assert_int_equal(power_write(NULL, 0, (uint8_t)value), is_off ? VERDICT_SHUTDOWN : VERDICT_RESUME);
        assert_int_equal(power_write(NULL, 1, (uint8_t)value), VERDICT_RESUME); /* clears what is never set */
        assert_int_equal(power_write(NULL, 2, (uint8_t)value), value == 6 ? VERDICT_RESTART : VERDICT_RESUME);
    }
}

static void test_read(void **state) {
    (void)state;
    for (unsigned offset = 0; offset < POWER_PORTS; offset++)
        assert_int_equal(power_read(NULL, offset), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
