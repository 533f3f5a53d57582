/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io.c: ranges of ports, and exits with EXITINFO1 as in APM vol. 2, "IOIO Intercept": bit 0 in,
 * bit 2 string, bits 4 to 6 one, two or four bytes, bits 16 to 31 the port.
 */
#include "hv/exits.h"
#include "hv/io.h"
#include "hv/vcpu.h"
#include "tests/host/test.h"

#define IN     1u
#define STRING 4u
#define RAX    0x1122334455667788
#define RIP    0x1000
#define NEXT   0x1002

static struct common common;
static struct vcpu vcpu;
static struct vmcb vmcb;

/* A device that remembers its last accesses. */
static struct {
    unsigned offsets[8];
    uint8_t values[8];
    unsigned count;
} a, b;

static uint8_t read_device(void *device, unsigned offset) {
    __typeof__(a) *seen = device;

    seen->offsets[seen->count++] = offset;
    return (uint8_t)(0xd0 + offset);
}

static enum verdict write_device(void *device, unsigned offset, uint8_t value) {
    __typeof__(a) *seen = device;

    seen->values[seen->count] = value;
    seen->offsets[seen->count++] = offset;
    return VERDICT_RESUME;
}

static int make(void **state) {
    (void)state;
    a = b = (__typeof__(a)){.count = 0};
    vmcb = (struct vmcb){0};
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common};
    io_add(&common.io, (struct io_range){0x3f8, 8, read_device, write_device, &a});
    io_add(&common.io, (struct io_range){0x400, 1, read_device, write_device, &b});
    io_add(&common.io, (struct io_range){0xffff, 1, read_device, write_device, &b});
    return 0;
}

static enum verdict run(uint16_t port, unsigned size_bytes, unsigned flags) {
    vmcb.control.exitinfo1 = (uint64_t)port << 16 | size_bytes << 4 | flags;
    vmcb.control.exitinfo2 = NEXT;
    vmcb.control.interrupt_shadow = 1;
    vmcb.save.rax = RAX;
    vmcb.save.rip = RIP;
    return io_exit(&vcpu);
}

static void test_find(void **state) {
    (void)state;
    assert_ptr_equal(io_find(&common.io, 0x3f8)->device, &a);
    assert_ptr_equal(io_find(&common.io, 0x3ff)->device, &a);
    assert_ptr_equal(io_find(&common.io, 0x400)->device, &b);
    assert_ptr_equal(io_find(&common.io, 0xffff)->device, &b);
    assert_null(io_find(&common.io, 0x3f7));
    assert_null(io_find(&common.io, 0x401));
    assert_null(io_find(&common.io, 0));
    while (common.io.range_count < IO_RANGES_MAX - 1)
        io_add(&common.io, (struct io_range){0, 0, read_device, write_device, &b});
    io_add(&common.io, (struct io_range){0x10, 1, read_device, write_device, &a}); /* the last that there is room for */
    assert_ptr_equal(io_find(&common.io, 0x10)->device, &a);
    assert_null(io_find(&common.io, 0x11));
    assert_int_equal(common.io.range_count, IO_RANGES_MAX);
}

/* The upper part of RAX stays as the instruction set says: only 32 bits clear it. */
static void test_in(void **state) {
    const struct {
        uint16_t port;
        unsigned size_bytes;
        uint64_t rax, unowned;
    } cases[] = {
        {0x3f8, 1, 0x11223344556677d0, 0},  {0x3ff, 1, 0x11223344556677d7, 0}, {0x3f8, 2, 0x112233445566d1d0, 0},
        {0x3fc, 4, 0xd7d6d5d4, 0},          {0x3fe, 4, 0xffd0d7d6, 1},         {0x400, 2, 0x112233445566ffd0, 1},
        {0x60, 1, 0x11223344556677ff, 1},   {0x60, 2, 0x112233445566ffff, 2},  {0x60, 4, 0xffffffff, 4},
        {0xffff, 2, 0x112233445566ffd0, 1},
    };

    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        make(state);
        assert_int_equal(run(cases[i].port, cases[i].size_bytes, IN), VERDICT_RESUME);
        assert_int_equal(vmcb.save.rax, cases[i].rax);
        assert_int_equal(vcpu.unowned, cases[i].unowned);
        assert_int_equal(vmcb.save.rip, NEXT);
        assert_int_equal(vmcb.control.interrupt_shadow, 0);
        assert_int_equal(a.count + b.count + vcpu.unowned, cases[i].size_bytes);
    }
}

static void test_out(void **state) {
    (void)state;
    assert_int_equal(run(0x3fa, 1, 0), VERDICT_RESUME);
    assert_int_equal(run(0x3fe, 4, 0), VERDICT_RESUME);
    assert_int_equal(run(0x60, 4, 0), VERDICT_RESUME);
    assert_int_equal(vmcb.save.rax, RAX);
    assert_int_equal(vmcb.save.rip, NEXT);
    assert_int_equal(vmcb.control.interrupt_shadow, 0);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.offsets[0], 2);
    assert_int_equal(a.values[0], 0x88);
    assert_int_equal(a.offsets[1], 6);
    assert_int_equal(a.values[1], 0x88);
    assert_int_equal(a.offsets[2], 7);
    assert_int_equal(a.values[2], 0x77);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.offsets[0], 0);
    assert_int_equal(b.values[0], 0x66);
    assert_int_equal(vcpu.unowned, 5);
}

static void test_fault(void **state) {
    const unsigned flags[] = {0, IN};

    for (unsigned i = 0; i < ARRAY_LENGTH(flags); i++) {
        for (unsigned size_bytes = 1; size_bytes <= 4; size_bytes *= 2) {
            make(state);
            common.io.fault_on_unowned = true;
            assert_int_equal(run(0x60, size_bytes, flags[i]), VERDICT_FAULT);
            assert_string_equal(vcpu.fault, "a port that nobody owns");
            assert_int_equal(vmcb.save.rip, RIP);
            assert_int_equal(vcpu.unowned, 1);
            assert_int_equal(run(0x3f8, size_bytes, flags[i]), VERDICT_RESUME);
        }
        assert_int_equal(run(0x400, 2, flags[i]), VERDICT_FAULT); /* its second byte */
    }
}

static void test_string(void **state) {
    (void)state;
    assert_int_equal(run(0x3f8, 1, STRING), VERDICT_FAULT);
    assert_int_equal(run(0x3f8, 1, STRING | IN), VERDICT_FAULT);
    assert_string_equal(vcpu.fault, "INS or OUTS on an emulated port");
    assert_int_equal(a.count, 0);
    assert_int_equal(vmcb.save.rip, RIP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_find, make),   cmocka_unit_test_setup(test_in, make),
        cmocka_unit_test_setup(test_out, make),    cmocka_unit_test_setup(test_fault, make),
        cmocka_unit_test_setup(test_string, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
