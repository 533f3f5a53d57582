/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard behind the 8042, scan code set 1: see keyboard.h.
 */
#include "hv/cpu/keyboard.h"

#include "hv/cpu/x86.h"

#define PORT_DATA     0x60
#define PORT_STATUS   0x64
#define STATUS_OUTPUT 0x01 /* a byte waits */
#define STATUS_MOUSE  0x20 /* it is the mouse's; so are all where no 8042 is and 0xff is read */

#define SCAN_ALT     0x38
#define SCAN_F1      0x3b
#define SCAN_RELEASE 0x80
#define SCREENS      8
#define BYTES_MAX    16 /* a poll */

static bool alt_is_down;

int keyboard_poll_screen(void) {
    int screen = -1;

    for (int i = 0; i < BYTES_MAX; i++) {
        uint8_t status = x86_inb(PORT_STATUS);

        if (!(status & STATUS_OUTPUT))
            break;
        uint8_t scan = x86_inb(PORT_DATA);

        if (status & STATUS_MOUSE)
            continue;
        if ((scan & ~SCAN_RELEASE) == SCAN_ALT)
            alt_is_down = !(scan & SCAN_RELEASE);
        else if (alt_is_down && scan >= SCAN_F1 && scan < SCAN_F1 + SCREENS)
            screen = scan - SCAN_F1;
    }
    return screen;
}
