/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys: see keys.h.
 */
#include "sched/keys.h"

#include "hv/cpu/keyboard.h"
#include "hv/cpu/serial.h"
#include "hv/lib/log.h"
#include "partitions/devices.h"
#include "sched/report.h"

#define ESCAPE 0x1d /* Ctrl-] */

static bool escape_seen;

static void command(int c) {
    unsigned screens = devices_screen_count();
    char hash[SHA256_HEX_DIGITS + 1];

    if (c >= '1' && c < '1' + (int)screens)
        devices_show_screen((unsigned)(c - '1'));
    else if (c == 'a')
        report_certificate(hash);
    else if (screens)
        log_line("keys: Ctrl-] and 1 to %u show a screen, a audits the tables", screens);
    else
        log_line("keys: Ctrl-] and a audits the tables; no partition has a screen");
}

void keys_poll(void) {
    int screen = keyboard_poll_screen();

    if (screen >= 0)
        devices_show_screen((unsigned)screen);
    devices_refresh_screen();
    int c = serial_get(); /* one a look, which so takes no longer than a chore may */

    if (c < 0)
        return;
    if (escape_seen)
        command(c);
    escape_seen = !escape_seen && c == ESCAPE;
}
