/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated 16550A: see uart.h.
 */
#include "hv/dev/uart.h"

enum { THR_RBR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_MASK     0x0f
#define IIR_NONE     0x01
#define IIR_FIFO     0xc0
#define FCR_ENABLE   0x01
#define LCR_DLAB     0x80
#define MCR_MASK     0x1f
#define MCR_LOOPBACK 0x10
#define LSR_THRE     0x20
#define LSR_TEMT     0x40
#define MSR_CTS      0x10
#define MSR_DSR      0x20
#define MSR_DCD      0x80

void uart_init(struct uart *uart, struct console_line *line) {
    *uart = (struct uart){.line = line};
}

/* In loopback the modem control outputs appear as the modem status inputs. */
static uint8_t modem_status(const struct uart *uart) {
    if (!(uart->mcr & MCR_LOOPBACK))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((uart->mcr & 0x0c) << 4 | (uart->mcr & 0x02) << 3 | (uart->mcr & 0x01) << 5);
}

uint8_t uart_read(void *device, unsigned offset) {
    const struct uart *uart = device;
    bool dlab = uart->lcr & LCR_DLAB;

    switch (offset) {
    case THR_RBR_DLL:
        return dlab ? uart->dll : 0;
    case IER_DLM:
        return dlab ? uart->dlm : uart->ier;
    case IIR_FCR:
        return IIR_NONE | (uart->fifo_enabled ? IIR_FIFO : 0);
    case LCR:
        return uart->lcr;
    case MCR:
        return uart->mcr;
    case LSR:
        return LSR_THRE | LSR_TEMT;
    case MSR:
        return modem_status(uart);
    default:
        return uart->scr;
    }
}

static void write_register(struct uart *uart, unsigned offset, uint8_t value) {
    bool dlab = uart->lcr & LCR_DLAB;

    switch (offset) {
    case THR_RBR_DLL: /* in loopback the byte is lost, as nothing is received */
        if (dlab)
            uart->dll = value;
        break;
    case IER_DLM:
        if (dlab)
            uart->dlm = value;
        else
            uart->ier = value & IER_MASK;
        break;
    case IIR_FCR:
        uart->fifo_enabled = value & FCR_ENABLE;
        break;
    case LCR:
        uart->lcr = value;
        break;
    case MCR:
        uart->mcr = value & MCR_MASK;
        break;
    case SCR:
        uart->scr = value;
        break;
    default: /* LSR and MSR are read-only */
        break;
    }
}

/* A byte to transmit takes the short way. */
void uart_write(void *device, unsigned offset, uint8_t value) {
    struct uart *uart = device;

    if (offset == THR_RBR_DLL && !(uart->lcr & LCR_DLAB) && !(uart->mcr & MCR_LOOPBACK))
        console_put(uart->line, value);
    else
        write_register(uart, offset, value);
}
