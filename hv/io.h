/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated I/O ports: ranges of ports, each with a device behind it. An access of
 * two or four bytes is as many accesses of one byte to neighbouring ports, as on
 * the ISA bus. Ports of passed-through devices never get here.
 */
#pragma once

#include "hv/lib/types.h"
#include "hv/verdict.h"

/* `offset` counts from the first port of the range. */
typedef uint8_t io_read_fn(void *device, unsigned offset);
typedef enum verdict io_write_fn(void *device, unsigned offset, uint8_t value);

struct io_range {
    uint16_t first;
    uint16_t count;
    io_read_fn *read;
    io_write_fn *write;
    void *device;
};

#define IO_RANGES_MAX 8

struct io_space {
    struct io_range ranges[IO_RANGES_MAX];
    unsigned range_count;
    bool fault_on_unowned; /* a port that nobody owns; else it reads all ones and drops writes */
};

/* Adds a range, up to IO_RANGES_MAX. Ranges do not overlap. */
void io_add(struct io_space *space, struct io_range range);

/* The range that a port is in, or NULL. */
const struct io_range *io_find(const struct io_space *space, uint16_t port);
