/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to ring 3 and back (user.h).
 */
#define USER_DATA       0x1b
#define USER_CODE       0x23
#define TSS_RSP0        4

        .section .bss
        .balign 16
        .skip   8192
user_stack_top:

        .text
/* At entry: RDI = the function. What has to survive is below RSP0, where the gate's frame begins. */
        .global user_run
user_run:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, user_tss + TSS_RSP0
        push    $USER_DATA
        push    $user_stack_top
        pushf
        push    $USER_CODE
        push    $in_ring_3
        iretq
in_ring_3:
        call    *%rdi
        int     $0x20

/* Where the gate of vector 0x20 leads (try_64.S). */
        .global user_return
user_return:
        mov     user_tss + TSS_RSP0, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .section .note.GNU-stack, ""
