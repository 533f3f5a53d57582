/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets of struct members for assembly. Compiled to assembly only; the Makefile
 * turns the marked lines into offsets.h.
 */
#include "hv/vcpu.h"

#define OFFSET(name, type, member) __asm__ volatile("\n#define " #name " %c0" ::"i"(offsetof(type, member)))

void offsets(void);
void offsets(void)
{
    OFFSET(VCPU_REGISTERS, struct vcpu, registers);
    OFFSET(VCPU_VMCB_PA, struct vcpu, vmcb_pa);
    OFFSET(VCPU_CPU, struct vcpu, cpu);
    OFFSET(CPU_GDT, struct cpu, gdt);
}
