/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated I/O ports, see io.h, and the exit that leads to them (APM vol. 2, "IOIO
 * Intercept"): EXITINFO1 says what was accessed, EXITINFO2 is the next RIP. A partition
 * has a handful of ranges, so a linear search is the shortest.
 */
#include "hv/io.h"

#include "hv/exits.h"
#include "hv/vcpu.h"

bool io_add(struct io_space *space, struct io_range range)
{
    if (space->range_count == IO_RANGES_MAX)
        return false;
    space->ranges[space->range_count++] = range;
    return true;
}

const struct io_range *io_find(const struct io_space *space, uint16_t port)
{
    for (const struct io_range *r = space->ranges; r < space->ranges + space->range_count; r++)
        if ((unsigned)(port - r->first) < r->count)
            return r;
    return NULL;
}

#define UNOWNED 0xff /* what a port that nobody owns reads */
#define FAULT   (-1)

/* One byte in or out: the byte read, 0 after a write, or FAULT. */
static int access_byte(struct io_space *space, uint16_t port, bool read, uint8_t out)
{
    const struct io_range *range = io_find(space, port);

    if (!range) {
        space->unowned++;
        return space->fault_on_unowned ? FAULT : UNOWNED;
    }
    if (read)
        return range->read(range->device, port - range->first);
    range->write(range->device, port - range->first, out);
    return 0;
}

/* Two or four bytes. A 32-bit result clears the upper half of RAX, a 16-bit one leaves the rest alone. */
static bool access_wide(struct io_space *space, uint16_t port, bool read, unsigned size_bytes, uint64_t *rax)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size_bytes; i++) {
        int byte = access_byte(space, (uint16_t)(port + i), read, (uint8_t)(*rax >> 8 * i));

        if (byte == FAULT)
            return false;
        value |= (uint64_t)byte << 8 * i;
    }
    if (read)
        *rax = size_bytes == 4 ? value : (*rax & ~0xffffULL) | value;
    return true;
}

/* The byte is by far the most frequent, and has a path of its own. */
static bool access(struct io_space *space, uint32_t info, uint64_t *rax)
{
    unsigned size_bytes = info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK;
    uint16_t port = (uint16_t)(info >> IOIO_PORT_SHIFT);
    bool read = info & IOIO_IN;

    if (size_bytes != 1)
        return access_wide(space, port, read, size_bytes, rax);
    int byte = access_byte(space, port, read, (uint8_t)*rax);

    if (read && byte != FAULT)
        *rax = (*rax & ~0xffULL) | (uint64_t)byte;
    return byte != FAULT;
}

enum verdict io_exit(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->vmcb;
    uint32_t info = (uint32_t)vmcb->control.exitinfo1;

    if (info & IOIO_STRING) {
        vcpu->fault = "INS or OUTS on an emulated port";
        return VERDICT_FAULT;
    }
    if (!access(&vcpu->io, info, &vmcb->save.rax)) {
        vcpu->fault = "a port that nobody owns";
        return VERDICT_FAULT;
    }
    vmcb->save.rip = vmcb->control.exitinfo2;
    vmcb->control.interrupt_shadow = 0;
    return VERDICT_RESUME;
}
