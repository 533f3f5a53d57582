/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that note the vector and go on behind the instruction that faulted (try.h).
 */
        .section .bss
        .balign 16
idt:    .skip   16 * 16
        .global try_caught, try_resume
try_resume:     .skip 8
try_caught:     .skip 4

        .section .rodata
idt_register:
        .word   16 * 16 - 1
        .quad   idt

        .text
        .macro  handler vector, error_bytes
handle_\vector:
        add     $\error_bytes, %rsp
        movl    $\vector, try_caught
        push    %rax
        mov     try_resume, %rax
        mov     %rax, 8(%rsp)
        pop     %rax
        iretq
        .endm
        handler 6, 0
        handler 13, 8
        handler 14, 8

        .macro  gate vector
        mov     $handle_\vector, %eax
        mov     %ax, idt + 16 * \vector
        movw    $0x08, idt + 16 * \vector + 2
        movw    $0x8e00, idt + 16 * \vector + 4
        shr     $16, %eax
        mov     %ax, idt + 16 * \vector + 6
        .endm

        .global try_init
try_init:
        gate    6
        gate    13
        gate    14
        lidt    idt_register
        ret
        .section .note.GNU-stack, ""
