/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page faults: of the one device that is reached by memory, the I/O APIC, whose registers are 32-bit words; of
 * anything else they end the guest (APM vol. 2, "Nested versus Guest Page Faults"). MOV between memory and a register
 * or an immediate value is all that is decoded (APM vol. 3, "Instruction Encoding").
 */
#include "hv/exits.h"
#include "hv/fetch.h"

#define PREFIX_REX  0x40
#define REX_MASK    0xf8 /* without REX.W */
#define REX_R       0x04
#define STORE       0x89
#define LOAD        0x8b
#define STORE_VALUE 0xc7
#define RM_SIB      4
#define RM_NO_BASE  5
#define SHORTEST    2
#define LONGEST     15

/* Bytes of the address behind ModRM; of the modes with memory. */
static unsigned address_bytes(const uint8_t *modrm) {
    unsigned mod = *modrm >> 6, rm = *modrm & 7, sib = rm == RM_SIB ? 1 : 0;
    unsigned base = sib ? modrm[1] & 7 : rm;

    return sib + (mod == 1 ? 1 : mod == 2 || base == RM_NO_BASE ? 4 : 0);
}

/* False where it is another instruction, or one that cannot be read. */
static bool access(struct vcpu *vcpu, struct ioapic *ioapic, unsigned offset) {
    uint8_t bytes[LONGEST] = {0};
    unsigned count = fetch(vcpu, bytes, sizeof(bytes)), rex = (bytes[0] & REX_MASK) == PREFIX_REX;
    const uint8_t opcode = bytes[rex], *modrm = bytes + rex + 1;
    unsigned value_at = SHORTEST + rex + address_bytes(modrm), length = value_at + (opcode == STORE_VALUE ? 4 : 0);
    uint64_t *operand = vcpu_register(vcpu, (*modrm >> 3 & 7) | (rex && (bytes[0] & REX_R) ? 8 : 0));

    if (count < length || (opcode != STORE && opcode != LOAD && opcode != STORE_VALUE))
        return false;
    if (opcode == LOAD)
        *operand = ioapic_read(ioapic, offset);
    else
        ioapic_write(ioapic, offset, (uint32_t)(opcode == STORE ? *operand : load(bytes + value_at, 4)));
    exit_advance(vcpu, length);
    return true;
}

enum verdict npf_exit(struct vcpu *vcpu) {
    uint64_t offset = vcpu->vmcb->control.exitinfo2 - IOAPIC_GPA;

    return vcpu->common->ioapic && offset < PAGE_BYTES && access(vcpu, vcpu->common->ioapic, (unsigned)offset)
               ? VERDICT_RESUME
               : VERDICT_FAULT;
}
