/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated 8254 (Intel 82C54 data sheet) and the system control port: three counters to measure time with, as
 * software does that has no better clock. Their interrupts go nowhere, they count in binary, and the gate of the third
 * is the only one that can be closed. A new count begins at once; the modes that wait for a gate do not wait.
 */
#pragma once

#include "hv/io.h"

#define PIT_PORT      0x40 /* counters 0 to 2, control word */
#define PIT_PORTS     4
#define PIT_GATE_PORT 0x61 /* gate and output of counter 2 */
#define PIT_HZ        1193182U

struct pit_counter {
    uint64_t ticks;   /* when it began, or with the gate closed how far it has come */
    uint32_t initial; /* that it counts down from, 0 before it is written */
    uint16_t latch;
    uint8_t unread;  /* bytes of it */
    uint8_t control; /* word */
    uint8_t status;  /* that is read first, if it is not 0 */
    uint8_t low;     /* of the initial count, */
    bool half;       /* of which the other half is to come */
};

/* After reset all is 0 but the time. */
struct pit {
    uint64_t (*now_ticks)(void); /* of PIT_HZ */
    struct pit_counter counters[3];
    uint8_t gate; /* what was written to the system control port */
};

io_read_fn pit_read, pit_read_gate;
io_write_fn pit_write, pit_write_gate;
