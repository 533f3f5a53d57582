/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual machine control block (APM vol. 2, appendix B, "VMCB Layout").
 * A C bitfield or an enum would hide what the manual shows, so fields are plain integers
 * and bits are masks.
 */
#pragma once

#include "hv/lib/types.h"

/* The bit of an exit code in its intercept vector. */
#define INTERCEPT(exitcode) (1U << (exitcode) % 32)

/* tlb_control (offset 0x05c). */
#define TLB_KEEP      0
#define TLB_FLUSH_ALL 1

/* vintr (offset 0x060). */
#define VINTR_TPR_MASK       0xffULL
#define VINTR_IRQ            (1ULL << 8)
#define VINTR_PRIORITY_SHIFT 16
#define VINTR_IGNORE_TPR     (1ULL << 20)
#define VINTR_MASKING        (1ULL << 24)
#define VINTR_GIF_ENABLE     (1ULL << 25)
#define VINTR_AVIC_ENABLE    (1ULL << 31)
#define VINTR_VECTOR_SHIFT   32
#define VINTR_OFFER          (VINTR_IRQ | 0xfULL << VINTR_PRIORITY_SHIFT | VINTR_IGNORE_TPR | 0xffULL << VINTR_VECTOR_SHIFT)

#define NESTED_PAGING_ENABLE (1ULL << 0)

/* EVENTINJ and EXITINTINFO ("Event Injection"). */
#define EVENT_TYPE_INTR      (0ULL << 8)
#define EVENT_TYPE_EXCEPTION (3ULL << 8)
#define EVENT_ERROR_VALID    (1ULL << 11)
#define EVENT_VALID          (1ULL << 31)

/* Segment attributes: bits 8 to 15 and 20 to 23 of the descriptor's upper half, packed. */
#define SEGMENT_CODE    0x00bU /* accessed, readable code */
#define SEGMENT_DATA    0x003U /* accessed, writable data */
#define SEGMENT_LDT     0x002U
#define SEGMENT_TSS     0x00bU /* busy 64-bit or 32-bit TSS */
#define SEGMENT_USER    0x010U /* S: code or data */
#define SEGMENT_PRESENT 0x080U
#define SEGMENT_LONG    0x200U
#define SEGMENT_BIG     0x400U
#define SEGMENT_4K      0x800U

struct vmcb_segment {
    uint16_t selector;
    uint16_t attributes;
    uint32_t limit;
    uint64_t base;
};

/*
 * The fields by their offsets; what lies between is reserved or unused. The last 32 bytes of the control area are the
 * host's: it notes there which exception it injected last, and at which RIP.
 */
#define VMCB_CONTROL(FIELD)                                                                                            \
    FIELD(0x000, uint32_t, intercept_cr)                                                                               \
    FIELD(0x004, uint32_t, intercept_dr)                                                                               \
    FIELD(0x008, uint32_t, intercept_exception)                                                                        \
    FIELD(0x00c, uint32_t, intercept_misc1)                                                                            \
    FIELD(0x010, uint32_t, intercept_misc2)                                                                            \
    FIELD(0x040, uint64_t, iopm_base_pa)                                                                               \
    FIELD(0x048, uint64_t, msrpm_base_pa)                                                                              \
    FIELD(0x050, uint64_t, tsc_offset)                                                                                 \
    FIELD(0x058, uint32_t, guest_asid)                                                                                 \
    FIELD(0x05c, uint8_t, tlb_control)                                                                                 \
    FIELD(0x060, uint64_t, vintr)                                                                                      \
    FIELD(0x068, uint64_t, interrupt_shadow)                                                                           \
    FIELD(0x070, uint64_t, exitcode)                                                                                   \
    FIELD(0x078, uint64_t, exitinfo1)                                                                                  \
    FIELD(0x080, uint64_t, exitinfo2)                                                                                  \
    FIELD(0x088, uint64_t, exitintinfo)                                                                                \
    FIELD(0x090, uint64_t, nested_ctl)                                                                                 \
    FIELD(0x0a8, uint64_t, eventinj)                                                                                   \
    FIELD(0x0b0, uint64_t, n_cr3)                                                                                      \
    FIELD(0x0b8, uint64_t, virt_ext)                                                                                   \
    FIELD(0x0c8, uint64_t, nrip)                                                                                       \
    FIELD(0x3e0, uint64_t, host_injected)                                                                              \
    FIELD(0x3e8, uint64_t, host_injected_rip)

/* From offset 0x400 on. */
#define VMCB_SAVE(FIELD)                                                                                               \
    FIELD(0x000, struct vmcb_segment, es)                                                                              \
    FIELD(0x010, struct vmcb_segment, cs)                                                                              \
    FIELD(0x020, struct vmcb_segment, ss)                                                                              \
    FIELD(0x030, struct vmcb_segment, ds)                                                                              \
    FIELD(0x040, struct vmcb_segment, fs)                                                                              \
    FIELD(0x050, struct vmcb_segment, gs)                                                                              \
    FIELD(0x060, struct vmcb_segment, gdtr)                                                                            \
    FIELD(0x070, struct vmcb_segment, ldtr)                                                                            \
    FIELD(0x080, struct vmcb_segment, idtr)                                                                            \
    FIELD(0x090, struct vmcb_segment, tr)                                                                              \
    FIELD(0x0cb, uint8_t, cpl)                                                                                         \
    FIELD(0x0d0, uint64_t, efer)                                                                                       \
    FIELD(0x148, uint64_t, cr4)                                                                                        \
    FIELD(0x150, uint64_t, cr3)                                                                                        \
    FIELD(0x158, uint64_t, cr0)                                                                                        \
    FIELD(0x160, uint64_t, dr7)                                                                                        \
    FIELD(0x168, uint64_t, dr6)                                                                                        \
    FIELD(0x170, uint64_t, rflags)                                                                                     \
    FIELD(0x178, uint64_t, rip)                                                                                        \
    FIELD(0x1d8, uint64_t, rsp)                                                                                        \
    FIELD(0x1f8, uint64_t, rax)                                                                                        \
    FIELD(0x240, uint64_t, cr2)                                                                                        \
    FIELD(0x268, uint64_t, g_pat)

/* Of a union, whose members all begin at its offset 0: so the field lies where it says. */
#define VMCB_MEMBER(offset, type, name)                                                                                \
    struct {                                                                                                           \
        uint8_t before_##name[offset];                                                                                 \
        type name;                                                                                                     \
    };                                                                                                                 \
    _Static_assert((offset) % _Alignof(type) == 0, "offset of VMCB field " #name);

struct vmcb_control {
    union {
        uint8_t bytes[0x400];
        VMCB_CONTROL(VMCB_MEMBER)
    };
};

struct vmcb_save {
    union {
        uint8_t bytes[0xc00];
        VMCB_SAVE(VMCB_MEMBER)
    };
};

struct vmcb {
    struct vmcb_control control;
    struct vmcb_save save;
};
_Static_assert(sizeof(struct vmcb) == 0x1000, "size of the VMCB");

/*
 * Fills a zeroed VMCB: all the intercepts, nested paging by `n_cr3`, and the processor's state
 * after reset. The caller sets how the guest starts.
 */
void vmcb_init(struct vmcb *vmcb, uint32_t asid, hpa_t n_cr3, hpa_t iopm, hpa_t msrpm);

/* A control field that does not hold the guest in: bits that have to be set, and to be clear. */
struct vmcb_odd {
    const char *field;
    uint64_t value, set, clear;
};

/* The state after reset, or after a SIPI with the address `entry`. */
void vmcb_reset(struct vmcb_save *save, uint64_t entry);

/* Whether every control that isolation needs is as vmcb_init() made it; false and the first other one in *odd. */
bool vmcb_check(const struct vmcb *vmcb, struct vmcb_odd *odd);

/*
 * The exits that are intercepted (APM vol. 2, appendix C): code, constant, name in reports, and what acts on it, from
 * hv/exit.c and hv/exits.h.
 * docs/exits.md says why. A list for each intercept vector, 32 codes each, at the offsets from 0x000 on.
 */
#define VMCB_EXITS_CR(EXIT) EXIT(0x018, WRITE_CR8, "write CR8", mov_cr8_exit)
#define VMCB_EXITS_DR(EXIT) EXIT(0x037, WRITE_DR7, "write DR7", mov_dr7_exit)
#define VMCB_EXITS_EXCEPTION(EXIT)                                                                                     \
    EXIT(0x041, DB, "#DB", reflect_exception)                                                                          \
    EXIT(0x051, AC, "#AC", reflect_exception)                                                                          \
    EXIT(0x052, MC, "#MC", machine_check)
#define VMCB_EXITS_MISC1(EXIT)                                                                                         \
    EXIT(0x060, INTR, "INTR", take_interrupt)                                                                          \
    EXIT(0x061, NMI, "NMI", take_interrupt)                                                                            \
    EXIT(0x063, INIT, "INIT", take_interrupt)                                                                          \
    EXIT(0x06f, RDPMC, "RDPMC", exit_protection)                                                                       \
    EXIT(0x072, CPUID, "CPUID", cpuid_exit)                                                                            \
    EXIT(0x073, RSM, "RSM", exit_undefined)                                                                            \
    EXIT(0x076, INVD, "INVD", skip)                                                                                    \
    EXIT(0x078, HLT, "HLT", halt)                                                                                      \
    EXIT(0x07a, INVLPGA, "INVLPGA", exit_undefined)                                                                    \
    EXIT(0x07b, IOIO, "IOIO", io_exit)                                                                                 \
    EXIT(0x07c, MSR, "MSR", msr_exit)                                                                                  \
    EXIT(0x07e, FERR_FREEZE, "FERR_FREEZE", fault)                                                                     \
    EXIT(0x07f, SHUTDOWN, "SHUTDOWN", triple_fault)
#define VMCB_EXITS_MISC2(EXIT)                                                                                         \
    EXIT(0x080, VMRUN, "VMRUN", exit_undefined)                                                                        \
    EXIT(0x081, VMMCALL, "VMMCALL", hypercall_exit)                                                                    \
    EXIT(0x082, VMLOAD, "VMLOAD", exit_undefined)                                                                      \
    EXIT(0x083, VMSAVE, "VMSAVE", exit_undefined)                                                                      \
    EXIT(0x084, STGI, "STGI", exit_undefined)                                                                          \
    EXIT(0x085, CLGI, "CLGI", exit_undefined)                                                                          \
    EXIT(0x086, SKINIT, "SKINIT", exit_undefined)                                                                      \
    EXIT(0x089, WBINVD, "WBINVD", skip)                                                                                \
    EXIT(0x08a, MONITOR, "MONITOR", exit_undefined)                                                                    \
    EXIT(0x08b, MWAIT, "MWAIT", exit_undefined)                                                                        \
    EXIT(0x08d, XSETBV, "XSETBV", set_xcr0)                                                                            \
    EXIT(0x08e, RDPRU, "RDPRU", exit_undefined)
#define VMCB_EXITS(EXIT)                                                                                               \
    VMCB_EXITS_CR(EXIT) VMCB_EXITS_DR(EXIT) VMCB_EXITS_EXCEPTION(EXIT) VMCB_EXITS_MISC1(EXIT) VMCB_EXITS_MISC2(EXIT)

#define VMCB_EXIT_CODE(code, constant, name, act) EXIT_##constant = (code),
enum { VMCB_EXITS(VMCB_EXIT_CODE) EXIT_EXCEPTION = 0x040, EXIT_NPF = 0x400 };

/* EXITINFO1 of a nested page fault ("Nested versus Guest Page Faults"). */
#define NPF_PRESENT    (1ULL << 0)
#define NPF_WRITE      (1ULL << 1)
#define NPF_FETCH      (1ULL << 4)
#define NPF_TABLE_WALK (1ULL << 33) /* an access to the guest's page tables */

/* EXITINFO1 of IOIO ("IOIO Intercept"). */
#define IOIO_IN         (1U << 0)
#define IOIO_STRING     (1U << 2)
#define IOIO_SIZE_SHIFT 4
#define IOIO_SIZE_MASK  7U /* one hot: 1, 2 or 4 bytes */
#define IOIO_PORT_SHIFT 16

/* Exception vectors. */
#define VECTOR_DB 1
#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_AC 17
