/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msrpm.c against APM vol. 2, "MSR Intercepts": bytes 0x000 to 0x7ff hold MSRs 0 to 0x1fff,
 * 0x800 to 0xfff those from 0xc0000000, 0x1000 to 0x17ff those from 0xc0010000; two bits each.
 */
#include <string.h>

#include "hv/svm/msrpm.h"
#include "tests/host/test.h"

static uint8_t msrpm[MSRPM_BYTES];

static bool intercepts(uint32_t msr, unsigned right) {
    struct reach run;

    return !msrpm_next(msrpm, msr, &run) || run.first != msr || !(run.rights & right);
}

static void test_init(void **state) {
    (void)state;
    assert_int_equal(MSRPM_BYTES, 8192);
    memset(msrpm, 0xff, MSRPM_BYTES);
    for (unsigned i = 0; i < MSRPM_BYTES; i++)
        assert_int_equal(msrpm[i], 0xff);
}

static void test_layout(void **state) {
    const struct {
        uint32_t msr;
        unsigned byte;
        uint8_t value; /* of that byte, when the MSR alone is passed */
    } cases[] = {
        {0x00000000, 0x0000, 0xfc}, {0x00000003, 0x0000, 0x3f}, {0x00000010, 0x0004, 0xfc}, {0x00000174, 0x005d, 0xfc},
        {0x00000277, 0x009d, 0x3f}, {0x00001fff, 0x07ff, 0x3f}, {0xc0000000, 0x0800, 0xfc}, {0xc0000080, 0x0820, 0xfc},
        {0xc0000082, 0x0820, 0xcf}, {0xc0000100, 0x0840, 0xfc}, {0xc0000101, 0x0840, 0xf3}, {0xc0001fff, 0x0fff, 0x3f},
        {0xc0010000, 0x1000, 0xfc}, {0xc0010117, 0x1045, 0x3f}, {0xc0011fff, 0x17ff, 0x3f},
    };
    uint8_t want[MSRPM_BYTES];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        memset(msrpm, 0xff, MSRPM_BYTES);
        assert_true(intercepts(cases[i].msr, REACH_READ) && intercepts(cases[i].msr, REACH_WRITE));
        assert_true(msrpm_pass(msrpm, cases[i].msr));
        memset(want, 0xff, sizeof(want));
        want[cases[i].byte] = cases[i].value;
        assert_memory_equal(msrpm, want, sizeof(want));
        assert_false(intercepts(cases[i].msr, REACH_READ) || intercepts(cases[i].msr, REACH_WRITE));
    }
}

static void test_one_direction(void **state) {
    (void)state;
    memset(msrpm, 0, sizeof(msrpm));
    msrpm[0x820] = 0x04; /* EFER is the first pair; this is the read bit of 0xc0000081 */
    assert_true(intercepts(0xc0000081, REACH_READ));
    assert_false(intercepts(0xc0000081, REACH_WRITE));
    msrpm[0x820] = 0x08;
    assert_false(intercepts(0xc0000081, REACH_READ));
    assert_true(intercepts(0xc0000081, REACH_WRITE));
}

static void test_outside(void **state) {
    const uint32_t outside[] = {0x2000,     0x40000000, 0xbfffffff, 0xc0002000,
                                0xc000ffff, 0xc0012000, 0xc0020000, 0xffffffff};
    uint8_t want[MSRPM_BYTES];

    (void)state;
    memset(msrpm, 0xff, MSRPM_BYTES);
    memset(want, 0xff, sizeof(want));
    for (unsigned i = 0; i < ARRAY_LENGTH(outside); i++) {
        assert_false(msrpm_pass(msrpm, outside[i]));
        assert_memory_equal(msrpm, want, sizeof(want));
    }
    memset(msrpm, 0, 0x1800);
    for (unsigned i = 0; i < ARRAY_LENGTH(outside); i++)
        assert_true(intercepts(outside[i], REACH_READ) && intercepts(outside[i], REACH_WRITE));
}

static void expect_run(uint32_t from, uint32_t first, uint32_t last, unsigned rights) {
    struct reach run;

    assert_true(msrpm_next(msrpm, from, &run));
    assert_int_equal(run.first, first);
    assert_int_equal(run.last, last);
    assert_int_equal(run.host, first);
    assert_int_equal(run.rights, rights);
}

static void expect_no_run(uint32_t from) {
    struct reach run;

    assert_false(msrpm_next(msrpm, from, &run));
}

static void test_next(void **state) {
    const uint32_t passed[] = {0x174, 0x175, 0x176, 0x1fff, 0xc0000000, 0xc0000100, 0xc0011fff};

    (void)state;
    memset(msrpm, 0xff, MSRPM_BYTES);
    expect_no_run(0);
    for (unsigned i = 0; i < ARRAY_LENGTH(passed); i++)
        assert_true(msrpm_pass(msrpm, passed[i]));
    expect_run(0, 0x174, 0x176, REACH_READ | REACH_WRITE);
    expect_run(0x173, 0x174, 0x176, REACH_READ | REACH_WRITE);
    expect_run(0x175, 0x175, 0x176, REACH_READ | REACH_WRITE);
    expect_run(0x177, 0x1fff, 0x1fff, REACH_READ | REACH_WRITE);
    expect_run(0x2000, 0xc0000000, 0xc0000000, REACH_READ | REACH_WRITE); /* the next bits, another number */
    expect_run(0xbfffffff, 0xc0000000, 0xc0000000, REACH_READ | REACH_WRITE);
    expect_run(0xc0000001, 0xc0000100, 0xc0000100, REACH_READ | REACH_WRITE);
    expect_run(0xc0000101, 0xc0011fff, 0xc0011fff, REACH_READ | REACH_WRITE);
    expect_run(0xc0008000, 0xc0011fff, 0xc0011fff, REACH_READ | REACH_WRITE);
    expect_no_run(0xc0012000);
    expect_no_run(UINT32_MAX);
    msrpm[0x005d] |= 0x08; /* writes of 0x175 are intercepted */
    expect_run(0, 0x174, 0x174, REACH_READ | REACH_WRITE);
    expect_run(0x175, 0x175, 0x175, REACH_READ);
    expect_run(0x176, 0x176, 0x176, REACH_READ | REACH_WRITE);
}

/* Alone, each bit of the map is a run, those of the reserved quarter too. */
static void test_next_every_bit(void **state) {
    static const uint32_t base[] = {0x00000000, 0xc0000000, 0xc0010000, 0xc0020000};

    (void)state;
    for (unsigned bit = 0; bit < MSRPM_BYTES * 8; bit += bit % 0x4000 < 16 || bit % 0x4000 > 0x3ff0 ? 1 : 127) {
        uint32_t msr = base[bit / 0x4000] + bit % 0x4000 / 2;

        memset(msrpm, 0xff, MSRPM_BYTES);
        msrpm[bit / 8] &= (uint8_t) ~(1u << bit % 8);
        expect_run(0, msr, msr, bit % 2 ? REACH_WRITE : REACH_READ);
        expect_run(msr, msr, msr, bit % 2 ? REACH_WRITE : REACH_READ);
        expect_no_run(msr + 1);
    }
    memset(msrpm, 0, sizeof(msrpm));
    for (unsigned i = 0; i < ARRAY_LENGTH(base); i++)
        expect_run(base[i], base[i], base[i] + 0x1fff, REACH_READ | REACH_WRITE);
    expect_no_run(0xc0022000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),    cmocka_unit_test(test_layout), cmocka_unit_test(test_one_direction),
        cmocka_unit_test(test_outside), cmocka_unit_test(test_next),   cmocka_unit_test(test_next_every_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
