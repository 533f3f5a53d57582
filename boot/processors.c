/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting processors: see processors.h. They are started one by one, so one trampoline
 * and one set of mailboxes do for all. The trampoline is copied to a page of
 * conventional memory, which every PC has, no partition gets and nobody uses any more.
 */
#include "boot/processors.h"

#include "hv/cpu/lapic.h"
#include "hv/cpu/machine.h"
#include "hv/cpu/x86.h"
#include "hv/cpu/xstate.h"
#include "hv/lib/string.h"

#define TRAMPOLINE 0x8000UL

/* How long to wait after INIT, and after a first and a second SIPI (Multiprocessor Specification, "AP Startup"). */
#define INIT_US 10000
static const uint64_t sipi_us[] = {200, 1000000};

/* From boot/entry.S. */
extern const uint8_t trampoline[], trampoline_end[];

/* The stack of the processor that is being started, for boot/entry.S, and the loop that it runs. */
uint8_t *processors_stack_top;
static struct loop *loop_to_run;
__attribute__((noreturn)) void processors_enter(void);

static uint64_t ready_tsc;  /* when it was ready, by its own clock; 0 until then */
static const char *trouble; /* what it found wrong with itself */
static bool go;

/* The first C code of a processor that was started, on its own stack. */
void processors_enter(void) {
    struct loop *loop = loop_to_run;
    struct cpu *cpu = loop->cpu;
    struct svm_facts facts;

    cpu_init(cpu);
    xstate_init();
    lapic_enable();
    svm_read_facts(&facts);
    trouble = svm_missing(&facts);
    if (!trouble)
        svm_enable(cpu);
    __atomic_store_n(&ready_tsc, x86_rdtsc(), __ATOMIC_RELEASE);
    while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
        x86_pause();
    loop_run(loop);
    machine_halt();
}

static bool is_ready_within(uint64_t us) {
    uint64_t until_tsc = x86_rdtsc() + cpu_ticks(us);

    while (!__atomic_load_n(&ready_tsc, __ATOMIC_ACQUIRE) && x86_rdtsc() < until_tsc)
        x86_pause();
    return __atomic_load_n(&ready_tsc, __ATOMIC_ACQUIRE);
}

const char *processors_start(uint8_t apic_id, struct loop *loop) {
    processors_stack_top = cpu_stacks[loop->cpu - cpus] + CPU_STACK_TOP;
    loop_to_run = loop;
    ready_tsc = 0;
    memcpy((void *)TRAMPOLINE, trampoline, (uintptr_t)trampoline_end - (uintptr_t)trampoline);
    lapic_send(apic_id, LAPIC_INIT);
    bool ready = is_ready_within(INIT_US);
    uint64_t sipi_tsc = x86_rdtsc();

    for (unsigned i = 0; i < ARRAY_LENGTH(sipi_us) && !ready; i++) {
        lapic_send(apic_id, LAPIC_STARTUP | TRAMPOLINE / PAGE_BYTES);
        ready = is_ready_within(sipi_us[i]);
    }
    if (!ready)
        return "does not start; INIT and SIPI had no effect";
    if (trouble)
        return trouble;
    if (ready_tsc < sipi_tsc || ready_tsc > x86_rdtsc())
        return "has a TSC apart from the boot processor's; frames could not start together";
    return NULL;
}

void processors_go(void) {
    __atomic_store_n(&go, true, __ATOMIC_RELEASE);
}
