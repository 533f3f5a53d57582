/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other processors: found in the ACPI tables, started with INIT and SIPI (APM vol.
 * 2, "Multiprocessor Initialization"), and let into their loops together.
 */
#pragma once

#include "boot/acpi.h"
#include "sched/loop.h"

/* The boot processor first, then those of the MADT in its order, as many as `cpus` holds. */
struct processors {
    uint8_t apic_id[CPU_MAX];
    unsigned count;
    const char *missing; /* what the ACPI tables lack */
};

/* Looks while all physical memory is still mapped. */
void processors_find(struct processors *processors);

/*
 * Starts processor `number`, whose host save area is set, and waits until it is ready for its loop. NULL, or
 * what went wrong as a sentence.
 */
const char *processors_start(const struct processors *processors, unsigned number, struct loop *loop);

/* Lets all that were started run their loops. */
void processors_go(void);
