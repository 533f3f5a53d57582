/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each #VMEXIT does: a table with a row for every exit code.
 */
#pragma once

#include "hv/lib/types.h"

struct vcpu;

#define EXIT_ROWS 32

/* Before the first guest runs. */
void exit_init(void);

/* Row of an exit code, for costs and names; codes without one share row 0, "INVALID". */
unsigned exit_row(uint64_t exitcode);
const char *exit_name(unsigned row);
uint32_t exit_code(unsigned row); /* TRACE_INVALID for row 0 */

/* The lines of a report that say what happened: exit name, EXITINFO1 and 2, for a nested page fault in words.
 */
void exit_describe(const struct vcpu *vcpu);
