/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a run: see machine.h.
 */
#include "hv/cpu/machine.h"

#include "hv/cpu/x86.h"

#define QEMU_DEBUG_EXIT_PORT 0xf4
#define BOCHS_SHUTDOWN_PORT  0x8900

static enum machine_exit how;

void machine_set_exit(enum machine_exit exit) {
    how = exit;
}

void machine_end(enum machine_result result) {
    if (how == MACHINE_QEMU_EXIT)
        x86_outb(QEMU_DEBUG_EXIT_PORT, (uint8_t)result);
    if (how == MACHINE_BOCHS_SHUTDOWN)
        for (const char *c = "Shutdown"; *c; c++)
            x86_outb(BOCHS_SHUTDOWN_PORT, (uint8_t)*c);
    machine_halt();
}

void machine_halt(void) {
    for (;;) {
        x86_cli();
        x86_hlt();
    }
}
