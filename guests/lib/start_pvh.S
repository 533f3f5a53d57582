/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a PVH guest, by a note: EBX = hvm_start_info (Xen: "x86/HVM direct boot ABI").
 * main gets it.
 */
        .section .note.xen, "a", @note
        .balign 4
        .long   4, 4, 18                /* sizes of name and text; XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz  "Xen"
        .long   start

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
        push    %ebx
        call    main
        mov     %eax, %edi
        mov     $3, %eax                /* SHIKIRI_CALL_SHUTDOWN */
        vmmcall
1:      cli
        hlt
        jmp     1b
        .section .note.GNU-stack, ""
