/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated 8254: see pit.h. Nothing runs between two accesses: what has been counted is computed when it is read.
 * Several vCPUs of a partition may be here at once: none of them divides by an initial count that another one clears.
 */
#include "hv/dev/pit.h"

#define COUNTERS        3U
#define CONTROL         3 /* offset of the port */
#define SELECT_SHIFT    6 /* in a control word; COUNTERS there is a read-back command */
#define BYTES_SHIFT     4
#define BYTES_MASK      3U
#define BYTES_HIGH      2
#define BYTES_BOTH      3
#define MODE_SHIFT      1
#define NO_COUNT        0x20 /* in a read-back command */
#define NO_STATUS       0x10
#define STATUS_OUT      0x80
#define STATUS_NO_COUNT 0x40
#define GATE            0x01 /* in the system control port */
#define GATE_KEPT       0x0f
#define GATE_REFRESH    0x10 /* another one every so many ticks */
#define GATE_OUT        0x20
#define REFRESH_TICKS   18
#define GATED           2 /* the counter with a gate */

enum mode { MODE_TERMINAL_COUNT, MODE_ONE_SHOT, MODE_RATE, MODE_SQUARE, MODE_STROBE, MODE_GATED_STROBE };

static enum mode mode_of(const struct pit_counter *counter) {
    unsigned mode = counter->control >> MODE_SHIFT & 7;

    return (enum mode)(mode > MODE_GATED_STROBE ? mode - 4 : mode);
}

static unsigned bytes_of(const struct pit_counter *counter) {
    return counter->control >> BYTES_SHIFT & BYTES_MASK;
}

/* The modes that a gate starts are not stopped by it. */
static bool is_open(const struct pit *pit, unsigned number) {
    enum mode mode = mode_of(&pit->counters[number]);

    return number != GATED || (pit->gate & GATE) || mode == MODE_ONE_SHOT || mode == MODE_GATED_STROBE;
}

/* From a counter's `ticks` to how far it has come, and from that to its `ticks`. */
static uint64_t elapsed(const struct pit *pit, unsigned number, uint64_t ticks) {
    return is_open(pit, number) ? pit->now_ticks() - ticks : ticks;
}

static uint16_t count(const struct pit *pit, unsigned number) {
    const struct pit_counter *counter = &pit->counters[number];
    uint64_t initial = __atomic_load_n(&counter->initial, __ATOMIC_RELAXED);
    uint64_t ticks = elapsed(pit, number, counter->ticks);

    if (initial && mode_of(counter) == MODE_RATE)
        ticks %= initial;
    if (initial && mode_of(counter) == MODE_SQUARE) /* even numbers, twice a period */
        ticks = 2 * ticks % initial | initial % 2;
    return (uint16_t)(initial ? initial - ticks : 0);
}

/* Being low for a tick, as in the other modes, is not seen. */
static bool output(const struct pit *pit, unsigned number) {
    const struct pit_counter *counter = &pit->counters[number];
    uint64_t initial = __atomic_load_n(&counter->initial, __ATOMIC_RELAXED);
    uint64_t ticks = elapsed(pit, number, counter->ticks);
    enum mode mode = mode_of(counter);

    if (!initial)
        return mode != MODE_TERMINAL_COUNT;
    if (mode == MODE_SQUARE)
        return !is_open(pit, number) || ticks % initial < (initial + 1) / 2;
    return mode > MODE_ONE_SHOT || ticks >= initial;
}

/* What is latched already stays. */
static void latch_count(struct pit *pit, unsigned number) {
    struct pit_counter *counter = &pit->counters[number];

    if (counter->unread)
        return;
    counter->latch = count(pit, number);
    counter->unread = bytes_of(counter) == BYTES_BOTH ? 2 : 1;
}

uint8_t pit_read(void *device, unsigned offset) {
    struct pit *pit = device;
    struct pit_counter *counter = &pit->counters[offset];

    if (offset == CONTROL)
        return 0xff;
    uint8_t status = counter->status;

    counter->status = 0;
    if (status)
        return status;
    latch_count(pit, offset);
    bool high = counter->unread == 1 && bytes_of(counter) >= BYTES_HIGH;

    counter->unread--;
    return (uint8_t)(high ? counter->latch >> 8 : counter->latch);
}

static void read_back(struct pit *pit, uint8_t command) {
    for (unsigned i = 0; i < COUNTERS; i++) {
        struct pit_counter *counter = &pit->counters[i];

        if (!(command & 2U << i))
            continue;
        if (!(command & NO_COUNT))
            latch_count(pit, i);
        if (!(command & NO_STATUS) && !counter->status)
            counter->status = (uint8_t)(counter->control | (output(pit, i) ? STATUS_OUT : 0) |
                                        (counter->initial ? 0 : STATUS_NO_COUNT));
    }
}

static void control(struct pit *pit, uint8_t word) {
    unsigned number = word >> SELECT_SHIFT;

    if (number == COUNTERS)
        read_back(pit, word);
    else if (!(word >> BYTES_SHIFT & BYTES_MASK))
        latch_count(pit, number);
    else
        pit->counters[number] = (struct pit_counter){.control = word & 0x3f};
}

/* The last byte of a count starts it. Of one that is written by half the rest is 0; a count of 0 is one of 0x10000. */
static void write_count(struct pit *pit, unsigned number, uint8_t value) {
    struct pit_counter *counter = &pit->counters[number];
    uint32_t high = (uint32_t)value << 8, initial = bytes_of(counter) == BYTES_HIGH ? high : value;

    if (bytes_of(counter) == BYTES_BOTH) {
        counter->half = !counter->half;
        initial = high | counter->low;
    }
    counter->low = value;
    if (counter->half)
        return;
    counter->initial = initial ? initial : 0x10000;
    counter->ticks = elapsed(pit, number, 0);
}

enum verdict pit_write(void *device, unsigned offset, uint8_t value) {
    if (offset == CONTROL)
        control(device, value);
    else
        write_count(device, offset, value);
    return VERDICT_RESUME;
}

uint8_t pit_read_gate(void *device, unsigned offset) {
    const struct pit *pit = device;

    return (uint8_t)(pit->gate | (pit->now_ticks() / REFRESH_TICKS % 2 ? GATE_REFRESH : 0) |
                     (output(pit, GATED) ? GATE_OUT : 0));
}

/* Opened, it lets the modes go on that have an end, the others begin anew. */
enum verdict pit_write_gate(void *device, unsigned offset, uint8_t value) {
    struct pit *pit = device;
    struct pit_counter *counter = &pit->counters[GATED];
    enum mode mode = mode_of(counter);
    uint64_t ticks = elapsed(pit, GATED, counter->ticks);
    bool changes = (value ^ pit->gate) & GATE, goes_on = mode == MODE_TERMINAL_COUNT || mode == MODE_STROBE;

    pit->gate = value & GATE_KEPT;
    if (changes)
        counter->ticks = elapsed(pit, GATED, (value & GATE) && !goes_on ? 0 : ticks);
    return VERDICT_RESUME;
}
