/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The work of the 64-bit counter (state.h). A round of the loop adds 1 to every vector
 * lane and to one x87 register, and 1, 3, 5 and so on to the general registers. RDI =
 * struct state at entry, R15 while everything else is at work; RCX counts down.
 */
#include "guests/counter/state.h"

        .text
        .global work
work:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rdi, %r15
        ldmxcsr STATE_MXCSR(%r15)
        fldcw   STATE_FCW(%r15)
        .irp    i, 7, 6, 5, 4, 3, 2, 1, 0
        fldl    STATE_ST+8*\i(%r15)
        .endr

        cmpl    $0, STATE_WIDE(%r15)
        je      1f
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovupd STATE_YMM+32*\i(%r15), %ymm\i
        .endr
        jmp     2f
1:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movupd  STATE_YMM+32*\i(%r15), %xmm\i
        .endr

2:      mov     STATE_GPR+8*0(%r15), %rax
        mov     STATE_GPR+8*1(%r15), %rbx
        mov     STATE_GPR+8*2(%r15), %rdx
        mov     STATE_GPR+8*3(%r15), %rsi
        mov     STATE_GPR+8*4(%r15), %rdi
        mov     STATE_GPR+8*5(%r15), %rbp
        mov     STATE_GPR+8*6(%r15), %r8
        mov     STATE_GPR+8*7(%r15), %r9
        mov     STATE_GPR+8*8(%r15), %r10
        mov     STATE_GPR+8*9(%r15), %r11
        mov     STATE_GPR+8*10(%r15), %r12
        mov     STATE_GPR+8*11(%r15), %r13
        mov     STATE_GPR+8*12(%r15), %r14
        mov     STATE_SPIN(%r15), %ecx

3:      faddl   STATE_ONES(%r15)
        fincstp
        add     $1, %rax
        add     $3, %rbx
        add     $5, %rdx
        add     $7, %rsi
        add     $9, %rdi
        add     $11, %rbp
        add     $13, %r8
        add     $15, %r9
        add     $17, %r10
        add     $19, %r11
        add     $21, %r12
        add     $23, %r13
        add     $25, %r14
        cmpl    $0, STATE_WIDE(%r15)
        je      4f
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vaddpd  STATE_ONES(%r15), %ymm\i, %ymm\i
        .endr
        jmp     5f
4:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        addpd   STATE_ONES(%r15), %xmm\i
        .endr
5:      dec     %ecx
        jnz     3b

        mov     %rax, STATE_GPR+8*0(%r15)
        mov     %rbx, STATE_GPR+8*1(%r15)
        mov     %rdx, STATE_GPR+8*2(%r15)
        mov     %rsi, STATE_GPR+8*3(%r15)
        mov     %rdi, STATE_GPR+8*4(%r15)
        mov     %rbp, STATE_GPR+8*5(%r15)
        mov     %r8, STATE_GPR+8*6(%r15)
        mov     %r9, STATE_GPR+8*7(%r15)
        mov     %r10, STATE_GPR+8*8(%r15)
        mov     %r11, STATE_GPR+8*9(%r15)
        mov     %r12, STATE_GPR+8*10(%r15)
        mov     %r13, STATE_GPR+8*11(%r15)
        mov     %r14, STATE_GPR+8*12(%r15)
        cmpl    $0, STATE_WIDE(%r15)
        je      6f
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovupd %ymm\i, STATE_YMM+32*\i(%r15)
        .endr
        jmp     7f
6:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movupd  %xmm\i, STATE_YMM+32*\i(%r15)
        .endr
7:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        fstpl   STATE_ST+8*\i(%r15)
        .endr
        stmxcsr STATE_MXCSR(%r15)
        fnstcw  STATE_FCW(%r15)
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .section .note.GNU-stack, ""
