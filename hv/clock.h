/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The paravirtual clock that Linux knows from KVM ("KVM-specific MSRs" in Linux' documentation): a structure in the
 * guest's memory from which it computes the time by its TSC. As the TSC never stops or changes its rate, what is
 * written once is right for ever.
 */
#pragma once

#include "hv/lib/types.h"

struct vcpu;

#define MSR_KVM_WALL_CLOCK  0x4b564d00U
#define MSR_KVM_SYSTEM_TIME 0x4b564d01U

/* Reads the time of day, for all guests. */
void clock_init(uint64_t tsc_khz);

/* The time of day: seconds since the start of 1970. */
uint64_t clock_seconds(void);

/* Writes of the two MSRs: the guest-physical address of the structure, whose lowest bit switches the clock on. False
 * where the guest has no memory to write to. */
bool clock_write_wall(struct vcpu *vcpu, uint64_t value);
bool clock_write_system(struct vcpu *vcpu, uint64_t value);
