/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1 by polling (16550 data sheet): see serial.h. boot/entry.S has set the line up
 * before any C code runs. A machine without a COM1 reads 0xff and so always has room.
 */
#include "hv/cpu/serial.h"

#include "hv/cpu/x86.h"
#include "hv/lib/string.h"

#define COM1           0x3f8
#define RBR            (COM1 + 0)
#define THR            (COM1 + 0)
#define LSR            (COM1 + 5)
#define LSR_DR         0x01
#define LSR_THRE       0x20
#define LSR_ABSENT     0xff
#define PATIENCE_POLLS 1000000 /* a UART that never gets room must not hang the machine */

#define RING_BYTES 0x10000UL /* a line of each of 256 partitions, and reports */

static char ring[RING_BYTES];
static uint64_t written; /* positions count from the start and never wrap */
static uint64_t sent;
static uint32_t tickets, serving; /* of writers: first come, first served */
static bool sending;              /* some processor is in send_one() */
static bool returned;             /* the newline at `sent` has had its CR */
static unsigned polls;

static bool has_room(void) {
    if (!(x86_inb(LSR) & LSR_THRE) && ++polls < PATIENCE_POLLS)
        return false;
    polls = 0;
    return true;
}

/* One byte, if there is one and room for it, and no other processor is at it. */
static void send_one(void) {
    if (__atomic_exchange_n(&sending, true, __ATOMIC_ACQUIRE)) {
        x86_pause();
        return;
    }
    if (sent < serial_written() && has_room()) {
        char c = ring[sent % RING_BYTES];
        bool is_return = c == '\n' && !returned;

        x86_outb(THR, is_return ? '\r' : (uint8_t)c);
        returned = is_return;
        if (!is_return)
            __atomic_store_n(&sent, sent + 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&sending, false, __ATOMIC_RELEASE);
}

uint64_t serial_write(const char *text, size_t length) {
    uint32_t ticket = __atomic_fetch_add(&tickets, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&serving, __ATOMIC_ACQUIRE) != ticket)
        x86_pause();
    while (written + length - __atomic_load_n(&sent, __ATOMIC_ACQUIRE) > RING_BYTES)
        send_one();
    size_t at = written % RING_BYTES;
    size_t first = lower(length, RING_BYTES - at);
    uint64_t end = written + length;

    memcpy(ring + at, text, first);
    memcpy(ring, text + first, length - first);
    __atomic_store_n(&written, end, __ATOMIC_RELEASE);
    __atomic_store_n(&serving, ticket + 1, __ATOMIC_RELEASE);
    return end;
}

bool serial_send(uint64_t position, uint64_t until_tsc) {
    while (__atomic_load_n(&sent, __ATOMIC_ACQUIRE) < position) {
        if (until_tsc != 0 && x86_rdtsc() >= until_tsc)
            return false;
        send_one();
    }
    return true;
}

uint64_t serial_written(void) {
    return __atomic_load_n(&written, __ATOMIC_ACQUIRE);
}

void serial_seize(void) {
    tickets = serving = 0;
    sending = false;
}

int serial_get(void) {
    uint8_t lsr = x86_inb(LSR);

    return lsr != LSR_ABSENT && (lsr & LSR_DR) ? x86_inb(RBR) : -1;
}
