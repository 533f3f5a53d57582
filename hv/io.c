/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated I/O ports, see io.h, and the exit that leads to them (APM vol. 2, "IOIO
 * Intercept"). A partition
 * has a handful of ranges, so a linear search is the shortest.
 */
#include "hv/io.h"

#include "hv/exits.h"

void io_add(struct io_space *space, struct io_range range) {
    space->ranges[space->range_count++] = range;
}

const struct io_range *io_find(const struct io_space *space, uint16_t port) {
    for (const struct io_range *r = space->ranges; r < space->ranges + space->range_count; r++)
        if ((unsigned)(port - r->first) < r->count)
            return r;
    return NULL;
}

#define UNOWNED   0xff /* what a port that nobody owns reads */
#define IOIO_BYTE (1U << IOIO_SIZE_SHIFT)
#define IOIO_KIND (IOIO_SIZE_MASK << IOIO_SIZE_SHIFT | IOIO_STRING)

/* EXITINFO2 is the next RIP. */
static enum verdict advance(struct vmcb *vmcb) {
    vmcb->save.rip = vmcb->control.exitinfo2;
    vmcb->control.interrupt_shadow = 0;
    return VERDICT_RESUME;
}

static enum verdict unowned(struct vcpu *vcpu, bool read, uint8_t *byte) {
    vcpu->unowned++;
    if (read)
        *byte = UNOWNED;
    return vcpu->common->io.fault_on_unowned ? exit_fault(vcpu, "a port that nobody owns") : VERDICT_RESUME;
}

/* One byte between a port and `byte`. */
static inline enum verdict access_byte(struct vcpu *vcpu, uint16_t port, bool read, uint8_t *byte) {
    const struct io_range *range = io_find(&vcpu->common->io, port);

    if (!range)
        return unowned(vcpu, read, byte);
    if (!read)
        return range->write(range->device, port - range->first, *byte);
    *byte = range->read(range->device, port - range->first);
    return VERDICT_RESUME;
}

/*
 * Several bytes: a 32-bit result clears the upper half of RAX, a 16-bit one leaves the rest alone. Inlined, this
 * would cost the single byte the saving of its registers.
 */
__attribute__((noinline)) static enum verdict access_other(struct vcpu *vcpu, uint32_t info) {
    unsigned size_bytes = info >> IOIO_SIZE_SHIFT & IOIO_SIZE_MASK;
    uint64_t *rax = &vcpu->vmcb->save.rax;

    if (info & IOIO_STRING)
        return exit_fault(vcpu, "INS or OUTS on an emulated port");
    for (unsigned i = 0; i < size_bytes; i++) {
        enum verdict verdict =
            access_byte(vcpu, (uint16_t)((info >> IOIO_PORT_SHIFT) + i), info & IOIO_IN, (uint8_t *)rax + i);

        if (verdict != VERDICT_RESUME)
            return verdict;
    }
    if ((info & IOIO_IN) && size_bytes == 4)
        *rax = (uint32_t)*rax;
    return advance(vcpu->vmcb);
}

/* A single byte is by far the most frequent; its result goes to AL, where it lies in memory. */
enum verdict io_exit(struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    uint32_t info = (uint32_t)vmcb->control.exitinfo1;

    if ((info & IOIO_KIND) != IOIO_BYTE)
        return access_other(vcpu, info);
    enum verdict verdict =
        access_byte(vcpu, (uint16_t)(info >> IOIO_PORT_SHIFT), info & IOIO_IN, (uint8_t *)&vmcb->save.rax);

    return verdict == VERDICT_RESUME ? advance(vmcb) : verdict;
}
