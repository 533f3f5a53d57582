/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual machine control block (APM vol. 2, appendix B, "VMCB Layout").
 * Every offset is asserted. A C bitfield or an enum would hide what the manual
 * shows, so fields are plain integers and bits are masks.
 */
#pragma once

#include "hv/lib/types.h"

/* Bits of intercept_misc1 (offset 0x00c). */
#define INTERCEPT_INTR        (1U << 0)
#define INTERCEPT_NMI         (1U << 1)
#define INTERCEPT_INIT        (1U << 3)
#define INTERCEPT_RDPMC       (1U << 15)
#define INTERCEPT_CPUID       (1U << 18)
#define INTERCEPT_RSM         (1U << 19)
#define INTERCEPT_INVD        (1U << 22)
#define INTERCEPT_HLT         (1U << 24)
#define INTERCEPT_INVLPGA     (1U << 26)
#define INTERCEPT_IOIO        (1U << 27)
#define INTERCEPT_MSR         (1U << 28)
#define INTERCEPT_FERR_FREEZE (1U << 30)
#define INTERCEPT_SHUTDOWN    (1U << 31)

/* Bits of intercept_misc2 (offset 0x010). */
#define INTERCEPT_VMRUN   (1U << 0)
#define INTERCEPT_VMMCALL (1U << 1)
#define INTERCEPT_VMLOAD  (1U << 2)
#define INTERCEPT_VMSAVE  (1U << 3)
#define INTERCEPT_STGI    (1U << 4)
#define INTERCEPT_CLGI    (1U << 5)
#define INTERCEPT_SKINIT  (1U << 6)
#define INTERCEPT_WBINVD  (1U << 9)
#define INTERCEPT_MONITOR (1U << 10)
#define INTERCEPT_MWAIT   (1U << 11)
#define INTERCEPT_XSETBV  (1U << 13)
#define INTERCEPT_RDPRU   (1U << 14)

/* intercept_cr: reads in bits 0 to 15, writes in bits 16 to 31. */
#define INTERCEPT_WRITE_CR8 (1U << (16 + 8))

/* intercept_dr: the same. */
#define INTERCEPT_WRITE_DR7 (1U << (16 + 7))

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

#define NESTED_PAGING_ENABLE (1ULL << 0)

/* EVENTINJ and EXITINTINFO ("Event Injection"). */
#define EVENT_TYPE_INTR      (0ULL << 8)
#define EVENT_TYPE_EXCEPTION (3ULL << 8)
#define EVENT_ERROR_VALID    (1ULL << 11)
#define EVENT_VALID          (1ULL << 31)
#define EVENT_ERROR_SHIFT    32

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

struct vmcb_control {
    uint32_t intercept_cr;
    uint32_t intercept_dr;
    uint32_t intercept_exception;
    uint32_t intercept_misc1;
    uint32_t intercept_misc2;
    uint8_t reserved_014[0x040 - 0x014];
    uint64_t iopm_base_pa;
    uint64_t msrpm_base_pa;
    uint64_t tsc_offset;
    uint32_t guest_asid;
    uint8_t tlb_control;
    uint8_t reserved_05d[0x060 - 0x05d];
    uint64_t vintr;
    uint64_t interrupt_shadow;
    uint64_t exitcode;
    uint64_t exitinfo1;
    uint64_t exitinfo2;
    uint64_t exitintinfo;
    uint64_t nested_ctl;
    uint8_t reserved_098[0x0a8 - 0x098];
    uint64_t eventinj;
    uint64_t n_cr3;
    uint64_t virt_ext;
    uint64_t vmcb_clean;
    uint64_t nrip;
    uint8_t reserved_0d0[0x3e0 - 0x0d0];
    uint64_t host_injected; /* the last 32 bytes are the host's: the exception injected last, and at which RIP */
    uint64_t host_injected_rip;
    uint8_t reserved_3f0[0x400 - 0x3f0];
};

struct vmcb_save {
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved_0a0[0x0cb - 0x0a0];
    uint8_t cpl;
    uint32_t reserved_0cc;
    uint64_t efer;
    uint8_t reserved_0d8[0x148 - 0x0d8];
    uint64_t cr4;
    uint64_t cr3;
    uint64_t cr0;
    uint64_t dr7;
    uint64_t dr6;
    uint64_t rflags;
    uint64_t rip;
    uint8_t reserved_180[0x1d8 - 0x180];
    uint64_t rsp;
    uint8_t reserved_1e0[0x1f8 - 0x1e0];
    uint64_t rax;
    uint64_t star;
    uint64_t lstar;
    uint64_t cstar;
    uint64_t sfmask;
    uint64_t kernel_gs_base;
    uint64_t sysenter_cs;
    uint64_t sysenter_esp;
    uint64_t sysenter_eip;
    uint64_t cr2;
    uint8_t reserved_248[0x268 - 0x248];
    uint64_t g_pat;
    uint8_t reserved_270[0xc00 - 0x270];
};

struct vmcb {
    struct vmcb_control control;
    struct vmcb_save save;
};

#define CONTROL_AT(field, offset)                                                                                      \
    _Static_assert(offsetof(struct vmcb, control.field) == (offset), "offset of VMCB control " #field)
#define SAVE_AT(field, offset)                                                                                         \
    _Static_assert(offsetof(struct vmcb, save.field) == 0x400 + (offset), "offset of VMCB save " #field)

CONTROL_AT(intercept_cr, 0x000);
CONTROL_AT(intercept_dr, 0x004);
CONTROL_AT(intercept_exception, 0x008);
CONTROL_AT(intercept_misc1, 0x00c);
CONTROL_AT(intercept_misc2, 0x010);
CONTROL_AT(iopm_base_pa, 0x040);
CONTROL_AT(msrpm_base_pa, 0x048);
CONTROL_AT(tsc_offset, 0x050);
CONTROL_AT(guest_asid, 0x058);
CONTROL_AT(tlb_control, 0x05c);
CONTROL_AT(vintr, 0x060);
CONTROL_AT(interrupt_shadow, 0x068);
CONTROL_AT(exitcode, 0x070);
CONTROL_AT(exitinfo1, 0x078);
CONTROL_AT(exitinfo2, 0x080);
CONTROL_AT(exitintinfo, 0x088);
CONTROL_AT(nested_ctl, 0x090);
CONTROL_AT(eventinj, 0x0a8);
CONTROL_AT(n_cr3, 0x0b0);
CONTROL_AT(virt_ext, 0x0b8);
CONTROL_AT(vmcb_clean, 0x0c0);
CONTROL_AT(nrip, 0x0c8);
CONTROL_AT(host_injected, 0x3e0);
SAVE_AT(es, 0x000);
SAVE_AT(cs, 0x010);
SAVE_AT(ss, 0x020);
SAVE_AT(ds, 0x030);
SAVE_AT(fs, 0x040);
SAVE_AT(gs, 0x050);
SAVE_AT(gdtr, 0x060);
SAVE_AT(ldtr, 0x070);
SAVE_AT(idtr, 0x080);
SAVE_AT(tr, 0x090);
SAVE_AT(cpl, 0x0cb);
SAVE_AT(efer, 0x0d0);
SAVE_AT(cr4, 0x148);
SAVE_AT(cr3, 0x150);
SAVE_AT(cr0, 0x158);
SAVE_AT(dr7, 0x160);
SAVE_AT(dr6, 0x168);
SAVE_AT(rflags, 0x170);
SAVE_AT(rip, 0x178);
SAVE_AT(rsp, 0x1d8);
SAVE_AT(rax, 0x1f8);
SAVE_AT(star, 0x200);
SAVE_AT(lstar, 0x208);
SAVE_AT(cstar, 0x210);
SAVE_AT(sfmask, 0x218);
SAVE_AT(kernel_gs_base, 0x220);
SAVE_AT(sysenter_cs, 0x228);
SAVE_AT(sysenter_esp, 0x230);
SAVE_AT(sysenter_eip, 0x238);
SAVE_AT(cr2, 0x240);
SAVE_AT(g_pat, 0x268);
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

/* Whether every control that isolation needs is as vmcb_init() made it; false and the first other one in *odd. */
bool vmcb_check(const struct vmcb *vmcb, struct vmcb_odd *odd);

/* Exit codes (APM vol. 2, appendix C). */
#define EXIT_WRITE_CR0   0x010
#define EXIT_WRITE_DR0   0x030
#define EXIT_EXCEPTION   0x040
#define EXIT_INTR        0x060
#define EXIT_NMI         0x061
#define EXIT_INIT        0x063
#define EXIT_RDPMC       0x06f
#define EXIT_CPUID       0x072
#define EXIT_RSM         0x073
#define EXIT_INVD        0x076
#define EXIT_HLT         0x078
#define EXIT_INVLPGA     0x07a
#define EXIT_IOIO        0x07b
#define EXIT_MSR         0x07c
#define EXIT_FERR_FREEZE 0x07e
#define EXIT_SHUTDOWN    0x07f
#define EXIT_VMRUN       0x080
#define EXIT_VMMCALL     0x081
#define EXIT_VMLOAD      0x082
#define EXIT_VMSAVE      0x083
#define EXIT_STGI        0x084
#define EXIT_CLGI        0x085
#define EXIT_SKINIT      0x086
#define EXIT_WBINVD      0x089
#define EXIT_MONITOR     0x08a
#define EXIT_MWAIT       0x08b
#define EXIT_XSETBV      0x08d
#define EXIT_RDPRU       0x08e
#define EXIT_NPF         0x400

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
#define VECTOR_MC 18

#define EXCEPTIONS 32 /* vectors 0 to 31 */
