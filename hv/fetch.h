/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of the instruction that exited, for the few exits whose instruction has to
 * be read as processors without decode assists do not say what it is.
 */
#pragma once

#include "hv/vcpu.h"

/*
 * Reads `count` bytes at CS:RIP through the guest's page tables and the NPT, and tells how many it has read: fewer
 * when these lead nowhere, which a guest can bring about by changing them meanwhile.
 */
unsigned fetch(const struct vcpu *vcpu, uint8_t *bytes, unsigned count);
