/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a 64-bit guest: RSI = bootargs (docs/guest-interface.md). main's result
 * becomes the partition's status. The GDT is loaded so that segments can be reloaded,
 * by IRET above all.
 */
        .section .bss
        .balign 16
stack:  .skip   16384
stack_top:

        .section .rodata
        .balign 8
gdt:    .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff
        .global gdt_register
gdt_register:
        .word   . - gdt - 1
        .quad   gdt

        .text
        .global start
start:
        mov     $stack_top, %esp
        lgdt    gdt_register
        mov     %rsi, %rdi
        xor     %ebp, %ebp
        call    main
        movslq  %eax, %rdi
        mov     $3, %eax                /* SHIKIRI_CALL_SHUTDOWN */
        vmmcall
1:      cli
        hlt
        jmp     1b
        .section .note.GNU-stack, ""
