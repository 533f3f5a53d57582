/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit at the start and at the end of a run, and what the user asks of the certificate: its hash on the
 * command line, or its text as a module.
 */
#pragma once

#include "boot/start.h"

/*
 * Audits what start_build() has made and prints the certificate's hash. A certificate that is not the one the
 * user gave ends the run before any partition has started.
 */
void certify_system(struct boot *boot);

/* Audits once more, when all partitions have stopped. */
void certify_end(void);
