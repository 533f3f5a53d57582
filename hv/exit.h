/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each #VMEXIT does: a table with a row for every exit code.
 */
#pragma once

#include "hv/lib/types.h"

struct vcpu;

#define EXIT_ROWS 0x92 /* codes 0 to 0x8f, nested page fault, invalid */

/* Row of an exit code, for counts and names; codes without one share the row of "invalid". */
unsigned exit_row(uint64_t exitcode);
const char *exit_name(unsigned row);

/* The lines of a report that say what happened: exit name, EXITINFO1 and 2, for a nested page fault in words.
 */
void exit_describe(const struct vcpu *vcpu);
