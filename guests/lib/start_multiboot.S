/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a Multiboot 1 guest: EAX = magic, EBX = information (Multiboot Specification
 * 0.6.96, "Machine state"). main gets both.
 */
        .section .multiboot, "a"
        .balign 4
        .long   0x1badb002, 0x3, -(0x1badb002 + 0x3)

        .section .bss
        .balign 16
stack:  .skip   16384
stack_top:

        .text
        .global start
start:
        mov     $stack_top, %esp
        xor     %ebp, %ebp
        sub     $8, %esp
        push    %ebx
        push    %eax
        call    main
        mov     %eax, %edi
        mov     $3, %eax                /* SHIKIRI_CALL_SHUTDOWN */
        vmmcall
1:      cli
        hlt
        jmp     1b
        .section .note.GNU-stack, ""
