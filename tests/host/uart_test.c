/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.c against the PC16550D data sheet, "Registers".
 */
#include <string.h>

#include "hv/dev/uart.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define DLAB     0x80
#define LOOPBACK 0x10

static struct console_line line;
static struct uart uart;
static uint64_t position;

static int make(void **state) {
    (void)state;
    console_init(&line, "u", 1, &position);
    memset(&uart, 0xff, sizeof(uart));
    uart_init(&uart, &line);
    log_capture();
    return 0;
}

static void test_reset(void **state) {
    const uint8_t values[UART_PORTS] = {0, 0, 0x01, 0, 0, 0x60, 0xb0, 0};

    (void)state;
    for (unsigned i = 0; i < UART_PORTS; i++)
        assert_int_equal(uart_read(&uart, i), values[i]);
}

static void test_transmit(void **state) {
    (void)state;
    for (const char *c = "hello\n"; *c != '\0'; c++) {
        assert_int_equal(uart_read(&uart, LSR), 0x60);
        uart_write(&uart, DATA, (uint8_t)*c);
    }
    log_expect("u | hello\n");
    assert_int_equal(uart_read(&uart, DATA), 0);
}

static void test_registers(void **state) {
    const struct {
        unsigned offset;
        uint8_t written, read;
    } cases[] = {
        {IER, 0xff, 0x0f}, {IER, 0x05, 0x05}, {LCR, 0x7f, 0x7f}, {LCR, 0x03, 0x03}, {MCR, 0xff, 0x1f},
        {MCR, 0x0b, 0x0b}, {SCR, 0x5a, 0x5a}, {SCR, 0xa5, 0xa5}, {LSR, 0x00, 0x60}, {LSR, 0xff, 0x60},
        {MSR, 0x00, 0xb0}, {IIR, 0x01, 0xc1}, {IIR, 0xc7, 0xc1}, {IIR, 0xc6, 0x01}, {IIR, 0x00, 0x01},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uart_write(&uart, cases[i].offset, cases[i].written);
        assert_int_equal(uart_read(&uart, cases[i].offset), cases[i].read);
    }
    assert_int_equal(line.length, 0);
}

static void test_divisor(void **state) {
    (void)state;
    uart_write(&uart, IER, 0x0a);
    uart_write(&uart, LCR, DLAB | 3);
    uart_write(&uart, DATA, 0x34);
    uart_write(&uart, IER, 0x12);
    assert_int_equal(uart_read(&uart, DATA), 0x34);
    assert_int_equal(uart_read(&uart, IER), 0x12);
    assert_int_equal(line.length, 0); /* the divisor is not transmitted */
    uart_write(&uart, LCR, 3);
    assert_int_equal(uart_read(&uart, DATA), 0);
    assert_int_equal(uart_read(&uart, IER), 0x0a);
    uart_write(&uart, DATA, 'x');
    uart_write(&uart, IER, 0x01);
    uart_write(&uart, LCR, DLAB);
    assert_int_equal(uart_read(&uart, DATA), 0x34);
    assert_int_equal(uart_read(&uart, IER), 0x12);
    assert_int_equal(line.length, 1);
}

/* MCR's DTR, RTS, OUT1 and OUT2 come back as DSR, CTS, RI and DCD. */
static void test_loopback(void **state) {
    const struct {
        uint8_t mcr, msr;
    } cases[] = {
        {0x00, 0x00}, {0x01, 0x20}, {0x02, 0x10}, {0x04, 0x40}, {0x08, 0x80}, {0x0f, 0xf0}, {0x0a, 0x90},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uart_write(&uart, MCR, LOOPBACK | cases[i].mcr);
        assert_int_equal(uart_read(&uart, MSR), cases[i].msr);
        uart_write(&uart, DATA, 'x');
        assert_int_equal(line.length, 0);
    }
    uart_write(&uart, MCR, 0x0f);
    assert_int_equal(uart_read(&uart, MSR), 0xb0);
    uart_write(&uart, DATA, 'x');
    assert_int_equal(line.length, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reset, make),     cmocka_unit_test_setup(test_transmit, make),
        cmocka_unit_test_setup(test_registers, make), cmocka_unit_test_setup(test_divisor, make),
        cmocka_unit_test_setup(test_loopback, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
