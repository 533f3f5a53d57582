/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The work of the 32-bit counter (state.h): as work_64.S does it, with the eight
 * vector registers and the five free general registers there are. EDI = struct state;
 * ECX counts down.
 */
#include "guests/counter/state.h"

        .text
        .global work
work:
        push    %ebx
        push    %ebp
        push    %esi
        push    %edi
        mov     20(%esp), %edi
        ldmxcsr STATE_MXCSR(%edi)
        fldcw   STATE_FCW(%edi)
        .irp    i, 7, 6, 5, 4, 3, 2, 1, 0
        fldl    STATE_ST+8*\i(%edi)
        .endr

        cmpl    $0, STATE_WIDE(%edi)
        je      1f
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        vmovupd STATE_YMM+32*\i(%edi), %ymm\i
        .endr
        jmp     2f
1:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        movupd  STATE_YMM+32*\i(%edi), %xmm\i
        .endr

2:      mov     STATE_GPR+8*0(%edi), %eax
        mov     STATE_GPR+8*1(%edi), %ebx
        mov     STATE_GPR+8*2(%edi), %edx
        mov     STATE_GPR+8*3(%edi), %esi
        mov     STATE_GPR+8*4(%edi), %ebp
        mov     STATE_SPIN(%edi), %ecx

3:      faddl   STATE_ONES(%edi)
        fincstp
        add     $1, %eax
        add     $3, %ebx
        add     $5, %edx
        add     $7, %esi
        add     $9, %ebp
        cmpl    $0, STATE_WIDE(%edi)
        je      4f
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        vaddpd  STATE_ONES(%edi), %ymm\i, %ymm\i
        .endr
        jmp     5f
4:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        addpd   STATE_ONES(%edi), %xmm\i
        .endr
5:      dec     %ecx
        jnz     3b

        mov     %eax, STATE_GPR+8*0(%edi)
        mov     %ebx, STATE_GPR+8*1(%edi)
        mov     %edx, STATE_GPR+8*2(%edi)
        mov     %esi, STATE_GPR+8*3(%edi)
        mov     %ebp, STATE_GPR+8*4(%edi)
        cmpl    $0, STATE_WIDE(%edi)
        je      6f
        .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        vmovupd %ymm\i, STATE_YMM+32*\i(%edi)
        .endr
        jmp     7f
6:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        movupd  %xmm\i, STATE_YMM+32*\i(%edi)
        .endr
7:      .irp    i, 0, 1, 2, 3, 4, 5, 6, 7
        fstpl   STATE_ST+8*\i(%edi)
        .endr
        stmxcsr STATE_MXCSR(%edi)
        fnstcw  STATE_FCW(%edi)
        pop     %edi
        pop     %esi
        pop     %ebp
        pop     %ebx
        ret
        .section .note.GNU-stack, ""
