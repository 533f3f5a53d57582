/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcb_check(): a bit of a control field that isolation needs is missed, wherever it is.
 */
#include <string.h>

#include "hv/svm/vmcb.h"
#include "tests/host/test.h"

static struct vmcb vmcb;

static int make(void **state) {
    (void)state;
    memset(&vmcb, 0, sizeof(vmcb));
    vmcb_init(&vmcb, 1, HPA(0x1000), HPA(0x2000), HPA(0x5000));
    return 0;
}

static void expect_odd(const char *field, uint64_t value) {
    struct vmcb_odd odd;

    assert_false(vmcb_check(&vmcb, &odd));
    assert_string_equal(odd.field, field);
    assert_int_equal(odd.value, value);
    assert_true((odd.set & ~value) || (odd.clear & value));
}

static void test_well(void **state) {
    struct vmcb_control *c = &vmcb.control;
    struct vmcb_odd odd;

    (void)state;
    assert_true(vmcb_check(&vmcb, &odd));
    c->intercept_cr = c->intercept_exception = c->intercept_misc1 = c->intercept_misc2 = UINT32_MAX;
    c->vintr |= VINTR_IRQ | 0xf; /* an interrupt on its way, V_TPR */
    assert_true(vmcb_check(&vmcb, &odd));
}

/* Each bit that vmcb_init() sets, cleared alone. */
static void test_missing_intercepts(void **state) {
    struct vmcb_control *c = &vmcb.control;
    const struct {
        const char *name;
        uint32_t *word, bits; /* docs/exits.md */
    } words[] = {
        {"intercept_cr", &c->intercept_cr, 1U << 24},
        {"intercept_dr", &c->intercept_dr, 1U << 23},
        {"intercept_exception", &c->intercept_exception, 1U << 1 | 1U << 17 | 1U << 18},
        {"intercept_misc1", &c->intercept_misc1, 0xdd4c800b},
        {"intercept_misc2", &c->intercept_misc2, 0x00006e7f},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(words); i++) {
        assert_int_equal(*words[i].word, words[i].bits);
        for (unsigned bit = 0; bit < 32; bit++) {
            if (!(words[i].bits >> bit & 1))
                continue;
            *words[i].word &= ~(1U << bit);
            expect_odd(words[i].name, *words[i].word);
            *words[i].word |= 1U << bit;
        }
    }
}

static void test_other_controls(void **state) {
    struct vmcb_control *c = &vmcb.control;

    c->nested_ctl = 0;
    expect_odd("nested_ctl", 0);
    c->nested_ctl = 3; /* SEV */
    expect_odd("nested_ctl", 3);
    make(state);
    c->vintr = 0;
    expect_odd("vintr", 0);
    c->vintr = 1ULL << 24 | 1ULL << 25; /* V_GIF enable */
    expect_odd("vintr", c->vintr);
    c->vintr = 1ULL << 24 | 1ULL << 31; /* AVIC enable */
    expect_odd("vintr", c->vintr);
    make(state);
    c->virt_ext = 1ULL << 1; /* virtualised VMSAVE and VMLOAD */
    expect_odd("virt_ext", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_well, make),
        cmocka_unit_test_setup(test_missing_intercepts, make),
        cmocka_unit_test_setup(test_other_controls, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
