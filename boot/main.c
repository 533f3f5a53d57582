/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of contents: what happens between the boot loader and the first guest,
 * a step a line. A step that fails says why and ends the run; nothing has been given
 * to a partition by then.
 */
#include "boot/start.h"
#include "hv/cpu/panic.h"
#include "hv/cpu/screen.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/xstate.h"
#include "hv/lib/log.h"
#include "sched/report.h"

__attribute__((noreturn)) void boot_main(uint32_t magic, const void *info);

/* The screen takes more time than a slot may spare. */
uint64_t log_write(const char *text, size_t length) {
    uint64_t slot_end_tsc = cpu_self()->slot_end_tsc;
    uint64_t position = serial_write(text, length);

    serial_send(position, slot_end_tsc);
    if (slot_end_tsc == 0 && devices_screen_count() == 0)
        screen_write(text, length);
    return position;
}

void boot_main(uint32_t magic, const void *info) {
    static struct boot boot;

    panic_init();                          /* the stack protector's guard */
    trap_init();                           /* the IDT's contents */
    cpu_init(&cpus[0]);                    /* descriptor tables; from here on a bug is a panic */
    start_read_loader(&boot, magic, info); /* memory map, modules, command line */
    start_read_options(&boot);             /* how the run ends, what is traced */
    start_check_processors(&boot);         /* SVM, nested paging, NX; how many, by the ACPI tables */
    start_place_modules(&boot);            /* to where they are out of the way, whoever has loaded them */
    start_find_blob(&boot);                /* the configuration among the modules */
    start_find_memory(&boot);              /* a piece of RAM for everything built below */
    start_protect(&boot);                  /* our own page tables: W^X, NX, guard pages */
    xstate_init();                         /* x87, SSE, AVX, XCR0 */
    start_timer(&cpus[0]);                 /* the LAPIC's, and its rate; the time of day */
    start_svm(&boot, &cpus[0]);            /* EFER.SVME, and what it really does */
    start_check_system(&boot);             /* every error of the configuration and the images */
    start_build(&boot);                    /* partitions: memory, tables, devices, entry points */
    certify_system(&boot);                 /* the live tables are what the configuration and the user say */
    start_announce(&boot);                 /* what there is, and how long it took */
    start_processors(&boot);               /* INIT, SIPI; each into a loop of its own */
    loop_run(&boot.loops[0]);              /* until all have stopped, on all processors */
    start_summarize(&boot);                /* run times, switches, exits */
    report_certificate();                  /* the tables are still what they were */
    machine_end(MACHINE_DONE);
}
