/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's command line: words of the form name=value.
 */
#pragma once

#include "hv/cpu/machine.h"
#include "hv/lib/report.h"
#include "hv/lib/sha256.h"

struct options {
    enum machine_exit on_end;                /* on-end=halt (default), qemu-exit or bochs-shutdown */
    uint32_t end_after_ms;                   /* end-after-ms=N: 0 without */
    bool trace_print;                        /* trace=print: all records, when the run is over */
    bool idle_polls;                         /* idle=poll: nobody halts a processor */
    char certificate[SHA256_HEX_DIGITS + 1]; /* certificate=HASH: what the system's has to be; "" without */
};

/* Reads the options; what is unknown goes to `report`. A first word without "=" is the program's name. */
void options_read(struct options *options, const char *command_line, struct report *report);
