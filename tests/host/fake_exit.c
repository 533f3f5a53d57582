/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of single files use of exit.c.
 */
#include "hv/exits.h"
#include "hv/svm/event.h"

/* A row a code, as far as there are rows. */
unsigned exit_row(uint64_t exitcode) {
    return exitcode < EXIT_ROWS ? (unsigned)exitcode : 0;
}

const struct exit_entry exit_entries[EXIT_ROWS];

enum verdict exit_protection(struct vcpu *vcpu) {
    event_exception(vcpu->vmcb, VECTOR_GP);
    return VERDICT_RESUME;
}
