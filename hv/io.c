/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated I/O ports: see io.h. A partition has a handful of ranges, so a linear
 * search is the shortest.
 */
#include "hv/io.h"

bool io_add(struct io_space *space, struct io_range range)
{
    if (space->range_count == IO_RANGES_MAX)
        return false;
    space->ranges[space->range_count++] = range;
    return true;
}

static const struct io_range *find(const struct io_space *space, uint16_t port)
{
    for (const struct io_range *r = space->ranges; r < space->ranges + space->range_count; r++)
        if ((unsigned)(port - r->first) < r->count)
            return r;
    return NULL;
}

static enum verdict access_byte(struct io_space *space, uint16_t port, bool read, uint8_t *value)
{
    const struct io_range *range = find(space, port);

    if (!range) {
        space->unowned++;
        if (read)
            *value = 0xff;
        return space->fault_on_unowned ? VERDICT_FAULT : VERDICT_RESUME;
    }
    if (read)
        *value = range->read(range->device, port - range->first);
    else
        range->write(range->device, port - range->first, *value);
    return VERDICT_RESUME;
}

enum verdict io_access(struct io_space *space, uint16_t port, unsigned size_bytes, bool read, uint32_t *value)
{
    for (unsigned i = 0; i < size_bytes; i++) {
        uint8_t byte = (uint8_t)(*value >> 8 * i);
        enum verdict verdict = access_byte(space, (uint16_t)(port + i), read, &byte);

        if (verdict != VERDICT_RESUME)
            return verdict;
        *value = (*value & ~(0xffu << 8 * i)) | (uint32_t)byte << 8 * i;
    }
    return VERDICT_RESUME;
}
