/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated 16550A (National Semiconductor PC16550D data sheet) in front of the
 * line multiplexer: transmit, scratch, divisor latch and loopback; nothing is ever
 * received, and interrupts are not raised yet.
 */
#pragma once

#include "hv/dev/console.h"
#include "hv/io.h"

#define UART_PORTS 8

struct uart {
    struct console_line *line;
    uint8_t registers[UART_PORTS]; /* what was written, as far as it is kept */
    uint8_t divisor[2];
};

/* The state after reset; output goes to `line`. */
void uart_init(struct uart *uart, struct console_line *line);

/* The register file, for io_add(). */
io_read_fn uart_read;
io_write_fn uart_write;
