/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated 16550A: see uart.h. Several vCPUs of a partition may be here at once: every register is one byte
 * that stands for itself, none is an index or a length, and the line behind them looks after itself (console.c).
 */
#include "hv/dev/uart.h"

enum { THR_RBR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IIR_NONE     0x01
#define IIR_FIFO     0xc0
#define LCR_DLAB     0x80
#define MCR_LOOPBACK 0x10
#define LSR_THRE     0x20
#define LSR_TEMT     0x40
#define MSR_CTS      0x10
#define MSR_DSR      0x20
#define MSR_DCD      0x80

/* The bits that keep what is written; of FCR that is whether the FIFOs are enabled. */
static const uint8_t writable[UART_PORTS] = {
    [IER_DLM] = 0x0f, [IIR_FCR] = 0x01, [LCR] = 0xff, [MCR] = 0x1f, [SCR] = 0xff};

void uart_init(struct uart *uart, struct console_line *line) {
    *uart = (struct uart){.line = line};
}

/* In loopback the modem control outputs appear as the modem status inputs. */
static uint8_t modem_status(uint8_t mcr) {
    if (!(mcr & MCR_LOOPBACK))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((mcr & 0x0c) << 4 | (mcr & 0x02) << 3 | (mcr & 0x01) << 5);
}

/* With DLAB set, the first two registers are the divisor latch. */
static bool is_divisor(const struct uart *uart, unsigned offset) {
    return offset <= IER_DLM && (uart->registers[LCR] & LCR_DLAB);
}

uint8_t uart_read(void *device, unsigned offset) {
    const struct uart *uart = device;

    if (is_divisor(uart, offset))
        return uart->divisor[offset];
    switch (offset) {
    case IIR_FCR:
        return IIR_NONE | (uart->registers[IIR_FCR] ? IIR_FIFO : 0);
    case LSR:
        return LSR_THRE | LSR_TEMT;
    case MSR:
        return modem_status(uart->registers[MCR]);
    default: /* nothing is received */
        return uart->registers[offset];
    }
}

/* In loopback a byte to transmit is lost. */
static void write_register(struct uart *uart, unsigned offset, uint8_t value) {
    if (is_divisor(uart, offset))
        uart->divisor[offset] = value;
    else
        uart->registers[offset] = value & writable[offset];
}

/* A byte to transmit takes the short way. */
void uart_write(void *device, unsigned offset, uint8_t value) {
    struct uart *uart = device;

    if (offset == THR_RBR_DLL && !(uart->registers[LCR] & LCR_DLAB) && !(uart->registers[MCR] & MCR_LOOPBACK))
        console_put(uart->line, value);
    else
        write_register(uart, offset, value);
}
