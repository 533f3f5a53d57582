/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmio.c: every form of MOV between memory and a register (APM vol. 3, "Instruction Encoding" and opcodes 89h, 8Bh and
 * C7h), what is no such instruction, and what is not the I/O APIC. Instructions are bytes here, which fetch() reads.
 */
#include <string.h>

#include "hv/exits.h"
#include "hv/fetch.h"
#include "tests/host/test.h"

#define PAGE    0xfec00000ULL
#define RIP     0x1000
#define VERSION 0x00170011
#define UPPER   0xaaaaaaaa00000000ULL

static struct ioapic ioapic;
static struct common common;
static struct vmcb vmcb;
static struct vcpu vcpu;
static uint8_t code[15];
static unsigned code_bytes; /* that can be read */

unsigned fetch(const struct vcpu *of, uint8_t *bytes, unsigned count) {
    assert_ptr_equal(of, &vcpu);
    count = count < code_bytes ? count : code_bytes;
    memcpy(bytes, code, count);
    return count;
}

static int make(void **state) {
    (void)state;
    ioapic_reset(&ioapic);
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1, .has_apic = true, .ioapic = &ioapic};
    vmcb = (struct vmcb){0};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common};
    return 0;
}

/* A nested page fault at `gpa` of the instruction in `bytes`. */
static enum verdict run(uint64_t gpa, const char *bytes, unsigned count) {
    memset(code, 0, sizeof(code));
    memcpy(code, bytes, count);
    code_bytes = sizeof(code);
    vmcb.control.exitcode = EXIT_NPF;
    vmcb.control.exitinfo2 = gpa;
    vmcb.control.interrupt_shadow = 1;
    vmcb.save.rip = RIP;
    return npf_exit(&vcpu);
}

/* Forms of the address, which the processor has worked out; `rm` and what follows, without the register. */
static const struct form {
    uint8_t modrm, follows[5];
    unsigned bytes; /* of these */
} forms[] = {
    {0x00, {0}, 0},                /* (%rax) */
    {0x07, {0}, 0},                /* (%rdi) */
    {0x04, {0x24}, 1},             /* (%rsp) */
    {0x04, {0x8b}, 1},             /* (%rbx,%rcx,4) */
    {0x04, {0x25, 1, 2, 3, 4}, 5}, /* disp32 */
    {0x05, {1, 2, 3, 4}, 4},       /* disp32(%rip) */
    {0x40, {1}, 1},                /* disp8(%rax) */
    {0x45, {1}, 1},                /* disp8(%rbp) */
    {0x44, {0x25, 1}, 2},          /* disp8(%rbp) by SIB */
    {0x80, {1, 2, 3, 4}, 4},       /* disp32(%rax) */
    {0x84, {0x24, 1, 2, 3, 4}, 5}, /* disp32(%rsp) */
    {0x84, {0x25, 1, 2, 3, 4}, 5},
};

/* REX or 0, the opcode and a form with `number` as its register; its length. */
static unsigned assemble(char *bytes, unsigned rex, unsigned opcode, unsigned number, const struct form *form) {
    unsigned count = 0;

    if (rex || number >= 8)
        bytes[count++] = (char)(rex | 0x40 | (number >= 8 ? 4 : 0));
    bytes[count++] = (char)opcode;
    bytes[count++] = (char)(form->modrm | (number & 7) << 3);
    memcpy(bytes + count, form->follows, form->bytes);
    return count + form->bytes;
}

static uint64_t *register_of(unsigned number) {
    return number == 0 ? &vmcb.save.rax : number == 4 ? &vmcb.save.rsp : &vcpu.guest.registers[number];
}

/* Prefixes that change neither size nor register: none, and those for index and base. */
static const uint8_t rexes[] = {0, 0x40, 0x41, 0x42, 0x43};

static void test_store(void **state) {
    char bytes[15];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(forms) * ARRAY_LENGTH(rexes) * 16; i++) {
        unsigned number = i % 16;
        unsigned count =
            assemble(bytes, rexes[i / 16 % ARRAY_LENGTH(rexes)], 0x89, number, &forms[i / 16 / ARRAY_LENGTH(rexes)]);

        make(state);
        *register_of(number) = UPPER | (0x20 + number);
        assert_int_equal(run(PAGE, bytes, count), VERDICT_RESUME);
        assert_int_equal(ioapic.select, 0x20 + number);
        assert_int_equal(vmcb.save.rip, RIP + count);
        assert_int_equal(vmcb.control.interrupt_shadow, 0);
        assert_int_equal(*register_of(number), UPPER | (0x20 + number));
    }
}

/* A 32-bit result clears the upper half. */
static void test_load(void **state) {
    char bytes[15];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(forms) * ARRAY_LENGTH(rexes) * 16; i++) {
        unsigned number = i % 16;
        unsigned count =
            assemble(bytes, rexes[i / 16 % ARRAY_LENGTH(rexes)], 0x8b, number, &forms[i / 16 / ARRAY_LENGTH(rexes)]);

        make(state);
        ioapic.select = 1;
        for (unsigned other = 0; other < 16; other++)
            *register_of(other) = UPPER | other;
        assert_int_equal(run(PAGE + 0x10, bytes, count), VERDICT_RESUME);
        for (unsigned other = 0; other < 16; other++)
            assert_int_equal(*register_of(other), other == number ? VERSION : UPPER | other);
        assert_int_equal(vmcb.save.rip, RIP + count);
    }
}

static void test_store_value(void **state) {
    char bytes[15];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(forms) * ARRAY_LENGTH(rexes); i++) {
        unsigned count = assemble(bytes, rexes[i % ARRAY_LENGTH(rexes)], 0xc7, 0, &forms[i / ARRAY_LENGTH(rexes)]);

        make(state);
        ioapic.select = 0x10;
        memcpy(bytes + count, "\x39\x82\xfe\xca", 4);
        assert_int_equal(run(PAGE + 0x10, bytes, count + 4), VERDICT_RESUME);
        assert_int_equal(ioapic.redirections[0], 0xcafe8239);
        assert_int_equal(vmcb.save.rip, RIP + count + 4);
    }
}

/* Where the processor says what comes next, that counts. */
static void test_next_rip(void **state) {
    (void)state;
    vmcb.control.nrip = 0xffffffff81001234;
    assert_int_equal(run(PAGE, "\x89\x07", 2), VERDICT_RESUME);
    assert_int_equal(vmcb.save.rip, 0xffffffff81001234);
}

/* Other instructions, operands of other sizes among them, end the guest, and reach no register of the device. */
static void test_other_instructions(void **state) {
    static const struct {
        const char *bytes;
        unsigned count;
    } others[] = {
        {"\x48\x89\x07", 3},         /* mov %rax,(%rdi) */
        {"\x4c\x8b\x07", 3},         /* mov (%rdi),%r8 */
        {"\x66\x89\x07", 3},         /* mov %ax,(%rdi) */
        {"\x88\x07", 2},             /* mov %al,(%rdi) */
        {"\x8a\x07", 2},             /* mov (%rdi),%al */
        {"\xc6\x07\x01", 3},         /* movb $1,(%rdi) */
        {"\xa3\x00\x00\xc0\xfe", 5}, /* mov %eax,0xfec00000 */
        {"\x01\x07", 2},             /* add %eax,(%rdi) */
        {"\x87\x07", 2},             /* xchg %eax,(%rdi) */
        {"\xf0\x0f\xb1\x07", 4},     /* lock cmpxchg %eax,(%rdi) */
        {"\xf3\xab", 2},             /* rep stos */
        {"\x0f\xb6\x07", 3},         /* movzb (%rdi),%eax */
        {"\x40\x40\x89\x07", 4},     /* two REX prefixes */
        {"", 0},
    };
    struct ioapic before;

    for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
        make(state);
        vmcb.save.rax = 0x10;
        before = ioapic;
        assert_int_equal(run(PAGE, others[i].bytes, others[i].count), VERDICT_FAULT);
        assert_memory_equal(&ioapic, &before, sizeof(before));
        assert_int_equal(vmcb.save.rip, RIP);
        assert_int_equal(vmcb.save.rax, 0x10);
    }
}

/* An instruction of which a part cannot be read is none; the longest still fits. */
static void test_not_readable(void **state) {
    const char *const longest = "\x41\xc7\x84\x24\x01\x02\x03\x04\x11\x00\x00\x00";

    (void)state;
    assert_int_equal(run(PAGE, longest, 12), VERDICT_RESUME);
    assert_int_equal(ioapic.select, 0x11);
    assert_int_equal(vmcb.save.rip, RIP + 12);
    for (code_bytes = 0; code_bytes < 12; code_bytes++) {
        vmcb.save.rip = RIP;
        assert_int_equal(npf_exit(&vcpu), VERDICT_FAULT);
    }
}

/* Whatever the bytes are, no index goes astray, and nothing but the device and a register changes. */
static void test_any_bytes(void **state) {
    char bytes[15];

    (void)state;
    memset(bytes, 0xff, sizeof(bytes));
    for (unsigned i = 0; i < 1 << 24; i += 251) {
        memcpy(bytes, &i, 3);
        (void)run(PAGE + i % PAGE_BYTES, bytes, sizeof(bytes));
        assert_in_range(vmcb.save.rip, RIP, RIP + 15);
    }
}

/* The page is the I/O APIC's, from its first byte to its last, of partitions that have one. */
static void test_page(void **state) {
    const uint64_t outside[] = {0, PAGE - 1, PAGE + PAGE_BYTES, PAGE | 1ULL << 32, 0xfee00000, UINT64_MAX};

    (void)state;
    vmcb.save.rax = 0x55;
    for (unsigned i = 0; i < ARRAY_LENGTH(outside); i++)
        assert_int_equal(run(outside[i], "\x89\x07", 2), VERDICT_FAULT);
    assert_int_equal(ioapic.select, 0);
    assert_int_equal(run(PAGE + PAGE_BYTES - 1, "\x89\x07", 2), VERDICT_RESUME); /* nothing is there */
    assert_int_equal(ioapic.select, 0);
    assert_int_equal(run(PAGE, "\x89\x07", 2), VERDICT_RESUME);
    assert_int_equal(ioapic.select, 0x55);
    common.ioapic = NULL;
    assert_int_equal(run(PAGE, "\x89\x07", 2), VERDICT_FAULT);
    assert_int_equal(vmcb.save.rip, RIP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_store, make),       cmocka_unit_test_setup(test_load, make),
        cmocka_unit_test_setup(test_store_value, make), cmocka_unit_test_setup(test_next_rip, make),
        cmocka_unit_test(test_other_instructions),      cmocka_unit_test_setup(test_not_readable, make),
        cmocka_unit_test_setup(test_any_bytes, make),   cmocka_unit_test_setup(test_page, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
