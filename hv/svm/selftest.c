/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot self-test: see selftest.h. Its guests run in real mode, as a mistake with
 * guest paging off is the one that shows nowhere else. Two emulators get event
 * injection wrong in opposite ways, so the way that counts right is the one used.
 */
#include "hv/svm/selftest.h"

#include "hv/cpu/x86.h"
#include "hv/lib/string.h"
#include "hv/svm/event.h"
#include "hv/svm/iopm.h"
#include "hv/svm/msrpm.h"
#include "hv/svm/npt.h"
#include "hv/svm/vmrun.h"

#define ASID             1
#define STACK_TOP        0x1000
#define VECTOR           0x40UL
#define IVT_ENTRY        (VECTOR * 4)
#define HANDLER          0x800
#define PROGRAM          0x900
#define INJECTIONS       100
#define INJECTION_ROUNDS (2 * INJECTIONS + 10)
#define TABLES           4 /* that map a page */

/* Memory that the guests need, in whole pages. */
struct workshop {
    struct vmcb vmcb;
    uint8_t iopm[IOPM_BYTES], msrpm[MSRPM_BYTES], here[PAGE_BYTES], there[PAGE_BYTES], tables[TABLES * PAGE_BYTES];
    struct guest guest;
    struct exit_cost cost;
};

/*
 * A fresh real-mode guest that sees `page` at `gpa` and nothing else, and starts at `start` in it. Its interrupt
 * vectors and its stack are where the first page is.
 */
static void make_guest(struct workshop *shop, uint64_t gpa, const uint8_t *page, uint64_t start) {
    struct arena arena = {.next = shop->tables, .end = shop->tables + sizeof(shop->tables)};
    struct npt npt;

    npt_init(&npt, &arena, false);
    npt_map(&npt, GPA(gpa), PAGE_BYTES, HPA((uintptr_t)page), REACH_WRITE | REACH_EXECUTE);
    memset(&shop->vmcb, 0, sizeof(shop->vmcb));
    memset(shop->iopm, 0xff, sizeof(shop->iopm));
    memset(shop->msrpm, 0xff, sizeof(shop->msrpm));
    vmcb_init(&shop->vmcb, ASID, npt.root, HPA((uintptr_t)shop->iopm), HPA((uintptr_t)shop->msrpm));
    vmcb_reset(&shop->vmcb.save, gpa);
    shop->vmcb.save.idtr.limit = 0x3ff;
    shop->vmcb.save.rip = start;
    shop->vmcb.save.rsp = STACK_TOP;
    shop->guest.registers[REGISTER_RBX] = 0;
}

/* Each exit of these guests is looked at, but for what the firmware may have left pending. */
static int stop(struct guest *guest) {
    const struct vmcb *vmcb = (const struct vmcb *)guest->vmcb_pa.value;

    if (vmcb->control.exitcode != EXIT_INTR && vmcb->control.exitcode != EXIT_NMI)
        return 1;
    x86_open_gif();
    return 0;
}

/* The address of `here` leads to `there` by the NPT, and past it to itself: the exit tells which. */
static bool test_npt(struct workshop *shop) {
    static const uint8_t bypassed[] = {0xf4}, in_force[] = {0x0f, 0x01, 0xd9}; /* hlt; vmmcall */

    memcpy(shop->here, bypassed, sizeof(bypassed));
    memcpy(shop->there, in_force, sizeof(in_force));
    make_guest(shop, (uintptr_t)shop->here, shop->there, 0);
    vmrun(&shop->guest, stop);
    return shop->vmcb.control.exitcode == EXIT_VMMCALL;
}

/*
 * A handler counts in BX, and a program exits over and over with interrupts on. Injects at every second exit, and asks
 * whether each was delivered once.
 */
static bool test_injection(struct workshop *shop, enum svm_injection way) {
    static const uint8_t handler[] = {0x43, 0xcf};                               /* inc %bx; iret */
    static const uint8_t program[] = {0xfb, 0x90, 0x0f, 0x01, 0xd9, 0xeb, 0xfa}; /* sti; 1: nop; vmmcall; jmp 1b */
    struct vmcb *vmcb = &shop->vmcb;

    store(shop->here + IVT_ENTRY, HANDLER, 4); /* in segment 0 */
    memcpy(shop->here + HANDLER, handler, sizeof(handler));
    memcpy(shop->here + PROGRAM, program, sizeof(program));
    make_guest(shop, 0, shop->here, PROGRAM);
    for (unsigned round = 0; round < INJECTION_ROUNDS; round++) {
        vmrun(&shop->guest, stop);
        if (vmcb->control.exitcode != EXIT_VMMCALL || event_is_offered(vmcb))
            return false;
        vmcb->save.rip += 3;
        vmcb->control.interrupt_shadow = 0;
        vmcb->control.eventinj = 0;
        if (round % 2 == 1 && round < 2 * INJECTIONS) {
            if (way == SVM_INJECTION_V_IRQ)
                event_offer(vmcb, VECTOR);
            else
                event_interrupt(vmcb, VECTOR);
        }
    }
    return (uint16_t)shop->guest.registers[REGISTER_RBX] == INJECTIONS;
}

bool selftest_run(struct selftest *result, struct cpu *cpu, const struct arena *arena) {
    struct arena borrowed = *arena;
    struct workshop *shop = arena_alloc(&borrowed, sizeof(*shop), PAGE_BYTES);

    *result = (struct selftest){0};
    if (!shop)
        return false;
    shop->guest = (struct guest){.vmcb_pa = HPA((uintptr_t)&shop->vmcb), .cpu = cpu, .cost = &shop->cost};
    x86_clgi();
    x86_sti();
    result->npt_in_force = test_npt(shop);
    if (result->npt_in_force)
        result->injection = test_injection(shop, SVM_INJECTION_V_IRQ)      ? SVM_INJECTION_V_IRQ
                            : test_injection(shop, SVM_INJECTION_EVENTINJ) ? SVM_INJECTION_EVENTINJ
                                                                           : SVM_INJECTION_NONE;
    x86_cli();
    x86_stgi();
    return true;
}
