/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One trip into the guest and back.
 */
#ifndef SHIKIRI_HV_SVM_VMRUN_H
#define SHIKIRI_HV_SVM_VMRUN_H

struct vcpu;

/*
 * Loads the general registers, VMRUN, saves them again and restores this processor's TR.
 * Called with GIF=0 and IF=1; returns the same way (APM vol. 2, "VMRUN Instruction").
 */
void vmrun(struct vcpu *vcpu);

#endif
