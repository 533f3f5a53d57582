/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uart.c against the PC16550D data sheet, "Registers". The interrupt line is the test's, so that it can do to the UART
 * what another processor does in the middle of an access.
 */
#include <string.h>

#include "hv/dev/uart.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

#define FCR      IIR
#define DLAB     0x80
#define LOOPBACK 0x10

/* What IIR says without FIFOs. */
#define NONE     0x01
#define MODEM    0x00
#define EMPTY    0x02
#define RECEIVED 0x04
#define TIMEOUT  0x0c
#define FIFOS    0xc0

static struct console console;
static struct console_line line;
static struct uart uart;
static struct ioapic ioapic;
static bool is_up;
static unsigned edges;       /* rising ones */
static bool receives_before; /* a byte comes when the line is about to fall */

void ioapic_set(struct ioapic *of, unsigned pin, bool up) {
    assert_ptr_equal(of, &ioapic);
    assert_int_equal(pin, UART_PIN);
    if (!up && receives_before) {
        receives_before = false;
        uart_receive(&uart, 'r');
    }
    edges += up && !is_up;
    is_up = up;
}

static int make(void **state) {
    (void)state;
    memset(&console, 0, sizeof(console));
    console_init(&line, "u", 1, &console);
    memset(&uart, 0xff, sizeof(uart));
    uart.line = &line;
    uart.ioapic = &ioapic;
    uart_reset(&uart);
    is_up = receives_before = false;
    edges = 0;
    log_capture();
    return 0;
}

static void put(unsigned offset, uint8_t value) {
    assert_int_equal(uart_write(&uart, offset, value), VERDICT_RESUME);
}

static uint8_t get(unsigned offset) {
    return uart_read(&uart, offset);
}

static void receive(const char *text) {
    for (; *text != '\0'; text++)
        uart_receive(&uart, (uint8_t)*text);
}

/* Without effects of the read. */
static void expect_pending(uint8_t iir) {
    struct uart before = uart;
    bool was_up = is_up;

    assert_int_equal(get(IIR) & 0x0f, iir);
    assert_int_equal(was_up, iir != NONE);
    uart = before;
    is_up = was_up;
}

static void test_reset(void **state) {
    const uint8_t values[UART_PORTS] = {0, 0, NONE, 0, 0, 0x60, 0xb0, 0};

    (void)state;
    for (unsigned i = 0; i < UART_PORTS; i++)
        assert_int_equal(get(i), values[i]);
    assert_int_equal(edges, 0);
}

/* Again, for a restart: all is as at first, and the console goes on counting what it puts in from where it was. */
static void test_reset_again(void **state) {
    unsigned put_before;

    put(LCR, DLAB);
    put(DATA, 0x12);
    put(IER, 0x34);
    for (unsigned i = 1; i < UART_PORTS; i++)
        put(i, 0xff);
    put(MCR, 0x0f);
    receive("abc");
    put_before = uart.put;
    uart_reset(&uart);
    assert_int_equal(uart.put, put_before);
    assert_int_equal(uart_room(&uart), UART_RECEIVES);
    is_up = false; /* as the I/O APIC is reset, too */
    edges = 0;
    test_reset(state);
    put(LCR, DLAB);
    assert_int_equal(get(DATA), 0);
    assert_int_equal(get(IER), 0);
    put(LCR, 0);
    receive("d");
    assert_int_equal(get(DATA), 'd');
    put(DATA, 'x'); /* goes out, as it does at first */
    put(DATA, '\n');
    log_expect("u | x\n");
}

static void test_transmit(void **state) {
    (void)state;
    for (const char *c = "hello\n"; *c != '\0'; c++) {
        assert_int_equal(get(LSR), 0x60);
        put(DATA, (uint8_t)*c);
    }
    log_expect("u | hello\n");
    assert_int_equal(get(DATA), 0);
}

static void test_registers(void **state) {
    const struct {
        unsigned offset;
        uint8_t written, read;
    } cases[] = {
        {LCR, 0x7f, 0x7f}, {LCR, 0x03, 0x03}, {MCR, 0x0f, 0x0f}, {MCR, 0xef, 0x0f}, {MCR, 0x0b, 0x0b},
        {SCR, 0x5a, 0x5a}, {SCR, 0xa5, 0xa5}, {LSR, 0x00, 0x60}, {LSR, 0xff, 0x60}, {MSR, 0x00, 0xb0},
        {FCR, 0x01, 0xc1}, {FCR, 0xc7, 0xc1}, {FCR, 0xc6, 0x01}, {FCR, 0x00, 0x01}, {IER, 0x05, 0x05},
        {IER, 0xff, 0x0f}, {IER, 0x00, 0x00}, {MCR, 0xff, 0x1f},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        put(cases[i].offset, cases[i].written);
        assert_int_equal(get(cases[i].offset), cases[i].read);
    }
    assert_int_equal(line.length, 0);
}

static void test_divisor(void **state) {
    (void)state;
    put(IER, 0x0a);
    put(LCR, DLAB | 3);
    put(DATA, 0x34);
    put(IER, 0x12);
    assert_int_equal(get(DATA), 0x34);
    assert_int_equal(get(IER), 0x12);
    assert_int_equal(line.length, 0); /* the divisor is not transmitted */
    put(LCR, 3);
    assert_int_equal(get(DATA), 0);
    assert_int_equal(get(IER), 0x0a);
    put(DATA, 'x');
    put(IER, 0x01);
    put(LCR, DLAB);
    assert_int_equal(get(DATA), 0x34);
    assert_int_equal(get(IER), 0x12);
    assert_int_equal(line.length, 1);
    put(IER, 0xff); /* the divisor's upper half enables no interrupt */
    put(LCR, 0);
    assert_int_equal(get(IER), 0x01);
    assert_false(is_up);
}

/* The divisor's lower half is no received byte, and takes none away. */
static void test_divisor_and_data(void **state) {
    (void)state;
    receive("x");
    put(LCR, DLAB);
    assert_int_equal(get(DATA), 0);
    assert_int_equal(get(LSR), 0x61);
    put(LCR, 0);
    assert_int_equal(get(DATA), 'x');
    assert_int_equal(get(LSR), 0x60);
}

static void test_receive(void **state) {
    (void)state;
    receive("ab\xff");
    assert_int_equal(get(LSR), 0x61);
    assert_int_equal(get(DATA), 'a');
    assert_int_equal(get(DATA), 'b');
    assert_int_equal(get(LSR), 0x61);
    assert_int_equal(get(DATA), 0xff);
    assert_int_equal(get(LSR), 0x60);
    assert_int_equal(edges, 0); /* not enabled */
    log_expect("");
}

/* Every byte that there is room for is there, in its order, however often the buffer has been filled. */
static void test_buffer(void **state) {
    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        assert_int_equal(uart_room(&uart), UART_RECEIVES);
        for (unsigned i = 0; uart_room(&uart); i++) {
            uart_receive(&uart, (uint8_t)(i * 7 + round));
            assert_int_equal(uart_room(&uart), UART_RECEIVES - 1 - i);
        }
        for (unsigned i = 0; i < UART_RECEIVES; i++)
            assert_int_equal(get(DATA), (uint8_t)(i * 7 + round));
        assert_int_equal(get(LSR), 0x60);
        receive("x"); /* so that it wraps elsewhere next time */
        assert_int_equal(get(DATA), 'x');
    }
    for (unsigned i = 0; i < 20000; i++)
        (void)get(DATA);
    assert_int_equal(uart_room(&uart), UART_RECEIVES);
}

/* The counts go on past 2^32. */
static void test_counts_wrap(void **state) {
    (void)state;
    uart.put = uart.got = UINT32_MAX - 2;
    receive("abcdef");
    assert_int_equal(uart_room(&uart), UART_RECEIVES - 6);
    for (const char *c = "abcdef"; *c; c++)
        assert_int_equal(get(DATA), *c);
    assert_int_equal(uart_room(&uart), UART_RECEIVES);
}

/* ---- interrupts ----------------------------------------------------------------------------- */

/* Received data, then the transmitter, then the modem; table "Interrupt Control Functions". */
static void test_priorities(void **state) {
    (void)state;
    put(MCR, LOOPBACK); /* CTS, DSR and DCD fall */
    receive("x");
    for (unsigned enabled = 0; enabled < 16; enabled++) {
        put(IER, 0);
        put(IER, (uint8_t)enabled);
        expect_pending(enabled & 1 ? RECEIVED : enabled & 2 ? EMPTY : enabled & 8 ? MODEM : NONE);
    }
    assert_int_equal(get(DATA), 'x');
    expect_pending(EMPTY);
    assert_int_equal(get(IIR), EMPTY);
    expect_pending(MODEM);
    assert_int_equal(get(IIR), MODEM); /* which that does not take back */
    assert_int_equal(get(MSR), 0x0b);
    expect_pending(NONE);
}

/* Enabled, the interrupt of the empty transmitter comes at once; IIR tells it once, a byte written is another. */
static void test_empty(void **state) {
    (void)state;
    put(IER, 2);
    assert_int_equal(edges, 1);
    expect_pending(EMPTY);
    assert_int_equal(get(IIR), EMPTY);
    assert_false(is_up);
    assert_int_equal(get(IIR), NONE);
    put(IER, 2); /* is no news */
    expect_pending(NONE);
    put(DATA, 'x');
    assert_int_equal(edges, 2);
    expect_pending(EMPTY);
    put(IER, 0);
    expect_pending(NONE);
    put(IER, 2);
    assert_int_equal(edges, 3);
    assert_int_equal(get(LSR), 0x60); /* says it without taking it back */
    expect_pending(EMPTY);
    put(IER, 0);
    put(DATA, 'y');
    put(DATA, '\n');
    log_expect("u | xy\n");
    assert_int_equal(edges, 3);
}

/* A byte written takes it back until that has gone: the line falls, and rises again. */
static void test_empty_again(void **state) {
    (void)state;
    put(IER, 2);
    for (unsigned i = 2; i < 10; i++) {
        put(DATA, 'x');
        assert_int_equal(edges, i);
        expect_pending(EMPTY);
    }
}

/* While received data is ahead, IIR does not tell that the transmitter is empty, nor takes that back. */
static void test_empty_behind_received(void **state) {
    (void)state;
    put(IER, 3);
    receive("x");
    assert_int_equal(get(IIR), RECEIVED);
    assert_int_equal(get(IIR), RECEIVED);
    assert_int_equal(get(DATA), 'x');
    assert_int_equal(get(IIR), EMPTY);
    assert_int_equal(get(IIR), NONE);
}

/* The level that bits 6 and 7 of FCR give; below it, what waits has waited long enough at once. */
static void test_triggers(void **state) {
    const unsigned levels[] = {1, 4, 8, 14};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(levels); i++) {
        make(state);
        put(IER, 1);
        put(FCR, (uint8_t)(i << 6 | 1));
        assert_int_equal(get(IIR), FIFOS | NONE);
        for (unsigned count = 1; count < 20; count++) {
            receive("x");
            assert_true(is_up);
            assert_int_equal(get(IIR), FIFOS | (count < levels[i] ? TIMEOUT : RECEIVED));
        }
        for (unsigned count = 19; count > 0; count--) {
            assert_int_equal(get(IIR), FIFOS | (count < levels[i] ? TIMEOUT : RECEIVED));
            (void)get(DATA);
        }
        assert_int_equal(get(IIR), FIFOS | NONE);
        assert_false(is_up);
        assert_int_equal(edges, 1);
    }
}

/* Without FIFOs a level means nothing. */
static void test_no_fifos(void **state) {
    (void)state;
    put(IER, 1);
    put(FCR, 0xc0);
    receive("x");
    assert_int_equal(get(IIR), RECEIVED);
}

/* Bit 1 of FCR clears what was received, as does a change of bit 0; nothing else does. */
static void test_clear(void **state) {
    const struct {
        uint8_t before, written;
        bool clears;
    } cases[] = {
        {0x00, 0x00, false}, {0x00, 0x01, true},  {0x01, 0x01, false}, {0x01, 0x00, true},  {0x01, 0x03, true},
        {0x00, 0x02, true},  {0x01, 0xc5, false}, {0x01, 0xc7, true},  {0xc1, 0x01, false},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        make(state);
        put(FCR, cases[i].before);
        put(IER, 1);
        receive("abc");
        put(FCR, cases[i].written);
        assert_int_equal(get(LSR), cases[i].clears ? 0x60 : 0x61);
        assert_int_equal(uart_room(&uart), cases[i].clears ? UART_RECEIVES : UART_RECEIVES - 3);
        assert_int_equal(is_up, !cases[i].clears);
        receive("d");
        assert_int_equal(get(DATA), cases[i].clears ? 'd' : 'a');
    }
}

/* A byte that comes while the line is about to fall raises it again: it is not lost as an edge. */
static void test_race(void **state) {
    (void)state;
    put(IER, 1);
    receive("x");
    assert_int_equal(edges, 1);
    receives_before = true;
    assert_int_equal(get(DATA), 'x');
    assert_true(is_up);
    assert_int_equal(edges, 2);
    assert_int_equal(get(DATA), 'r');
    assert_false(is_up);
}

/* ---- loopback ------------------------------------------------------------------------------- */

/* MCR's DTR, RTS, OUT1 and OUT2 come back as DSR, CTS, RI and DCD, with what has changed since the last read: of RI
 * that it fell. */
static void test_modem(void **state) {
    const struct {
        uint8_t mcr, msr;
    } cases[] = {
        {LOOPBACK | 0x00, 0x0b},        /* DSR, CTS and DCD were there */
        {LOOPBACK | 0x00, 0x00},        /* read once */
        {LOOPBACK | 0x01, 0x20 | 0x02}, /* DTR: DSR */
        {LOOPBACK | 0x03, 0x30 | 0x01}, /* RTS: CTS */
        {LOOPBACK | 0x07, 0x70},        /* OUT1: RI, whose rise is no change */
        {LOOPBACK | 0x0f, 0xf0 | 0x08}, /* OUT2: DCD */
        {LOOPBACK | 0x0b, 0xb0 | 0x04}, /* RI fell */
        {LOOPBACK | 0x08, 0x80 | 0x03},
        {LOOPBACK | 0x08, 0x80},
        {0x00, 0xb0 | 0x03}, /* the lines themselves */
        {0x0f, 0xb0},        /* which MCR does not change */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        put(MCR, cases[i].mcr);
        assert_int_equal(get(MSR), cases[i].msr);
    }
}

/* Changes add up until they are read. */
static void test_modem_adds_up(void **state) {
    (void)state;
    put(IER, 8);
    put(MCR, LOOPBACK | 0x0b); /* as the lines are */
    expect_pending(NONE);
    put(MCR, LOOPBACK | 0x09);
    expect_pending(MODEM);
    put(MCR, LOOPBACK | 0x0b);
    put(MCR, LOOPBACK | 0x0a);
    assert_int_equal(edges, 1);
    assert_int_equal(get(MSR), 0x90 | 0x03);
    expect_pending(NONE);
    assert_int_equal(get(MSR), 0x90);
}

/* What is sent is received, and does not go out. */
static void test_loopback_data(void **state) {
    (void)state;
    put(IER, 1);
    put(MCR, LOOPBACK);
    for (unsigned value = 0; value < 256; value++) {
        put(DATA, (uint8_t)value);
        expect_pending(RECEIVED);
        assert_int_equal(get(LSR), 0x61);
        assert_int_equal(get(DATA), value);
        assert_int_equal(get(LSR), 0x60);
    }
    assert_int_equal(line.length, 0);
    log_expect("");
    put(MCR, 0);
    put(DATA, 'x');
    assert_int_equal(line.length, 1);
    assert_int_equal(get(LSR), 0x60);
}

/* More than fits is lost, and what was there first is not. */
static void test_loopback_full(void **state) {
    (void)state;
    put(MCR, LOOPBACK);
    for (unsigned i = 0; i < 20000; i++)
        put(DATA, (uint8_t)(i / 64));
    assert_int_equal(uart_room(&uart), 0);
    for (unsigned i = 0; i < UART_RECEIVES; i++)
        assert_int_equal(get(DATA), i / 64);
    assert_int_equal(get(LSR), 0x60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reset, make),
        cmocka_unit_test_setup(test_reset_again, make),
        cmocka_unit_test_setup(test_transmit, make),
        cmocka_unit_test_setup(test_registers, make),
        cmocka_unit_test_setup(test_divisor, make),
        cmocka_unit_test_setup(test_divisor_and_data, make),
        cmocka_unit_test_setup(test_receive, make),
        cmocka_unit_test_setup(test_buffer, make),
        cmocka_unit_test_setup(test_counts_wrap, make),
        cmocka_unit_test_setup(test_priorities, make),
        cmocka_unit_test_setup(test_empty, make),
        cmocka_unit_test_setup(test_empty_again, make),
        cmocka_unit_test_setup(test_empty_behind_received, make),
        cmocka_unit_test(test_triggers),
        cmocka_unit_test_setup(test_no_fifos, make),
        cmocka_unit_test(test_clear),
        cmocka_unit_test_setup(test_race, make),
        cmocka_unit_test_setup(test_modem, make),
        cmocka_unit_test_setup(test_modem_adds_up, make),
        cmocka_unit_test_setup(test_loopback_data, make),
        cmocka_unit_test_setup(test_loopback_full, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
