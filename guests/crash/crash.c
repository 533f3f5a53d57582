/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does what it should not, one thing a run: bootargs do=NAME, of the
 * table below, and on=1 to have a second vCPU do it while the first goes round in a loop. What the hypervisor answers
 * with an exception or a value ends with "ok" and status 0, or "WRONG" and 1; what ends the partition never comes back.
 */
#include "guests/crash/try.h"
#include "guests/crash/user.h"
#include "guests/lib/lib.h"

#define OUTSIDE 0x40000000 /* 1 GiB: mapped by the guest's tables, not by the nested ones */

static const char *bootargs;

static bool expect(const char *what, uint64_t is, uint64_t should_be) {
    print("crash: %s %llx, want %llx\n", what, (unsigned long long)is, (unsigned long long)should_be);
    return is == should_be;
}

static uintptr_t target(void) {
    return args_number(bootargs, "at", OUTSIDE);
}

static bool do_read(void) {
    return expect("read", *(volatile uint32_t *)target(), 0);
}

static bool do_write(void) {
    *(volatile uint32_t *)target() = 1;
    return false;
}

static bool do_execute(void) {
    ((void (*)(void))target())();
    return false;
}

static void drop_idt(void) {
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } empty;

    __asm__ volatile("lidt %0" ::"m"(empty));
}

static bool do_triple(void) {
    drop_idt();
    __asm__ volatile("ud2");
    return false;
}

/* The exception comes from the hypervisor. */
static bool do_triple_msr(void) {
    drop_idt();
    rdmsr(0xc0010114);
    return false;
}

static bool do_port(void) {
    return expect("port 0x60", inb(0x60), 0xff);
}

static bool do_ports(void) {
    return expect("8 bits", inb(0x60), 0xff) && expect("16 bits", inw(0xcf8), 0xffff) &&
           expect("32 bits", inl(0xcfc), 0xffffffff);
}

static bool do_string_io(void) {
    char byte = 0;

    __asm__ volatile("outsb" ::"S"(&byte), "d"(0x60));
    return false;
}

static bool do_string_in(void) {
    char bytes[1];
    char *to = bytes;

    __asm__ volatile("insb" : "+D"(to) : "d"(0x60) : "memory");
    return false;
}

/* To the machine's own UART, which is passed through, strings go like single bytes. */
static bool do_string_uart(void) {
    static const char text[] = "crash: string\r\n";
    const char *from = text;
    unsigned long count = sizeof(text) - 1;

    __asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x2f8), "m"(text));
    return expect("left", count, 0);
}

static bool do_svm(void) {
    return expect("vmrun", TRY("vmrun %%rax", "a"(0)), VECTOR_UD) &&
           expect("vmload", TRY("vmload %%rax", "a"(0)), VECTOR_UD) &&
           expect("vmsave", TRY("vmsave %%rax", "a"(0)), VECTOR_UD) && expect("stgi", TRY("stgi", "a"(0)), VECTOR_UD) &&
           expect("clgi", TRY("clgi", "a"(0)), VECTOR_UD) && expect("skinit", TRY("skinit %%eax", "a"(0)), VECTOR_UD) &&
           expect("invlpga", TRY("invlpga %%rax, %%ecx", "a"(0), "c"(0)), VECTOR_UD) &&
           expect("monitor", TRY("monitor %%rax, %%ecx, %%edx", "a"(0), "c"(0), "d"(0)), VECTOR_UD) &&
           expect("mwait", TRY("mwait %%eax, %%ecx", "a"(0), "c"(0)), VECTOR_UD);
}

static bool do_undefined(void) {
    return expect("rdpru", TRY("rdpru", "c"(0), "a"(0), "d"(0)), VECTOR_UD) &&
           expect("rsm", TRY("rsm", "a"(0)), VECTOR_UD) &&
           expect("monitorx", TRY("monitorx %%rax, %%ecx, %%edx", "a"(&bootargs), "c"(0), "d"(0)), VECTOR_UD) &&
           expect("mwaitx", TRY("mwaitx %%eax, %%ecx, %%ebx", "a"(0), "c"(0)), VECTOR_UD);
}

#define DR6_STEP 0x4000UL /* BS */

static unsigned long take_dr6(void) {
    unsigned long value;

    __asm__ volatile("mov %%dr6, %0\n\tmov %1, %%dr6" : "=&r"(value) : "r"(0xffff0ff0UL));
    return value;
}

/* Single steps are the guest's own; so is the exception that ICEBP makes. */
static bool do_step(void) {
    return expect("step", TRY("pushf\n\torq $0x100, (%%rsp)\n\tpopf\n\tnop\n\tnop", "a"(0)), VECTOR_DB) &&
           expect("dr6", take_dr6() & DR6_STEP, args_number(bootargs, "dr6", DR6_STEP)) &&
           expect("no step", TRY("nop\n\tnop", "a"(0)), NOTHING);
}

static bool do_icebp(void) {
    return expect("icebp", TRY("int1", "a"(0)), VECTOR_DB) &&
           expect("rip", (uintptr_t)try_rip, (uintptr_t)try_resume) && expect("dr6", take_dr6() & DR6_STEP, 0);
}

static bool do_msr(void) {
    static const uint32_t forbidden[] = {0x1b,       0x2ff,      0xc0010010, 0xc0010015,
                                         0xc0010114, 0xc0010117, 0x12345678, 0xc0010140};
    bool ok = true;

    for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        ok &= expect("rdmsr", TRY("rdmsr", "c"(forbidden[i])), VECTOR_GP);
        ok &= expect("wrmsr", TRY("wrmsr", "c"(forbidden[i]), "a"(0), "d"(0)), VECTOR_GP);
    }
    return ok && expect("rdpmc", TRY("rdpmc", "c"(0)), VECTOR_GP);
}

#define EFER     0xc0000080
#define EFER_LME 0x100ULL
#define SVME     0x1000ULL
#define PAT      0x277
#define TSC      0x10

static bool do_efer(void) {
    uint64_t efer = rdmsr(EFER);

    return expect("svme", efer & SVME, 0) &&
           expect("set svme", TRY("wrmsr", "c"(EFER), "a"((uint32_t)(efer | SVME)), "d"(0)), VECTOR_GP) &&
           expect("clear lme", TRY("wrmsr", "c"(EFER), "a"((uint32_t)(efer & ~EFER_LME)), "d"(0)), VECTOR_GP) &&
           expect("set same", TRY("wrmsr", "c"(EFER), "a"((uint32_t)efer), "d"(0)), NOTHING) &&
           expect("efer", rdmsr(EFER), efer);
}

static bool do_pat(void) {
    wrmsr(PAT, 0x0606060606060606ULL);
    return expect("pat", rdmsr(PAT), 0x0606060606060606ULL) &&
           expect("bad pat", TRY("wrmsr", "c"(PAT), "a"(2), "d"(0)), VECTOR_GP);
}

static bool do_tsc(void) {
    wrmsr(TSC, 0);
    return expect("tsc", rdtsc() >> 40, 0) && expect("rdmsr tsc", rdmsr(TSC) >> 40, 0);
}

static bool do_cpuid(void) {
    uint32_t r[4];
    bool ok;

    cpuid(0x80000001, 0, r);
    ok = expect("svm", r[2] >> 2 & 1, 0);
    cpuid(0x8000000a, 0, r);
    ok &= expect("svm features", r[0] | r[1] | r[3], 0);
    cpuid(1, 0, r);
    ok &=
        expect("hypervisor", r[2] >> 31, 1) && expect("apic", r[3] >> 9 & 1, 0) && expect("monitor", r[2] >> 3 & 1, 0);
    cpuid(SHIKIRI_CPUID_BASE, 0, r);
    return ok &&
           expect("signature", r[1] == SHIKIRI_CPUID_EBX && r[2] == SHIKIRI_CPUID_ECX && r[3] == SHIKIRI_CPUID_EDX, 1);
}

static bool do_wbinvd(void) {
    return expect("wbinvd", TRY("wbinvd", "a"(0)), NOTHING) && expect("invd", TRY("invd", "a"(0)), NOTHING);
}

#define CR4_OSXSAVE (1UL << 18)

/* False where the processor has no XSAVE. */
static bool allow_xsave(void) {
    unsigned long cr4;
    uint32_t r[4];

    cpuid(1, 0, r);
    if (!(r[2] >> 26 & 1))
        return false;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | CR4_OSXSAVE));
    return true;
}

static bool do_xsetbv(void) {
    if (!allow_xsave())
        return expect("xsetbv without xsave", TRY("xsetbv", "c"(0), "a"(1), "d"(0)), VECTOR_UD);
    return expect("xsetbv 1", TRY("xsetbv", "c"(0), "a"(1), "d"(0)), NOTHING) &&
           expect("xsetbv 0", TRY("xsetbv", "c"(0), "a"(0), "d"(0)), VECTOR_GP) &&
           expect("xsetbv 5", TRY("xsetbv", "c"(0), "a"(5), "d"(0)), VECTOR_GP) &&
           expect("xsetbv 3", TRY("xsetbv", "c"(0), "a"(3), "d"(0)), NOTHING);
}

static bool do_cr3(void) {
    return expect("reserved cr3", TRY("mov %%rax, %%cr3", "a"(1UL << 60)), VECTOR_GP);
}

static bool do_cr4(void) {
    return expect("reserved cr4", TRY("mov %%rax, %%cr4", "a"(1UL << 40 | 0x20)), VECTOR_GP);
}

static unsigned long read_cr8(void) {
    unsigned long value;

    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static bool do_cr8(void) {
    bool ok = expect("cr8", TRY("mov %%rcx, %%cr8", "c"(5UL)), NOTHING) && expect("cr8", read_cr8(), 5);

    ok = ok && expect("cr8 16", TRY("mov %%rcx, %%cr8", "c"(16UL)), VECTOR_GP) && expect("cr8", read_cr8(), 5);
    __asm__ volatile("mov %0, %%r15\n\tmov %%r15, %%cr8" ::"r"(15UL) : "r15");
    return ok && expect("cr8 by r15", read_cr8(), 15);
}

/* A slot that ends cuts a write short. */
static uint64_t write_all(const char *text, unsigned long length) {
    unsigned long sent = 0;

    for (long now = 1; now > 0 && sent < length; sent += (unsigned long)now)
        now = hypercall(SHIKIRI_CALL_CONSOLE_WRITE, (unsigned long)(uintptr_t)(text + sent), length - sent);
    return sent;
}

static bool do_hypercall(void) {
    static char text[] = "crash: by hypercall\n";

    return expect("unknown", (uint64_t)hypercall(99, 0, 0), (uint64_t)SHIKIRI_ERROR_CALL) &&
           expect("tsc rate", hypercall(SHIKIRI_CALL_INFO, SHIKIRI_INFO_TSC_KHZ, 0) > 1000, 1) &&
           expect("unknown field", (uint64_t)hypercall(SHIKIRI_CALL_INFO, 99, 0), (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
           expect("outside", (uint64_t)hypercall(SHIKIRI_CALL_CONSOLE_WRITE, OUTSIDE, 1),
                  (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
           expect("huge gpa", (uint64_t)hypercall(SHIKIRI_CALL_CONSOLE_WRITE, ~0UL, 2),
                  (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
           expect("too long", (uint64_t)hypercall(SHIKIRI_CALL_CONSOLE_WRITE, 0, 257),
                  (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
           expect("empty", (uint64_t)hypercall(SHIKIRI_CALL_CONSOLE_WRITE, 0, 0), 0) &&
           expect("all written", write_all(text, sizeof(text) - 1), sizeof(text) - 1);
}

static struct {
    unsigned long level;
    long call, unknown_call;
    uint32_t in, out, xsetbv, hlt, rdmsr, wbinvd, vmrun, stgi, alignment;
    uint32_t vendor[4];
} user;

static void act_as_user(void) {
    uint64_t until = rdtsc() + args_number(bootargs, "ticks", 0);

    __asm__ volatile("mov %%cs, %0" : "=r"(user.level));
    user.call = hypercall(SHIKIRI_CALL_INFO, 0, 0);
    user.unknown_call = hypercall(99, 0, 0);
    user.in = TRY("inb $0x60, %%al", "a"(0));
    user.out = TRY("outb %%al, $0x60", "a"(0));
    while (rdtsc() < until) /* the neighbour runs meanwhile */
        pause();
    user.xsetbv = TRY("xsetbv", "c"(0), "a"(1), "d"(0));
    user.hlt = TRY("hlt", "a"(0));
    user.rdmsr = TRY("rdmsr", "c"(EFER));
    user.wbinvd = TRY("wbinvd", "a"(0));
    user.vmrun = TRY("vmrun %%rax", "a"(0));
    user.stgi = TRY("stgi", "a"(0));
    cpuid(SHIKIRI_CPUID_BASE, 0, user.vendor);
}

/* Ring 3 may call nobody, and the way back to ring 0 by the guest's own TSS survives exits and switches. */
static bool do_user(void) {
    uint32_t has_xsave = allow_xsave() ? VECTOR_GP : VECTOR_UD;

    user_init();
    user_run(act_as_user);
    return expect("ring", user.level & 3, 3) && expect("call", (uint64_t)user.call, (uint64_t)SHIKIRI_ERROR_DENIED) &&
           expect("unknown call", (uint64_t)user.unknown_call, (uint64_t)SHIKIRI_ERROR_DENIED) &&
           expect("in", user.in, VECTOR_GP) && expect("out", user.out, VECTOR_GP) &&
           expect("xsetbv", user.xsetbv, has_xsave) && expect("hlt", user.hlt, VECTOR_GP) &&
           expect("rdmsr", user.rdmsr, VECTOR_GP) && expect("wbinvd", user.wbinvd, VECTOR_GP) &&
           expect("vmrun", user.vmrun, VECTOR_GP) && expect("stgi", user.stgi, VECTOR_GP) &&
           expect("cpuid", user.vendor[1], SHIKIRI_CPUID_EBX) &&
           expect("call from ring 0", (uint64_t)hypercall(SHIKIRI_CALL_INFO, 0, 0), SHIKIRI_ABI_VERSION);
}

static void read_target(void) {
    do_read();
}

static bool do_user_read(void) {
    user_init();
    user_run(read_target);
    return false;
}

static void read_unaligned(void) {
    user.alignment = TRY("pushf\n\torq $0x40000, (%%rsp)\n\tpopf\n\tcmpl $0, 1(%%rdi)", "D"(&user));
}

#define CR0_AM (1UL << 18)

static bool do_alignment(void) {
    unsigned long cr0;

    user_init();
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 | CR0_AM));
    user_run(read_unaligned);
    return expect("unaligned", user.alignment, VECTOR_AC);
}

static bool do_flood(void) {
    for (unsigned i = 0; i < 300; i++)
        print("%s", "x");
    print("\n\033[2J\tend\r\n\n");
    return true;
}

static bool do_halt(void) {
    __asm__ volatile("cli\n\thlt");
    return false;
}

static unsigned long read_dr7(void) {
    unsigned long value;

    __asm__ volatile("mov %%dr7, %0" : "=r"(value));
    return value;
}

/* Breakpoints on the hypervisor's or a neighbour's code: they cannot be armed. */
static bool do_breakpoint(void) {
    bool ok = true;

    __asm__ volatile("mov %0, %%dr0" ::"r"((unsigned long)target()));
    __asm__ volatile("mov %0, %%dr1" ::"r"((unsigned long)args_number(bootargs, "also", 0)));
    __asm__ volatile("mov %0, %%dr7" ::"r"(0x0dff060fUL));
    ok &= expect("dr7", read_dr7(), 0x0dff0400);
    __asm__ volatile("mov %0, %%r9\n\tmov %%r9, %%dr7" ::"r"(0x402UL) : "r9");
    ok &= expect("dr7 by r9", read_dr7(), 0x400);
    ok &= expect("dr7 too large", TRY("mov %%rcx, %%dr7", "c"(1UL << 32)), VECTOR_GP);
    for (unsigned i = 0; i < 20; i++)
        ok &= hypercall(SHIKIRI_CALL_INFO, 0, 0) == SHIKIRI_ABI_VERSION && hypercall(SHIKIRI_CALL_YIELD, 0, 0) == 0;
    return ok;
}

static uint8_t stack[16384] __attribute__((aligned(16)));

static bool expect_start(const char *what, unsigned long number, uint64_t result) {
    return expect(what, (uint64_t)hypercall_with_3(SHIKIRI_CALL_START, number, 0, 0), result);
}

static volatile uintptr_t second_vcpu;

static void tell_number(uintptr_t argument) {
    second_vcpu = argument + info(SHIKIRI_INFO_VCPU);
}

/* On the first of two vCPUs. */
static bool do_start(void) {
    uint64_t until;
    bool ok = expect("vcpu", info(SHIKIRI_INFO_VCPU), 0) && expect("vcpus", info(SHIKIRI_INFO_VCPU_COUNT), 2) &&
              expect_start("start of itself", 0, (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
              expect_start("start of a third", 2, (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
              expect_start("start of a far one", ~0UL, (uint64_t)SHIKIRI_ERROR_ARGUMENT) &&
              expect("not yet", second_vcpu, 0) &&
              expect("start", (uint64_t)vcpu_start(1, stack + sizeof(stack), tell_number, 41), 0) &&
              expect_start("start again", 1, (uint64_t)SHIKIRI_ERROR_ARGUMENT);

    for (until = rdtsc() + (1ULL << 32); second_vcpu == 0 && rdtsc() < until;)
        pause();
    return ok && expect("it runs", second_vcpu, 42) &&
           expect_start("start after its end", 1, (uint64_t)SHIKIRI_ERROR_ARGUMENT);
}

static void note_and_return(uintptr_t argument) {
    second_vcpu = argument;
}

/* The second vCPU halts for ever when it returns. Time goes by, then the first does so too. */
static bool do_halt_both(void) {
    uint64_t until = rdtsc() + info(SHIKIRI_INFO_TSC_KHZ);

    vcpu_start(1, stack + sizeof(stack), note_and_return, 1);
    while (second_vcpu == 0 || rdtsc() < until)
        pause();
    print("crash: the second has halted\n");
    return do_halt();
}

/* All that a partition's devices keep between two accesses, changed as fast as it goes. */
static void race(uintptr_t turns) {
    for (uintptr_t i = 0; i < turns; i++) {
        outb(0x3f8 + 3, i % 61 ? 0x03 : 0x80);
        outb(0x3f8, i % 5 ? (uint8_t)('a' + i % 26) : '\n');
        outb(0x3d4, (uint8_t)i);
        outb(0x3d5, (uint8_t)i);
        inb(0x3d5);
        inb(0x3da);
    }
}

static void race_and_tell(uintptr_t turns) {
    race(turns);
    second_vcpu = 1;
}

/* Two vCPUs at one UART and one screen. What comes next prints, so it waits for the second to leave them alone. */
static bool do_race(void) {
    uint32_t turns = args_number(bootargs, "turns", 20000);
    bool ok = expect("start", (uint64_t)vcpu_start(1, stack + sizeof(stack), race_and_tell, turns), 0);

    race(turns);
    while (second_vcpu == 0)
        pause();
    outb(0x3f8 + 3, 0x03);
    outb(0x3f8, '\n');
    return ok;
}

static const struct {
    const char *name;
    bool (*act)(void);
} deeds[] = {
    {"read", do_read},
    {"write", do_write},
    {"execute", do_execute},
    {"triple", do_triple},
    {"triple-msr", do_triple_msr},
    {"port", do_port},
    {"ports", do_ports},
    {"string-io", do_string_io},
    {"string-in", do_string_in},
    {"string-uart", do_string_uart},
    {"svm", do_svm},
    {"undefined", do_undefined},
    {"step", do_step},
    {"icebp", do_icebp},
    {"user", do_user},
    {"user-read", do_user_read},
    {"alignment", do_alignment},
    {"msr", do_msr},
    {"efer", do_efer},
    {"pat", do_pat},
    {"tsc", do_tsc},
    {"cpuid", do_cpuid},
    {"wbinvd", do_wbinvd},
    {"xsetbv", do_xsetbv},
    {"cr3", do_cr3},
    {"cr4", do_cr4},
    {"cr8", do_cr8},
    {"hypercall", do_hypercall},
    {"flood", do_flood},
    {"halt", do_halt},
    {"breakpoint", do_breakpoint},
    {"start", do_start},
    {"halt-both", do_halt_both},
    {"race", do_race},
};

/* Does what do= says; the status. */
static int act(void) {
    char name[16];

    try_init();
    args_string(bootargs, "do", name, sizeof(name), "nothing");
    for (unsigned i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        if (!equal(deeds[i].name, name))
            continue;
        bool ok = deeds[i].act();

        print("crash: %s %s\n", name, ok ? "ok" : "WRONG");
        return ok ? (int)args_number(bootargs, "status", 0) : 1;
    }
    print("crash: found do=%s, want one of the names in crash.c\n", name);
    return 2;
}

static void act_on_second(uintptr_t argument) {
    (void)argument;
    interrupts_on();
    hypercall(SHIKIRI_CALL_SHUTDOWN, (unsigned long)act(), 0);
}

int main(const char *args) {
    bootargs = args;
    print_to(args);
    if (args_number(args, "on", 0) == 0)
        return act();
    interrupts_on();
    if (vcpu_start(1, stack + sizeof(stack), act_on_second, 0) != 0)
        return 3;
    for (;;)
        pause();
}
