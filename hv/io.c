/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated I/O ports, see io.h, and the exit that leads to them (APM vol. 2, "IOIO
 * Intercept"). A partition
 * has a handful of ranges, so a linear search is the shortest.
 */
#include "hv/io.h"

#include "hv/exits.h"
#include "hv/vcpu.h"

bool io_add(struct io_space *space, struct io_range range) {
    if (space->range_count == IO_RANGES_MAX)
        return false;
    space->ranges[space->range_count++] = range;
    return true;
}

const struct io_range *io_find(const struct io_space *space, uint16_t port) {
    for (const struct io_range *r = space->ranges; r < space->ranges + space->range_count; r++)
        if ((unsigned)(port - r->first) < r->count)
            return r;
    return NULL;
}

#define UNOWNED    0xff /* what a port that nobody owns reads */
#define IOIO_BYTE  (1U << IOIO_SIZE_SHIFT)
#define IOIO_SIZES (IOIO_SIZE_MASK << IOIO_SIZE_SHIFT)

/* EXITINFO2 is the next RIP. */
static enum verdict advance(struct vmcb *vmcb) {
    vmcb->save.rip = vmcb->control.exitinfo2;
    vmcb->control.interrupt_shadow = 0;
    return VERDICT_RESUME;
}

static enum verdict unowned(struct vcpu *vcpu, const struct io_space *space) {
    vcpu->unowned++;
    if (!space->fault_on_unowned)
        return VERDICT_RESUME;
    vcpu->fault = "a port that nobody owns";
    return VERDICT_FAULT;
}

static enum verdict read_byte(struct vcpu *vcpu, uint16_t port, uint8_t *byte) {
    const struct io_space *space = &vcpu->common->io;
    const struct io_range *range = io_find(space, port);

    *byte = UNOWNED;
    if (!range)
        return unowned(vcpu, space);
    *byte = range->read(range->device, port - range->first);
    return VERDICT_RESUME;
}

static enum verdict write_byte(struct vcpu *vcpu, uint16_t port, uint8_t byte) {
    const struct io_space *space = &vcpu->common->io;
    const struct io_range *range = io_find(space, port);

    if (!range)
        return unowned(vcpu, space);
    range->write(range->device, port - range->first, byte);
    return VERDICT_RESUME;
}

/*
 * A 32-bit result clears the upper half of RAX, a 16-bit one leaves the rest alone. Inlined, this
 * would cost the single byte the saving of its registers.
 */
__attribute__((noinline)) static enum verdict access_wide(struct vcpu *vcpu, uint16_t port, unsigned size_bytes,
                                                          bool read) {
    uint64_t *rax = &vcpu->vmcb->save.rax;
    uint64_t value = 0;

    for (unsigned i = 0; i < size_bytes; i++) {
        uint16_t at = (uint16_t)(port + i);
        uint8_t byte = (uint8_t)(*rax >> 8 * i);
        enum verdict verdict = read ? read_byte(vcpu, at, &byte) : write_byte(vcpu, at, byte);

        if (verdict != VERDICT_RESUME)
            return verdict;
        value |= (uint64_t)byte << 8 * i;
    }
    if (read)
        *rax = size_bytes == 4 ? value : (*rax & ~0xffffULL) | value;
    return advance(vcpu->vmcb);
}

static enum verdict access_string(struct vcpu *vcpu) {
    vcpu->fault = "INS or OUTS on an emulated port";
    return VERDICT_FAULT;
}

/* A single byte is by far the most frequent; its result goes to AL, where it lies in memory. */
enum verdict io_exit(struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    uint32_t info = (uint32_t)vmcb->control.exitinfo1;
    uint16_t port = (uint16_t)(info >> IOIO_PORT_SHIFT);
    bool read = info & IOIO_IN;
    enum verdict verdict;

    if (info & IOIO_STRING)
        return access_string(vcpu);
    if ((info & IOIO_SIZES) != IOIO_BYTE)
        return access_wide(vcpu, port, info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK, read);
    if (read)
        verdict = read_byte(vcpu, port, (uint8_t *)&vmcb->save.rax);
    else
        verdict = write_byte(vcpu, port, (uint8_t)vmcb->save.rax);
    return verdict == VERDICT_RESUME ? advance(vmcb) : verdict;
}
