/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MOV to CR8 and to DR7 (APM vol. 3, "MOV CRn" and "MOV DRn"). Writes of CR8 are
 * intercepted as QEMU aborts on some, writes of DR7 as QEMU leaves the breakpoints
 * they arm in force after #VMEXIT, for the neighbours and for ourselves.
 */
#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/fetch.h"
#include "hv/interrupt.h"

#define PREFIX_LOCK  0xf0 /* LOCK MOV CR0 is MOV CR8 outside 64-bit mode */
#define PREFIX_REX   0x40
#define REX_MASK     0xf0
#define REX_B        0x01 /* the register's fourth bit */
#define MODRM_RM     0x07
#define LENGTH_PLAIN 3
#define CR8_MAX      15

/*
 * A MOV of at most `max` that `write` carries out, of the general register that it names. What cannot be read of the
 * instruction is 0 here, which is no prefix.
 */
static enum verdict move(struct vcpu *vcpu, uint64_t max, void (*write)(struct vcpu *vcpu, uint64_t value)) {
    bool is_64 = vcpu->vmcb->save.cs.attributes & SEGMENT_LONG;
    uint8_t bytes[LENGTH_PLAIN + 1] = {0};
    unsigned count = fetch(vcpu, bytes, sizeof(bytes));
    bool has_prefix = is_64 ? (bytes[0] & REX_MASK) == PREFIX_REX : bytes[0] == PREFIX_LOCK;
    unsigned length = LENGTH_PLAIN + has_prefix, upper = is_64 && has_prefix && (bytes[0] & REX_B) ? 8 : 0;
    uint64_t value = exit_operand(vcpu, (bytes[length - 1] & MODRM_RM) | upper);

    if (count < length)
        return exit_fault(vcpu, "an instruction that cannot be read");
    if (value > max)
        return exit_protection(vcpu);
    write(vcpu, value);
    return exit_advance(vcpu, length);
}

/* With V_INTR_MASKING CR8 is V_TPR (APM vol. 2, "Virtual Interrupts"). */
enum verdict mov_cr8_exit(struct vcpu *vcpu) {
    return move(vcpu, CR8_MAX, interrupt_write_cr8);
}

/* All but the enable bits and general detection is kept: breakpoints are the debugger's of the machine. */
static void write_dr7(struct vcpu *vcpu, uint64_t value) {
    vcpu->vmcb->save.dr7 = (value & DR7_CONDITIONS) | DR7_INIT;
}

enum verdict mov_dr7_exit(struct vcpu *vcpu) {
    return move(vcpu, UINT32_MAX, write_dr7);
}
