/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All inline assembly of the hypervisor: one instruction a function, named after
 * the instruction, and the register bits that go with them (APM vol. 2 and 3).
 */
#pragma once

#include "hv/lib/types.h"

/* General registers in the order of their numbers in instructions. */
enum {
    REGISTER_RAX,
    REGISTER_RCX,
    REGISTER_RDX,
    REGISTER_RBX,
    REGISTER_RSP,
    REGISTER_RBP,
    REGISTER_RSI,
    REGISTER_RDI,
    REGISTER_COUNT = 16,
};

#define CR0_PE (1ULL << 0)
#define CR0_MP (1ULL << 1)
#define CR0_EM (1ULL << 2)
#define CR0_TS (1ULL << 3)
#define CR0_ET (1ULL << 4)
#define CR0_NE (1ULL << 5)
#define CR0_WP (1ULL << 16)
#define CR0_PG (1ULL << 31)

#define CR4_PSE        (1ULL << 4)
#define CR4_PAE        (1ULL << 5)
#define CR4_MCE        (1ULL << 6)
#define CR4_OSFXSR     (1ULL << 9)
#define CR4_OSXMMEXCPT (1ULL << 10)
#define CR4_LA57       (1ULL << 12)
#define CR4_OSXSAVE    (1ULL << 18)

#define RFLAGS_RESERVED_ONE (1ULL << 1)
#define RFLAGS_IF           (1ULL << 9)

#define DR6_INIT       0xffff0ff0ULL
#define DR7_INIT       0x400ULL
#define DR7_CONDITIONS 0xffff0000ULL /* R/W and LEN of each breakpoint */

#define MSR_TSC            0x00000010
#define MSR_APIC_BASE      0x0000001b
#define MSR_SYSENTER_CS    0x00000174
#define MSR_SYSENTER_ESP   0x00000175
#define MSR_SYSENTER_EIP   0x00000176
#define MSR_PRED_CMD       0x00000049
#define MSR_PAT            0x00000277
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SFMASK         0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103
#define MSR_VM_CR          0xc0010114
#define MSR_VM_HSAVE_PA    0xc0010117

#define PRED_CMD_IBPB (1ULL << 0) /* indirect branch prediction barrier */

#define EFER_SCE  (1ULL << 0)
#define EFER_LME  (1ULL << 8)
#define EFER_LMA  (1ULL << 10)
#define EFER_NXE  (1ULL << 11)
#define EFER_SVME (1ULL << 12)

/* WB, WT, UC-, UC, twice (APM vol. 2, "Page-Attribute Table Mechanism"). */
#define PAT_RESET 0x0007040600070406ULL

/* The upper halves are zero (APM vol. 3, "CPUID"). */
struct cpuid_result {
    uint64_t eax, ebx, ecx, edx;
};

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint64_t base;
};

static inline uint8_t x86_inb(uint16_t port) {
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void x86_outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

/* With a result in EDX:EAX. */
#define X86_RESULT(name, text, parameter, ...)                                                                         \
    static inline uint64_t x86_##name(parameter) {                                                                     \
        uint32_t low, high;                                                                                            \
                                                                                                                       \
        __asm__ volatile(text : "=a"(low), "=d"(high) : __VA_ARGS__);                                                  \
        return (uint64_t)high << 32 | low;                                                                             \
    }

X86_RESULT(rdtsc, "rdtsc", void)
X86_RESULT(rdmsr, "rdmsr", uint32_t msr, "c"(msr))
X86_RESULT(xgetbv, "xgetbv", void, "c"(0))

/* An operand in EDX:EAX. */
#define X86_OPERAND_64(value) "a"((uint32_t)(value)), "d"((uint32_t)((value) >> 32))

static inline void x86_wrmsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), X86_OPERAND_64(value) : "memory");
}

static inline struct cpuid_result x86_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid_result r;

    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* x86_read_cr0(), x86_write_cr0() and so on. */
#define X86_CONTROL_REGISTER(name)                                                                                     \
    static inline uint64_t x86_read_##name(void) {                                                                     \
        uint64_t value;                                                                                                \
                                                                                                                       \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value));                                                         \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void x86_write_##name(uint64_t value) {                                                              \
        __asm__ volatile("mov %0, %%" #name ::"r"(value) : "memory");                                                  \
    }

X86_CONTROL_REGISTER(cr0)
X86_CONTROL_REGISTER(cr2)
X86_CONTROL_REGISTER(cr3)
X86_CONTROL_REGISTER(cr4)

static inline void x86_read_dr0_to_3(uint64_t dr[4]) {
    __asm__ volatile("mov %%dr0, %0" : "=r"(dr[0]));
    __asm__ volatile("mov %%dr1, %0" : "=r"(dr[1]));
    __asm__ volatile("mov %%dr2, %0" : "=r"(dr[2]));
    __asm__ volatile("mov %%dr3, %0" : "=r"(dr[3]));
}

static inline void x86_write_dr0_to_3(const uint64_t dr[4]) {
    __asm__ volatile("mov %0, %%dr0" ::"r"(dr[0]));
    __asm__ volatile("mov %0, %%dr1" ::"r"(dr[1]));
    __asm__ volatile("mov %0, %%dr2" ::"r"(dr[2]));
    __asm__ volatile("mov %0, %%dr3" ::"r"(dr[3]));
}

static inline void x86_xsetbv(uint64_t value) {
    __asm__ volatile("xsetbv" ::"c"(0), X86_OPERAND_64(value));
}

static inline void x86_xsave(void *area, uint64_t components) {
    __asm__ volatile("xsave64 (%0)" ::"r"(area), X86_OPERAND_64(components) : "memory");
}

static inline void x86_xrstor(const void *area, uint64_t components) {
    __asm__ volatile("xrstor64 (%0)" ::"r"(area), X86_OPERAND_64(components) : "memory");
}

/*
 * Overwrites the x87 instruction and data pointers, which AMD processors neither save nor
 * restore while no exception is pending (APM vol. 2, "FXSAVE and FXRSTOR").
 */
static inline void x86_clear_x87_pointers(const uint32_t *anything) {
    __asm__ volatile("fnclex\n\temms\n\tfildl %0" ::"m"(*anything));
}

static inline void x86_vmsave(hpa_t vmcb) {
    __asm__ volatile("vmsave %0" ::"a"(vmcb.value) : "memory");
}

static inline void x86_vmload(hpa_t vmcb) {
    __asm__ volatile("vmload %0" ::"a"(vmcb.value) : "memory");
}

/* Without operands. */
#define X86_PLAIN(name, text)                                                                                          \
    static inline void x86_##name(void) {                                                                              \
        __asm__ volatile(text ::: "memory");                                                                           \
    }

X86_PLAIN(clgi, "clgi")
X86_PLAIN(stgi, "stgi")
/* GIF=1 for an instruction: what is pending is taken. */
X86_PLAIN(open_gif, "stgi\n\tnop\n\tclgi")
X86_PLAIN(sti, "sti")
X86_PLAIN(cli, "cli")
/* Takes effect together: no interrupt fits between STI and HLT (interrupt shadow). */
X86_PLAIN(sti_hlt, "sti\n\thlt")
X86_PLAIN(hlt, "hlt")
X86_PLAIN(pause, "pause")

/* With one operand in a register. */
#define X86_OPERAND(name, text, type)                                                                                  \
    static inline void x86_##name(type operand) {                                                                      \
        __asm__ volatile(text ::"r"(operand) : "memory");                                                              \
    }

X86_OPERAND(lidt, "lidt (%0)", const struct table_register *)
X86_OPERAND(ltr, "ltr %0", uint16_t)
X86_OPERAND(fxsave, "fxsave64 (%0)", void *)
X86_OPERAND(fxrstor, "fxrstor64 (%0)", const void *)
