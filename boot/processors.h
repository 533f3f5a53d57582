/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other processors: started with INIT and SIPI (APM vol. 2, "Multiprocessor Initialization"), and let into
 * their loops together.
 */
#pragma once

#include "sched/loop.h"

/*
 * Starts the processor of that APIC id, whose host save area is set, and waits until it is ready for its loop. NULL,
 * or what went wrong as a sentence.
 */
const char *processors_start(uint8_t apic_id, struct loop *loop);

/* Lets all that were started run their loops. */
void processors_go(void);
