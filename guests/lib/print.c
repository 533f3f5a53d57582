/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text to a UART (16550 data sheet), or in lines by hypercall: see lib.h.
 */
#include <stdarg.h>

#include "guests/lib/lib.h"

#define LINE_MAX 128

#define UART_THR 0
#define UART_IER 1
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define LCR_DLAB 0x80
#define LCR_8N1  0x03
#define LSR_THRE 0x20

static uint16_t uart; /* 0: by hypercall */
static char line[LINE_MAX];
static unsigned length;

void print_to(const char *args) {
    uart = (uint16_t)args_number(args, "uart", 0);
    if (uart == 0)
        return;
    outb(uart + UART_IER, 0);
    outb(uart + UART_LCR, LCR_DLAB);
    outb(uart + 0, 1); /* 115,200 baud */
    outb(uart + 1, 0);
    outb(uart + UART_LCR, LCR_8N1);
    outb(uart + UART_FCR, 0x07);
    outb(uart + UART_MCR, 0x03);
}

static void send(char c) {
    while (!(inb(uart + UART_LSR) & LSR_THRE))
        pause();
    outb(uart + UART_THR, (uint8_t)c);
}

static void put(char c) {
    if (uart) {
        if (c == '\n')
            send('\r');
        send(c);
        return;
    }
    line[length++] = c;
    if (c == '\n' || length == LINE_MAX) {
        for (unsigned sent = 0; sent < length;)
            sent +=
                (unsigned)hypercall(SHIKIRI_CALL_CONSOLE_WRITE, (unsigned long)(uintptr_t)(line + sent), length - sent);
        length = 0;
    }
}

static void put_string(const char *s) {
    while (*s != '\0')
        put(*s++);
}

/* Nibble by nibble: 32-bit guests have no 64-bit division. */
static void put_hex(uint64_t value) {
    bool leading = true;

    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned nibble = (unsigned)(value >> shift & 0xf);

        leading &= nibble == 0 && shift != 0;
        if (!leading)
            put("0123456789abcdef"[nibble]);
    }
}

char *to_decimal(uint32_t value, char digits[11]) {
    char *at = digits + 10;

    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return at;
}

void print(const char *format, ...) {
    static bool taken;
    va_list arguments;

    while (__atomic_exchange_n(&taken, true, __ATOMIC_ACQUIRE))
        pause();
    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        char digits[11];
        bool is_long = false;

        if (*format != '%') {
            put(*format);
            continue;
        }
        for (format++; *format == 'l'; format++)
            is_long = true;
        if (*format == 's')
            put_string(va_arg(arguments, const char *));
        else if (*format == 'u')
            put_string(to_decimal(va_arg(arguments, unsigned), digits));
        else if (*format == 'x')
            put_hex(is_long ? va_arg(arguments, unsigned long long) : va_arg(arguments, unsigned));
    }
    va_end(arguments);
    __atomic_store_n(&taken, false, __ATOMIC_RELEASE);
}
