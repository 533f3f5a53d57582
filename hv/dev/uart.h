/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated 16550A (National Semiconductor PC16550D data sheet) in front of the line multiplexer. What is sent has
 * gone at once; what is received waits in a buffer that is longer than the data sheet's FIFO, so that nothing is lost.
 */
#pragma once

#include "hv/dev/console.h"
#include "hv/dev/ioapic.h"
#include "hv/io.h"

#define UART_PORTS    8
#define UART_RECEIVES 8192U /* bytes that may wait */
#define UART_PIN      4     /* of the I/O APIC: ISA's IRQ of COM1 */

struct uart {
    struct console_line *line; /* where output goes; it and the I/O APIC are there before the first reset */
    struct ioapic *ioapic;
    unsigned put, got;             /* counts of bytes; the console puts, in loopback the guest, too; that alone gets */
    uint8_t registers[UART_PORTS]; /* from here on reset: what was written, as far as it is kept */
    uint8_t divisor[2];
    bool is_plain; /* a byte to transmit means output, and nothing else */
    bool empty;    /* the transmitter is, which the guest has not been told */
    bool is_break; /* one has come, which the guest has not been told */
    uint8_t modem; /* what of the modem status has changed since it was read */
    uint8_t received[UART_RECEIVES];
};

/* The state after reset; bytes may be received at the same time. */
void uart_reset(struct uart *uart);

/* Room for received bytes, and one more of them; on any processor. */
unsigned uart_room(const struct uart *uart);
void uart_receive(struct uart *uart, uint8_t byte);

/* A break comes, with the byte 0. */
void uart_break(struct uart *uart);

/* The register file, for io_add(). */
io_read_fn uart_read;
io_write_fn uart_write;
