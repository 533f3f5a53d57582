/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated 16550A: see uart.h. Several vCPUs of a partition may be here at once: every register is one byte
 * that stands for itself, the buffer's counts are taken modulo its length, and the line behind them looks after itself
 * (console.c).
 */
#include "hv/dev/uart.h"

#include "hv/lib/string.h"

enum { THR_RBR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RECEIVED  0x01
#define IER_EMPTY     0x02
#define IER_MODEM     0x08
#define IIR_NONE      0x01
#define IIR_MODEM     0x00
#define IIR_EMPTY     0x02
#define IIR_RECEIVED  0x04
#define IIR_TIMEOUT   0x0c
#define IIR_FIFO      0xc0
#define FCR_ENABLE    0x01
#define FCR_CLEAR     0x02
#define LCR_DLAB      0x80
#define MCR_LOOPBACK  0x10
#define LSR_DR        0x01
#define LSR_BI        0x10
#define LSR_THRE      0x20
#define LSR_TEMT      0x40
#define MSR_TERI      0x04 /* of the changes, the one that only a falling edge makes */
#define MSR_CTS       0x10
#define MSR_DSR       0x20
#define MSR_DCD       0x80
#define TRIGGER_SHIFT 6

/* The bits that keep what is written; of FCR that is whether the FIFOs are enabled, and the trigger level. */
static const uint8_t writable[UART_PORTS] = {
    [IER_DLM] = 0x0f, [IIR_FCR] = 0xc1, [LCR] = 0xff, [MCR] = 0x1f, [SCR] = 0xff};

static void drop_received(struct uart *uart) {
    __atomic_store_n(&uart->got, __atomic_load_n(&uart->put, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

void uart_reset(struct uart *uart) {
    memset(uart->registers, 0, sizeof(*uart) - offsetof(struct uart, registers));
    uart->is_plain = true;
    drop_received(uart);
}

static unsigned waiting(const struct uart *uart) {
    return __atomic_load_n(&uart->put, __ATOMIC_ACQUIRE) - __atomic_load_n(&uart->got, __ATOMIC_RELAXED);
}

unsigned uart_room(const struct uart *uart) {
    return UART_RECEIVES - waiting(uart);
}

/* In loopback the modem control outputs appear as the modem status inputs. */
static uint8_t modem_status(uint8_t mcr) {
    if (!(mcr & MCR_LOOPBACK))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((mcr & 0x0c) << 4 | (mcr & 0x02) << 3 | (mcr & 0x01) << 5);
}

/* A FIFO that is not full up to its trigger level has timed out at once. */
static uint8_t identify(const struct uart *uart) {
    static const uint8_t triggers[] = {1, 4, 8, 14};
    uint8_t enabled = uart->registers[IER_DLM], fcr = uart->registers[IIR_FCR];
    unsigned count = waiting(uart);

    if ((enabled & IER_RECEIVED) && count)
        return (fcr & FCR_ENABLE) && count < triggers[fcr >> TRIGGER_SHIFT] ? IIR_TIMEOUT : IIR_RECEIVED;
    if ((enabled & IER_EMPTY) && uart->empty)
        return IIR_EMPTY;
    return (enabled & IER_MODEM) && uart->modem ? IIR_MODEM : IIR_NONE;
}

/* The interrupt line follows. A byte that another processor has received meanwhile raises it again. */
static void update(struct uart *uart) {
    ioapic_set(uart->ioapic, UART_PIN, identify(uart) != IIR_NONE);
    if (identify(uart) != IIR_NONE)
        ioapic_set(uart->ioapic, UART_PIN, true);
}

void uart_receive(struct uart *uart, uint8_t byte) {
    uart->received[uart->put % UART_RECEIVES] = byte;
    __atomic_store_n(&uart->put, uart->put + 1, __ATOMIC_RELEASE);
    update(uart);
}

void uart_break(struct uart *uart) {
    uart->is_break = true;
    if (uart_room(uart))
        uart_receive(uart, 0);
}

/* With DLAB set, the first two registers are the divisor latch. */
static bool is_divisor(const struct uart *uart, unsigned offset) {
    return offset <= IER_DLM && (uart->registers[LCR] & LCR_DLAB);
}

static uint8_t take_received(struct uart *uart) {
    unsigned got = uart->got;
    uint8_t byte = uart->received[got % UART_RECEIVES];

    if (waiting(uart))
        __atomic_store_n(&uart->got, got + 1, __ATOMIC_RELEASE);
    return byte;
}

/* That the transmitter is empty has been told with it. */
static uint8_t tell_identification(struct uart *uart) {
    uint8_t iir = identify(uart);

    if (iir == IIR_EMPTY)
        uart->empty = false;
    return iir | ((uart->registers[IIR_FCR] & FCR_ENABLE) ? IIR_FIFO : 0);
}

/* Inlined, these two would cost the short ways the saving of their registers. */
__attribute__((noinline)) static uint8_t read_other(struct uart *uart, unsigned offset) {
    uint8_t value = uart->registers[offset];

    if (is_divisor(uart, offset))
        return uart->divisor[offset];
    if (offset == THR_RBR_DLL)
        value = take_received(uart);
    if (offset == IIR_FCR)
        value = tell_identification(uart);
    if (offset == LSR) {
        value = LSR_BI | LSR_THRE | LSR_TEMT | LSR_DR;
        uart->is_break = false;
    }
    if (offset == MSR) {
        value = modem_status(uart->registers[MCR]) | uart->modem;
        uart->modem = 0;
    }
    update(uart);
    return value;
}

uint8_t uart_read(void *device, unsigned offset) {
    struct uart *uart = device;

    if (offset == LSR && !uart->is_break)
        return LSR_THRE | LSR_TEMT | (waiting(uart) ? LSR_DR : 0);
    return read_other(uart, offset);
}

static void write_register(struct uart *uart, unsigned offset, uint8_t value) {
    uint8_t before = uart->registers[offset], modem = modem_status(uart->registers[MCR]), after;

    uart->registers[offset] = value & writable[offset];
    after = modem_status(uart->registers[MCR]);
    uart->modem |= (modem ^ after) >> 4 & ~(after >> 4 & MSR_TERI);
    if (offset == IER_DLM && (value & ~before & IER_EMPTY))
        uart->empty = true;
    if (offset == IIR_FCR && ((value & FCR_CLEAR) || ((value ^ before) & FCR_ENABLE)))
        drop_received(uart);
}

/* What has been sent has left the transmitter empty anew: the line falls in between. In loopback it is received. */
static void transmit(struct uart *uart, uint8_t value) {
    uart->empty = false;
    update(uart);
    if (!(uart->registers[MCR] & MCR_LOOPBACK))
        console_put(uart->line, value);
    else if (uart_room(uart))
        uart_receive(uart, value);
    uart->empty = true;
}

__attribute__((noinline)) static enum verdict write_other(struct uart *uart, unsigned offset, uint8_t value) {
    if (is_divisor(uart, offset))
        uart->divisor[offset] = value;
    else if (offset == THR_RBR_DLL)
        transmit(uart, value);
    else
        write_register(uart, offset, value);
    uart->is_plain = !(uart->registers[LCR] & LCR_DLAB) && !(uart->registers[MCR] & MCR_LOOPBACK) &&
                     !(uart->registers[IER_DLM] & IER_EMPTY);
    update(uart);
    return VERDICT_RESUME;
}

/* A byte to transmit takes the short way. */
enum verdict uart_write(void *device, unsigned offset, uint8_t value) {
    struct uart *uart = device;

    if (offset != THR_RBR_DLL || !uart->is_plain)
        return write_other(uart, offset, value);
    console_put(uart->line, value);
    return VERDICT_RESUME;
}
