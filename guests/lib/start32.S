/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a 32-bit guest: ESI = bootargs (docs/guest-interface.md). main's result
 * becomes the partition's status.
 */
        .section .bss
        .balign 16
stack:  .skip   16384
stack_top:

        .text
        .global start
start:
        mov     $stack_top, %esp
        xor     %ebp, %ebp
        sub     $12, %esp
        push    %esi
        call    main
        mov     %eax, %edi
        mov     $3, %eax                /* SHIKIRI_CALL_SHUTDOWN */
        vmmcall
1:      cli
        hlt
        jmp     1b
        .section .note.GNU-stack, ""
