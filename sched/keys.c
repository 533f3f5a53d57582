/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys: see keys.h.
 */
#include "sched/keys.h"

#include "hv/cpu/keyboard.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/x86.h"
#include "hv/lib/log.h"
#include "partitions/devices.h"
#include "sched/report.h"

#define ESCAPE    0x1d /* Ctrl-] */
#define BYTES_MAX 16   /* a look, which so takes no longer than a chore may: what COM1's FIFO holds */

static struct partition *partitions;
static unsigned partition_count;
static struct partition *focus; /* NULL: everybody's lines are shown, and nobody gets what is typed */
static bool escape_seen;
static unsigned listed; /* partitions that the list has by now */
static uint64_t start_tsc;

void keys_init(struct partition *first, unsigned count) {
    partitions = first;
    partition_count = listed = count;
    start_tsc = x86_rdtsc();
}

static void set_focus(struct partition *partition) {
    focus = partition;
    for (struct partition *p = partitions; p < partitions + partition_count; p++)
        if (p != partition)
            console_set_mode(&p->common.console, partition ? CONSOLE_QUIET : CONSOLE_LINES);
    log_line("console: %s", partition ? partition->config->label : "the lines of all partitions");
    if (partition)
        console_set_mode(&partition->common.console, CONSOLE_RAW);
}

/* The next one behind the focus that has a console, NULL behind the last. */
static struct partition *next_console(void) {
    for (struct partition *p = focus ? focus + 1 : partitions; p < partitions + partition_count; p++)
        if (p->uart.line)
            return p;
    return NULL;
}

/* A byte for which there is no room is lost: left in COM1, it would be ahead of the commands. */
static void send(uint8_t byte) {
    if (focus && uart_room(&focus->uart))
        uart_receive(&focus->uart, byte);
}

static void command(uint8_t c) {
    unsigned screens = devices_screen_count(), number = c - 'A';

    if (c >= '1' && c < '1' + screens)
        devices_show_screen(c - '1');
    else if (c == 'a')
        report_certificate();
    else if (c == 'b' && focus)
        uart_break(&focus->uart);
    else if (c == 'c')
        set_focus(next_console());
    else if (c == 'l')
        listed = 0;
    else if (number < partition_count && partitions[number].uart.line)
        set_focus(&partitions[number]);
    else if (c == ESCAPE)
        send(c);
    else
        log_line(
            "keys: Ctrl-] and l lists the partitions, A, B... goes to the console of one in the list, c to the next, "
            "b sends it a break, a audits the tables, a digit shows one of %u screens",
            screens);
}

bool keys_poll(void) {
    int screen = keyboard_poll_screen(), c = -1;

    if (screen >= 0)
        devices_show_screen((unsigned)screen);
    devices_refresh_screen();
    if (listed < partition_count)
        report_partition(&partitions[listed], (char)('A' + listed), x86_rdtsc() - start_tsc);
    listed += listed < partition_count;
    for (unsigned i = 0; i < BYTES_MAX && (c = serial_get()) >= 0; i++) {
        if (escape_seen)
            command((uint8_t)c);
        else if (c != ESCAPE)
            send((uint8_t)c);
        escape_seen = !escape_seen && c == ESCAPE;
    }
    return c >= 0 || listed < partition_count;
}
