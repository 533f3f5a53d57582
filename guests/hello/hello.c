/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classic demonstration: a greeting on the screen, then a read outside the
 * partition's memory. Nothing is there, so the hypervisor ends the partition with a
 * report. Bootargs: peek=ADDRESS (default 32 MiB).
 */
#include "guests/lib/lib.h"

#define DEFAULT_PEEK 0x2000000
#define LIGHT_GREY   0x07

int main(const char *args) {
    volatile uint32_t *outside = (volatile uint32_t *)(uintptr_t)args_number(args, "peek", DEFAULT_PEEK);

    print_to(args);
    screen_fill(0, 0, SCREEN_ROWS, SCREEN_COLUMNS, LIGHT_GREY, ' ');
    screen_write(0, 0, LIGHT_GREY, "Hello World (from the virtual machine)");
    print("hello: read 0x%x outside the window: isolation is broken\n", *outside);
    return 1;
}
