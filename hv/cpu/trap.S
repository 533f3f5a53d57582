/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of the IDT. Exceptions build a struct trap_frame and do not return;
 * interrupts change nothing but the LAPIC's in-service register, NMIs a counter.
 */
#define LAPIC_EOI 0xfee000b0

        .text
/*
 * trap_exception_entries: 32 entries of 16 bytes. Vectors 8, 10 to 14, 17, 21, 29 and 30
 * come with an error code; the others get a zero in its place.
 */
        .global trap_exception_entries
        .balign 16
trap_exception_entries:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     !((1 << vector) & 0x60227d00)
        push    $0
        .endif
        push    $vector
        jmp     exception
        .set    vector, vector + 1
        .endr

exception:
        .irp    operand, %r15, %r14, %r13, %r12, %r11, %r10, %r9, %r8, %rdi, %rsi, %rbp, 16*8(%rsp), %rbx, %rdx, %rcx, %rax
        pushq   \operand                /* the one in memory is RSP at the exception */
        .endr
        mov     %rsp, %rdi
        and     $-16, %rsp
        call    trap_exception
        ud2

        .global trap_nmi
trap_nmi:
        cmpb    $0, trap_nmi_stops
        jne     1f
        lock incq trap_nmi_count
        iretq
1:      hlt                             /* another processor panics (panic.c) */
        jmp     1b

/*
 * No handler is interrupted by another, so the EOI of an interrupt that is none, which the LAPIC and the
 * 8259A call spurious, finds nothing in service and does nothing (APM vol. 2, "Spurious Interrupts").
 */
        .global trap_interrupt
trap_interrupt:
        push    %rax
        mov     $LAPIC_EOI, %eax
        movl    $0, (%rax)
        pop     %rax
        iretq
