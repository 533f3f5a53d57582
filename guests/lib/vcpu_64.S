/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a further vCPU of a 64-bit guest begins (vcpu.c): RDI = its stack, with a function on it and what that is
 * called with. When the function returns, the vCPU halts for ever.
 */
        .text
        .global vcpu_entry
vcpu_entry:
        mov     %rdi, %rsp
        lgdt    gdt_register
        pop     %rax
        pop     %rdi
        xor     %ebp, %ebp
        call    *%rax
1:      cli
        hlt
        jmp     1b
        .section .note.GNU-stack, ""
