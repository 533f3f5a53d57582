/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a run of the machine ends: it halts, or it leaves the emulator.
 */
#pragma once

/* The result, as the emulator's exit status tells it (QEMU: twice the value plus one). */
enum machine_result {
    MACHINE_DONE = 0x10,    /* all partitions stopped: 33 */
    MACHINE_REFUSED = 0x11, /* a missing prerequisite or a wrong configuration: 35 */
    MACHINE_PANIC = 0x12,   /* a bug of ours: 37 */
};

enum machine_exit {
    MACHINE_HALT,           /* stay where it is */
    MACHINE_QEMU_EXIT,      /* QEMU's isa-debug-exit device at port 0xf4 */
    MACHINE_BOCHS_SHUTDOWN, /* Bochs' shutdown port 0x8900 */
};

/* What machine_end() does; MACHINE_HALT until it is called. */
void machine_set_exit(enum machine_exit exit);

__attribute__((noreturn)) void machine_end(enum machine_result result);

/* The end of one processor. */
__attribute__((noreturn)) void machine_halt(void);
