/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that note the vector and go on behind the instruction that faulted (try.h).
 */
#define GATES           0x21
#define RFLAGS_TF_BIT   8

        .section .bss
        .balign 16
idt:    .skip   GATES * 16
        .global try_caught, try_rip, try_resume
try_resume:     .skip 8
try_rip:        .skip 8
try_caught:     .skip 4

        .section .rodata
idt_register:
        .word   GATES * 16 - 1
        .quad   idt

        .text
        .macro  handler vector, error_bytes
handle_\vector:
        add     $\error_bytes, %rsp
        movl    $\vector, try_caught
        btrq    $RFLAGS_TF_BIT, 16(%rsp)
        push    %rax
        mov     8(%rsp), %rax
        mov     %rax, try_rip
        mov     try_resume, %rax
        mov     %rax, 8(%rsp)
        pop     %rax
        iretq
        .endm
        handler 1, 0
        handler 6, 0
        handler 13, 8
        handler 14, 8
        handler 17, 8

        .macro  gate vector, entry, type
        mov     $\entry, %eax
        mov     %ax, idt + 16 * \vector
        movw    $0x08, idt + 16 * \vector + 2
        movw    $\type, idt + 16 * \vector + 4
        shr     $16, %eax
        mov     %ax, idt + 16 * \vector + 6
        .endm

/* Interrupt gates of DPL 0, and one of DPL 3. */
        .global try_init
try_init:
        gate    1, handle_1, 0x8e00
        gate    6, handle_6, 0x8e00
        gate    13, handle_13, 0x8e00
        gate    14, handle_14, 0x8e00
        gate    17, handle_17, 0x8e00
        gate    0x20, user_return, 0xee00
        lidt    idt_register
        ret
        .section .note.GNU-stack, ""
