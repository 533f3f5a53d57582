/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each #VMEXIT does: a table with a row for every exit code.
 */
#pragma once

#include "hv/lib/types.h"
#include "hv/verdict.h"

struct vcpu;

#define EXIT_ROWS 32

extern const struct exit_entry {
    uint32_t code; /* TRACE_INVALID in row 0 */
    char name[12]; /* 11 characters at most */
    enum verdict (*act)(struct vcpu *vcpu);
} exit_entries[EXIT_ROWS];

/* Row of an exit code, also of its costs; codes without one share row 0, "INVALID". */
unsigned exit_row(uint64_t exitcode);

/* The lines of a report that say what happened: exit name, EXITINFO1 and 2, for a nested page fault in words.
 */
void exit_describe(const struct vcpu *vcpu);
