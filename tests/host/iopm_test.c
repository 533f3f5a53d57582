/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iopm.c against APM vol. 2, "IOIO Intercept": bit n of the map is port n, low bits first,
 * and set means intercepted.
 */
#include <string.h>

#include "hv/svm/iopm.h"
#include "tests/host/test.h"

#define PORTS 0x10000u

static uint8_t iopm[IOPM_BYTES];

static void test_init(void **state) {
    (void)state;
    assert_int_equal(IOPM_BYTES, 12288);
    memset(iopm, 0xff, IOPM_BYTES);
    for (unsigned i = 0; i < IOPM_BYTES; i++)
        assert_int_equal(iopm[i], 0xff);
}

static void test_pass(void **state) {
    const struct {
        uint16_t first;
        unsigned count;
    } cases[] = {{0, 1}, {0x2f8, 8}, {0x3e9, 3}, {0x3d4, 2}, {0x7fe, 13}, {0xfff8, 8}, {0xffff, 1}, {0x60, 0}};

    (void)state;
    for (unsigned c = 0; c < ARRAY_LENGTH(cases); c++) {
        memset(iopm, 0xff, IOPM_BYTES);
        iopm_pass(iopm, cases[c].first, cases[c].count);
        for (uint32_t port = 0; port < IOPM_BYTES * 8; port++) {
            bool passed = port >= cases[c].first && port < cases[c].first + cases[c].count;

            assert_int_equal(iopm[port / 8] >> (port % 8) & 1, !passed);
            if (port < PORTS)
                assert_int_equal(iopm_intercepts(iopm, port), !passed);
        }
    }
}

static void test_layout(void **state) {
    (void)state;
    memset(iopm, 0xff, IOPM_BYTES);
    iopm_pass(iopm, 0x2f8, 8);
    iopm_pass(iopm, 0x3da, 1);
    assert_int_equal(iopm[0x5f], 0x00);
    assert_int_equal(iopm[0x7b], 0xfb);
}

static void expect_run(uint32_t from, uint32_t first, uint32_t last) {
    struct reach run;

    assert_true(iopm_next(iopm, from, &run));
    assert_int_equal(run.first, first);
    assert_int_equal(run.last, last);
    assert_int_equal(run.host, first);
    assert_int_equal(run.rights, REACH_READ | REACH_WRITE);
}

static void expect_no_run(uint32_t from) {
    struct reach run;

    assert_false(iopm_next(iopm, from, &run));
}

static void test_next(void **state) {
    (void)state;
    memset(iopm, 0xff, IOPM_BYTES);
    expect_no_run(0);
    iopm_pass(iopm, 0, 1);
    iopm_pass(iopm, 0x2f8, 8);
    iopm_pass(iopm, 0x301, 100);
    expect_run(0, 0, 0);
    expect_run(1, 0x2f8, 0x2ff);
    expect_run(0x2f8, 0x2f8, 0x2ff);
    expect_run(0x2fb, 0x2fb, 0x2ff);
    expect_run(0x300, 0x301, 0x364);
    expect_no_run(0x365);
    expect_no_run(IOPM_BYTES * 8);
}

/* Alone, each bit of the map is a run, up to the end of the third page. */
static void test_next_every_bit(void **state) {
    (void)state;
    for (uint32_t port = 0; port < IOPM_BYTES * 8; port += port < 64 || port > PORTS - 64 ? 1 : 509) {
        memset(iopm, 0xff, IOPM_BYTES);
        iopm[port / 8] &= (uint8_t) ~(1u << port % 8);
        expect_run(0, port, port);
        expect_run(port, port, port);
        expect_no_run(port + 1);
    }
    memset(iopm, 0xff, IOPM_BYTES);
    iopm[IOPM_BYTES - 1] = 0x7f;
    expect_run(0x12345, IOPM_BYTES * 8 - 1, IOPM_BYTES * 8 - 1);
    memset(iopm, 0, sizeof(iopm));
    expect_run(0, 0, IOPM_BYTES * 8 - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init), cmocka_unit_test(test_pass),           cmocka_unit_test(test_layout),
        cmocka_unit_test(test_next), cmocka_unit_test(test_next_every_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
