/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated 16550A (National Semiconductor PC16550D data sheet) in front of the line multiplexer. What is sent has
 * gone at once; what is received waits in a buffer that is longer than the data sheet's FIFO, so that nothing is lost.
 */
#pragma once

#include "hv/dev/console.h"
#include "hv/io.h"

#define UART_PORTS    8
#define UART_RECEIVES 8192U /* bytes that may wait */

struct uart {
    struct console_line *line;
    uint8_t registers[UART_PORTS]; /* what was written, as far as it is kept */
    uint8_t divisor[2];
    bool is_plain;     /* a byte to transmit means output, and nothing else */
    bool empty;        /* the transmitter is, which the guest has not been told */
    unsigned put, got; /* counts of bytes; only the console puts, only the guest gets */
    uint8_t received[UART_RECEIVES];
};

/* The state after reset; output goes to `line`. */
void uart_init(struct uart *uart, struct console_line *line);

/* Room for received bytes, and one more of them; on any processor. */
unsigned uart_room(const struct uart *uart);
void uart_receive(struct uart *uart, uint8_t byte);

/* The register file, for io_add(). */
io_read_fn uart_read;
io_write_fn uart_write;
