/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mov.c: MOV to CR8 and DR7 from every register, in and outside 64-bit mode (APM vol. 3, "MOV CRn" and "MOV DRn").
 * The instruction's bytes come from a fetch() of the test.
 */
#include <string.h>

#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/fetch.h"
#include "tests/host/test.h"

#define CODE_64       0x29b
#define CODE_32       0xc9b
#define RIP           0x1000
#define OTHER_VINTR   (VINTR_MASKING | VINTR_IRQ)
#define OTHER_VALUE   0xbad0000000000000 /* of the registers that are not the operand */
#define MODRM_CR0_RAX 0xc0

static struct vcpu vcpu;
static struct common common;
static struct vmcb vmcb;
static uint8_t instruction[8];
static unsigned readable_bytes;

unsigned fetch(const struct vcpu *from, uint8_t *bytes, unsigned count) {
    assert_ptr_equal(from, &vcpu);
    assert_in_range(count, 1, sizeof(instruction));
    count = (unsigned)lower(count, readable_bytes);
    memcpy(bytes, instruction, count);
    return count;
}

/* The exit table's; what it injects is not the matter here. */
static unsigned protections;

enum verdict exit_protection(struct vcpu *of) {
    assert_ptr_equal(of, &vcpu);
    protections++;
    return VERDICT_RESUME;
}

static int make(void **state) {
    (void)state;
    memset(instruction, 0x90, sizeof(instruction));
    readable_bytes = sizeof(instruction);
    protections = 0;
    return 0;
}

static void set_register(unsigned number, uint64_t value) {
    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        vcpu.guest.registers[i] = OTHER_VALUE;
    vmcb.save.rax = vmcb.save.rsp = OTHER_VALUE;
    if (number == REGISTER_RAX)
        vmcb.save.rax = value;
    else if (number == REGISTER_RSP)
        vmcb.save.rsp = value;
    else
        vcpu.guest.registers[number] = value;
}

/* One exit of `bytes` in a code segment of `attributes`, with `value` in a register. */
static enum verdict run(enum verdict (*exit)(struct vcpu *), const char *bytes, uint16_t attributes, unsigned number,
                        uint64_t value) {
    memcpy(instruction, bytes, 4);
    vmcb = (struct vmcb){.save.cs.attributes = attributes};
    vmcb.save.rip = RIP;
    vmcb.save.dr7 = 0x400;
    vmcb.control.interrupt_shadow = 1;
    vmcb.control.vintr = OTHER_VINTR | 3;
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common};
    set_register(number, value);
    return exit(&vcpu);
}

static void expect_cr8(const char *bytes, uint16_t attributes, unsigned number, uint64_t value, unsigned length) {
    assert_int_equal(run(mov_cr8_exit, bytes, attributes, number, value), VERDICT_RESUME);
    assert_int_equal(protections, 0);
    assert_int_equal(vmcb.control.vintr, OTHER_VINTR | (value & 0xf));
    assert_int_equal(vmcb.save.rip, RIP + length);
    assert_int_equal(vmcb.control.interrupt_shadow, 0);
}

static void expect_dr7(const char *bytes, uint16_t attributes, unsigned number, uint64_t value, unsigned length) {
    assert_int_equal(run(mov_dr7_exit, bytes, attributes, number, value), VERDICT_RESUME);
    assert_int_equal(protections, 0);
    assert_int_equal(vmcb.save.dr7, (value & 0xffff0000) | 0x400);
    assert_int_equal(vmcb.save.rip, RIP + length);
}

/* 44 0f 22 /0 and 45 0f 22 /0: REX.R makes CR8 of CR0, REX.B adds 8 to the source. */
static void test_cr8_64(void **state) {
    (void)state;
    for (unsigned number = 0; number < REGISTER_COUNT; number++) {
        const char bytes[4] = {number < 8 ? 0x44 : 0x45, 0x0f, 0x22, (char)(MODRM_CR0_RAX | number % 8)};
        const char wide[4] = {number < 8 ? 0x4c : 0x4d, 0x0f, 0x22, (char)(MODRM_CR0_RAX | number % 8)};

        expect_cr8(bytes, CODE_64, number, number % 16, 4);
        expect_cr8(wide, CODE_64, number, 15 - number, 4);
    }
}

/* f0 0f 22 /0: LOCK MOV CR0. The upper halves of the registers do not count. */
static void test_cr8_32(void **state) {
    (void)state;
    for (unsigned number = 0; number < 8; number++) {
        const char bytes[4] = {(char)0xf0, 0x0f, 0x22, (char)(MODRM_CR0_RAX | number)};

        expect_cr8(bytes, CODE_32, number, 0xaaaaaaaa00000000 | number, 4);
    }
}

/* 0f 23 /7 without a prefix, and with REX.B. 40 to 4f are no prefixes outside 64-bit mode. */
static void test_dr7(void **state) {
    (void)state;
    for (unsigned number = 0; number < 8; number++) {
        const char plain[4] = {0x0f, 0x23, (char)(0xf8 | number), (char)0x90};
        const char extended[4] = {0x41, 0x0f, 0x23, (char)(0xf8 | number)};

        expect_dr7(plain, CODE_64, number, 0x12345678 + number, 3);
        expect_dr7(extended, CODE_64, 8 + number, 0x87654321, 4);
        expect_dr7(plain, CODE_32, number, 0xaaaaaaaa00000000 | 0xffffffff, 3);
    }
}

/* Of all values, none arms a breakpoint or general detection. */
static void test_dr7_never_armed(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        expect_dr7("\x0f\x23\xf8\x90", CODE_64, REGISTER_RAX, 1ULL << bit, 3);
        assert_int_equal(vmcb.save.dr7 & 0x20ff, 0);
    }
}

static void expect_protection(enum verdict (*exit)(struct vcpu *), const char *bytes, uint64_t value) {
    protections = 0;
    assert_int_equal(run(exit, bytes, CODE_64, REGISTER_RAX, value), VERDICT_RESUME);
    assert_int_equal(protections, 1);
    assert_int_equal(vmcb.control.vintr, OTHER_VINTR | 3);
    assert_int_equal(vmcb.save.dr7, 0x400);
    assert_int_equal(vmcb.save.rip, RIP);
}

static void test_reserved_bits(void **state) {
    (void)state;
    for (unsigned bit = 4; bit < 64; bit++)
        expect_protection(mov_cr8_exit, "\x44\x0f\x22\xc0", 1ULL << bit);
    for (unsigned bit = 32; bit < 64; bit++)
        expect_protection(mov_dr7_exit, "\x0f\x23\xf8\x90", 1ULL << bit);
}

/* An instruction that has gone meanwhile is the guest's fault, with a reason. */
static void test_unreadable(void **state) {
    (void)state;
    for (readable_bytes = 0; readable_bytes < 4; readable_bytes++) {
        assert_int_equal(run(mov_cr8_exit, "\x44\x0f\x22\xc0", CODE_64, REGISTER_RAX, 1), VERDICT_FAULT);
        assert_string_equal(vcpu.fault, "an instruction that cannot be read");
        assert_int_equal(vmcb.save.rip, RIP);
        assert_int_equal(run(mov_dr7_exit, "\x0f\x23\xf8\x90", CODE_64, REGISTER_RAX, 1),
                         readable_bytes < 3 ? VERDICT_FAULT : VERDICT_RESUME);
    }
}

/* Where the processor saves nRIP, that counts. */
static void test_nrip(void **state) {
    (void)state;
    run(mov_cr8_exit, "\x44\x0f\x22\xc0", CODE_64, REGISTER_RAX, 1);
    vmcb.save.rip = RIP;
    vmcb.control.nrip = RIP + 5;
    assert_int_equal(mov_cr8_exit(&vcpu), VERDICT_RESUME);
    assert_int_equal(vmcb.save.rip, RIP + 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cr8_64, make),        cmocka_unit_test_setup(test_cr8_32, make),
        cmocka_unit_test_setup(test_dr7, make),           cmocka_unit_test_setup(test_dr7_never_armed, make),
        cmocka_unit_test_setup(test_reserved_bits, make), cmocka_unit_test_setup(test_unreadable, make),
        cmocka_unit_test_setup(test_nrip, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
