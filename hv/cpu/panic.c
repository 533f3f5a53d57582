/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panic: see panic.h. The backtrace follows the frame pointers; names come from a
 * table that the Makefile makes from the first link (tools/symbols.sh).
 */
#include "hv/cpu/panic.h"

#include "hv/cpu/cpu.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/machine.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/x86.h"
#include "hv/lib/log.h"

#define FRAMES_MAX     16
#define NAME_MAX       64
#define DISTANCE_SHIFT 4
#define SAME_MASK      15U
#define LAST           0xffffU
#define NAME_END       0x80

/*
 * By address, each symbol: its distance from the one before it and how many of that one's first characters it has, in
 * 16 bits, and its other characters, the last of them with NAME_END. The first link has none.
 */
extern const uint32_t symbols_base;
extern const uint8_t symbols[];
extern const uint8_t image_start[], image_end[], text_end[];

static void print_frame(uint64_t rip) {
    char name[NAME_MAX] = "", *end = name;
    uint64_t address = symbols_base, head;
    const uint8_t *at = symbols;

    while ((head = load(at, 2)) != LAST && address + (head >> DISTANCE_SHIFT) <= rip) {
        address += head >> DISTANCE_SHIFT;
        at += 2;
        end = name + (head & SAME_MASK);
        do
            *end++ = *at & ~NAME_END;
        while (!(*at++ & NAME_END));
    }
    *end = '\0';
    if (name[0] && rip < (uintptr_t)text_end)
        log_line("  %016lx %s+0x%lx", rip, name, rip - address);
    else
        log_line("  %016lx", rip);
}

static bool in_image(uint64_t address) {
    return address >= (uintptr_t)image_start && address < (uintptr_t)image_end;
}

/*
 * One panic is reported, with all other processors stopped: those in a guest leave it by the NMI,
 * those in the hypervisor take it when they set GIF again.
 */
void panic_begin(void) {
    static const struct cpu *first;
    struct cpu *self = cpu_self();
    const struct cpu *nobody = NULL;

    x86_cli();
    if (!__atomic_compare_exchange_n(&first, &nobody, self, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (first == self) /* a panic in a panic */
            machine_end(MACHINE_PANIC);
        machine_halt();
    }
    if (cpu_count > 1) {
        trap_nmi_stops = true;
        lapic_send(0, LAPIC_NMI_TO_OTHERS);
        for (uint64_t until_tsc = x86_rdtsc() + self->tsc_khz; x86_rdtsc() < until_tsc;)
            x86_pause();
    }
    serial_seize();         /* this processor may have been in it itself */
    self->slot_end_tsc = 0; /* what is said now is sent at once */
}

void panic_end(uint64_t rip, uint64_t rbp) {
    log_line("backtrace of processor %u:", cpu_self()->index);
    print_frame(rip);
    for (int i = 0; i < FRAMES_MAX && in_image(rbp) && is_aligned(rbp, 8); i++) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (!in_image(frame[1]))
            break;
        print_frame(frame[1] - 1);
        rbp = frame[0];
    }
    machine_end(MACHINE_PANIC);
}

void panic(const char *format, ...) {
    va_list arguments;

    panic_begin();
    va_start(arguments, format);
    log_line_v("panic: ", format, arguments);
    va_end(arguments);
    panic_end((uintptr_t)__builtin_return_address(0) - 1, *(uint64_t *)__builtin_frame_address(0));
}

/* Of the compiler's stack protector, ours and libfdt's; the distribution has compiled that with the guard at FS:0x28.
 */
extern uint64_t __stack_chk_guard;
uint64_t __stack_chk_guard;
__attribute__((noreturn)) void __stack_chk_fail(void);
void __stack_chk_fail(void) {
    panic("a function wrote past its stack frame");
}

void panic_init(void) {
    __stack_chk_guard = x86_rdtsc() & ~0xffULL;
    x86_wrmsr(MSR_FS_BASE, (uintptr_t)&__stack_chk_guard - 0x28);
}
