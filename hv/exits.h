/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exits that need more than a line, each in a file of its own, and what they
 * share. Only exit.c's table points at them.
 */
#ifndef SHIKIRI_HV_EXITS_H
#define SHIKIRI_HV_EXITS_H

#include "hv/verdict.h"

struct vcpu;

enum verdict cpuid_exit(struct vcpu *vcpu);     /* cpuid.c */
enum verdict msr_exit(struct vcpu *vcpu);       /* msr.c */
enum verdict io_exit(struct vcpu *vcpu);        /* io_exit.c */
enum verdict hypercall_exit(struct vcpu *vcpu); /* hypercall.c */

/* Moves RIP past the instruction that exited, and ends its interrupt shadow. */
void exit_advance(struct vcpu *vcpu);

#endif
