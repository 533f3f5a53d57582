/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcb.c and event.c: every intercept that docs/exits.md lists is set, by its offset and bit in APM vol. 2,
 * appendix B, "VMCB Layout", and no other; the rest of the controls; the state after reset ("Processor
 * Initialization State"); events in EVENTINJ's format.
 */
#include <string.h>

#include "hv/svm/event.h"
#include "tests/host/test.h"

static struct vmcb vmcb;

static const struct intercept {
    const char *name;
    unsigned offset, bit;
} intercepts[] = {
    {"write of CR8", 0x000, 16 + 8},
    {"write of DR7", 0x004, 16 + 7},
    {"#DB", 0x008, 1},
    {"#AC", 0x008, 17},
    {"#MC", 0x008, 18},
    {"INTR", 0x00c, 0},
    {"NMI", 0x00c, 1},
    {"INIT", 0x00c, 3},
    {"RDPMC", 0x00c, 15},
    {"CPUID", 0x00c, 18},
    {"RSM", 0x00c, 19},
    {"INVD", 0x00c, 22},
    {"HLT", 0x00c, 24},
    {"INVLPGA", 0x00c, 26},
    {"IOIO", 0x00c, 27},
    {"MSR", 0x00c, 28},
    {"FERR_FREEZE", 0x00c, 30},
    {"shutdown", 0x00c, 31},
    {"VMRUN", 0x010, 0},
    {"VMMCALL", 0x010, 1},
    {"VMLOAD", 0x010, 2},
    {"VMSAVE", 0x010, 3},
    {"STGI", 0x010, 4},
    {"CLGI", 0x010, 5},
    {"SKINIT", 0x010, 6},
    {"WBINVD", 0x010, 9},
    {"MONITOR", 0x010, 10},
    {"MWAIT", 0x010, 11},
    {"XSETBV", 0x010, 13},
    {"RDPRU", 0x010, 14},
};
#define INTERCEPT_VECTORS 5 /* of 32 bits, from offset 0 */

static int make(void **state) {
    (void)state;
    memset(&vmcb, 0, sizeof(vmcb));
    vmcb_init(&vmcb, 7, HPA(0x123000), HPA(0x456000), HPA(0x789000));
    return 0;
}

static uint32_t vector_at(unsigned offset) {
    uint32_t vector;

    memcpy(&vector, (const uint8_t *)&vmcb + offset, sizeof(vector));
    return vector;
}

static void test_intercepts(void **state) {
    uint32_t wanted[INTERCEPT_VECTORS] = {0};

    (void)state;
    for (const struct intercept *i = intercepts; i < intercepts + ARRAY_LENGTH(intercepts); i++) {
        if (!(vector_at(i->offset) >> i->bit & 1))
            fail_msg("found %s (offset 0x%03x, bit %u) not intercepted", i->name, i->offset, i->bit);
        wanted[i->offset / sizeof(uint32_t)] |= 1U << i->bit;
    }
    for (unsigned i = 0; i < INTERCEPT_VECTORS; i++)
        assert_int_equal(vector_at(i * sizeof(uint32_t)), wanted[i]);
}

static void test_controls(void **state) {
    (void)state;
    assert_int_equal(vmcb.control.guest_asid, 7);
    assert_int_equal(vmcb.control.n_cr3, 0x123000);
    assert_int_equal(vmcb.control.iopm_base_pa, 0x456000);
    assert_int_equal(vmcb.control.msrpm_base_pa, 0x789000);
    assert_int_equal(vmcb.control.nested_ctl, 1);
    assert_int_equal(vmcb.control.tlb_control, 1);    /* all entries of all ASIDs */
    assert_int_equal(vmcb.control.vintr, 1ULL << 24); /* V_INTR_MASKING */
    assert_int_equal(vmcb.control.virt_ext, 0);
    assert_int_equal(load(vmcb.control.bytes + 0x0c0, 8), 0); /* no clean bits */
    assert_int_equal(vmcb.control.eventinj, 0);
}

static void test_reset_state(void **state) {
    const struct vmcb_save *s = &vmcb.save;

    (void)state;
    assert_int_equal(s->efer, 1ULL << 12); /* SVME */
    assert_int_equal(s->cr0, 0x10);
    assert_int_equal(s->cr3 | s->cr4, 0);
    assert_int_equal(s->rflags, 2);
    assert_int_equal(s->dr6, 0xffff0ff0);
    assert_int_equal(s->dr7, 0x400);
    assert_int_equal(s->g_pat, 0x0007040600070406);
    assert_int_equal(s->cpl, 0);
    assert_int_equal(s->cs.attributes, 0x09b);
    assert_int_equal(s->ds.attributes, 0x093);
    assert_int_equal(s->ldtr.attributes, 0x082);
    assert_int_equal(s->tr.attributes, 0x08b);
    assert_int_equal(s->cs.limit, 0xffff);
    assert_memory_equal(&s->ss, &s->ds, sizeof(s->ds));
    assert_memory_equal(&s->gs, &s->ds, sizeof(s->ds));
}

/* Vector in bits 0 to 7, type 3 (exception) in 8 to 10, EV 11, V 31, the error code, always 0, above. */
static void test_exceptions(void **state) {
    (void)state;
    vmcb.save.rip = 0x1234;
    event_exception(&vmcb, 6);
    assert_int_equal(vmcb.control.eventinj, 0x80000306);
    assert_int_equal(vmcb.control.host_injected, 0x80000306);
    assert_int_equal(vmcb.control.host_injected_rip, 0x1234);
    event_exception(&vmcb, 13);
    assert_int_equal(vmcb.control.eventinj, 0x80000b0d);
    event_exception(&vmcb, 17);
    assert_int_equal(vmcb.control.eventinj, 0x80000b11);
    assert_int_equal(vmcb.control.host_injected, 0x80000b11);
    event_exception(&vmcb, 1);
    assert_int_equal(vmcb.control.eventinj, 0x80000301);
}

/* What an exit interrupted is delivered again; what was delivered is not. */
static void test_requeue(void **state) {
    const uint64_t events[] = {0x80000b0d, 0x1234567880000b0e, 0x80000040, 0x80000202};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(events); i++) {
        vmcb.control.eventinj = 0x80000306;
        vmcb.control.exitintinfo = events[i];
        event_requeue(&vmcb);
        assert_int_equal(vmcb.control.eventinj, events[i]);
        vmcb.control.exitintinfo = events[i] & ~0x80000000ULL;
        event_requeue(&vmcb);
        assert_int_equal(vmcb.control.eventinj, 0);
    }
}

#define FIELD(offset, type, name) {#name, offset, sizeof(type)},

/* The lists are in the manual's order, and no field reaches into the next. */
static void test_layout(void **state) {
    static const struct {
        const char *name;
        unsigned offset, size_bytes;
    } control[] = {VMCB_CONTROL(FIELD)}, save[] = {VMCB_SAVE(FIELD)};

    (void)state;
    for (unsigned i = 1; i < ARRAY_LENGTH(control); i++)
        if (control[i].offset < control[i - 1].offset + control[i - 1].size_bytes)
            fail_msg("found control field %s inside %s", control[i].name, control[i - 1].name);
    for (unsigned i = 1; i < ARRAY_LENGTH(save); i++)
        if (save[i].offset < save[i - 1].offset + save[i - 1].size_bytes)
            fail_msg("found field %s inside %s", save[i].name, save[i - 1].name);
    assert_int_equal(offsetof(struct vmcb, control.host_injected_rip), 0x3e8);
    assert_int_equal(offsetof(struct vmcb, save.rip), 0x578);
    assert_int_equal(offsetof(struct vmcb, save.g_pat), 0x668);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_intercepts, make),  cmocka_unit_test_setup(test_controls, make),
        cmocka_unit_test_setup(test_reset_state, make), cmocka_unit_test_setup(test_exceptions, make),
        cmocka_unit_test_setup(test_requeue, make),     cmocka_unit_test(test_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
