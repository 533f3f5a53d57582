/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IDT and exceptions: see trap.h.
 */
#include "hv/cpu/trap.h"

#include "hv/cpu/cpu.h"
#include "hv/cpu/panic.h"
#include "hv/cpu/x86.h"
#include "hv/lib/log.h"

#define GATE_INTERRUPT   (0x8e00ULL << 32) /* present, DPL 0, 64-bit interrupt gate */
#define GATE_IST(number) ((uint64_t)(number) << 32)

/* APM vol. 2, "Long-Mode Interrupt-Gate Descriptor". */
struct gate {
    uint64_t low, high;
};

static struct gate idt[256];
const struct table_register trap_idt = {sizeof(idt) - 1, (uintptr_t)idt};

uint64_t trap_nmi_count;
bool trap_nmi_stops;

extern const uint8_t trap_exception_entries[EXCEPTIONS][16], trap_nmi[], trap_interrupt[];

static void set_gate(unsigned vector, const uint8_t *entry) {
    uint64_t address = (uintptr_t)entry;

    idt[vector].low = (address & 0xffff) | SELECTOR_CODE << 16 | GATE_INTERRUPT | (address >> 16 & 0xffff) << 48;
    idt[vector].high = address >> 32;
}

void trap_init(void) {
    for (unsigned i = 0; i < ARRAY_LENGTH(idt); i++)
        set_gate(i, i < EXCEPTIONS ? trap_exception_entries[i] : trap_interrupt);
    set_gate(VECTOR_NMI, trap_nmi);
    idt[VECTOR_DOUBLE_FAULT].low |= GATE_IST(IST_DOUBLE_FAULT);
}

void trap_leave_tss(void) {
    idt[VECTOR_DOUBLE_FAULT].low &= ~GATE_IST(IST_DOUBLE_FAULT);
}

void trap_exception(const struct trap_frame *f) {
    panic_begin();
    log_line("panic: exception %lu, error code 0x%lx, cr2 0x%lx", f->vector, f->error_code, x86_read_cr2());
    log_line("  rip %016lx  rflags %08lx  cs %04lx  ss %04lx", f->rip, f->rflags, f->cs, f->ss);
    log_registers(f->registers);
    panic_end(f->rip, f->registers[REGISTER_RBP]);
}
