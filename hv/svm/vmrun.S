/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMRUN (APM vol. 2, "VMRUN Instruction"). RAX, RSP, RIP and RFLAGS are the processor's
 * business; all other general registers are ours.
 */
#include "offsets.h"

        .text
        .global vmrun
        .type vmrun, @function
/*
 * At entry:   RDI = struct guest, RSI = what acts on exits; GIF = 0, IF = 1
 * At VMRUN:   RAX = physical address of the VMCB, the rest is the guest's;
 *             8(RSP) = struct guest, 16(RSP) = what acts on exits
 * At #VMEXIT: RAX and RSP as at VMRUN, the rest is the guest's
 * At the end: EAX = what ended the run
 */
vmrun:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rsi
        push    %rdi
        sub     $8, %rsp                /* calls want 16-byte alignment */

resume: mov     GUEST_VMCB_PA(%rdi), %rax
        mov     GUEST_REGISTERS+1*8(%rdi), %rcx
        mov     GUEST_REGISTERS+2*8(%rdi), %rdx
        mov     GUEST_REGISTERS+3*8(%rdi), %rbx
        mov     GUEST_REGISTERS+5*8(%rdi), %rbp
        mov     GUEST_REGISTERS+6*8(%rdi), %rsi
        mov     GUEST_REGISTERS+8*8(%rdi), %r8
        mov     GUEST_REGISTERS+9*8(%rdi), %r9
        mov     GUEST_REGISTERS+10*8(%rdi), %r10
        mov     GUEST_REGISTERS+11*8(%rdi), %r11
        mov     GUEST_REGISTERS+12*8(%rdi), %r12
        mov     GUEST_REGISTERS+13*8(%rdi), %r13
        mov     GUEST_REGISTERS+14*8(%rdi), %r14
        mov     GUEST_REGISTERS+15*8(%rdi), %r15
        mov     GUEST_REGISTERS+7*8(%rdi), %rdi
        vmrun   %rax

        mov     8(%rsp), %rax
        mov     %rcx, GUEST_REGISTERS+1*8(%rax)
        mov     %rdx, GUEST_REGISTERS+2*8(%rax)
        mov     %rbx, GUEST_REGISTERS+3*8(%rax)
        mov     %rbp, GUEST_REGISTERS+5*8(%rax)
        mov     %rsi, GUEST_REGISTERS+6*8(%rax)
        mov     %rdi, GUEST_REGISTERS+7*8(%rax)
        mov     %r8, GUEST_REGISTERS+8*8(%rax)
        mov     %r9, GUEST_REGISTERS+9*8(%rax)
        mov     %r10, GUEST_REGISTERS+10*8(%rax)
        mov     %r11, GUEST_REGISTERS+11*8(%rax)
        mov     %r12, GUEST_REGISTERS+12*8(%rax)
        mov     %r13, GUEST_REGISTERS+13*8(%rax)
        mov     %r14, GUEST_REGISTERS+14*8(%rax)
        mov     %r15, GUEST_REGISTERS+15*8(%rax)

        mov     %rax, %rdi
        call    *16(%rsp)
        mov     8(%rsp), %rdi
        test    %eax, %eax
        jz      resume

        add     $24, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        ret
        .size vmrun, . - vmrun
