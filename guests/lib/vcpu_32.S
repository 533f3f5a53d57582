/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a further vCPU of a 32-bit guest begins (vcpu.c): EDI = its stack, with a function on it and what that is
 * called with. When the function returns, the vCPU halts for ever.
 */
        .text
        .global vcpu_entry
vcpu_entry:
        mov     %edi, %esp
        pop     %eax
        xor     %ebp, %ebp
        call    *%eax
1:      cli
        hlt
        jmp     1b
        .section .note.GNU-stack, ""
