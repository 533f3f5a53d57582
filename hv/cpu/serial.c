/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1 by polling (16550 data sheet). boot/entry.S has set the line up before any
 * C code runs. A machine without a COM1 reads 0xff and so always has room.
 */
#include "hv/cpu/serial.h"

#include "hv/cpu/x86.h"

#define COM1           0x3f8
#define RBR            (COM1 + 0)
#define THR            (COM1 + 0)
#define LSR            (COM1 + 5)
#define LSR_DR         0x01
#define LSR_THRE       0x20
#define LSR_ABSENT     0xff
#define PATIENCE_POLLS 1000000 /* a UART that never gets room must not hang the machine */

static void send(uint8_t byte) {
    for (int polls = 0; polls < PATIENCE_POLLS && !(x86_inb(LSR) & LSR_THRE); polls++)
        x86_pause();
    x86_outb(THR, byte);
}

void serial_put(char c) {
    if (c == '\n')
        send('\r');
    send((uint8_t)c);
}

int serial_get(void) {
    uint8_t lsr = x86_inb(LSR);

    return lsr != LSR_ABSENT && (lsr & LSR_DR) ? x86_inb(RBR) : -1;
}
