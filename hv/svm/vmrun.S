/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMRUN (APM vol. 2, "VMRUN Instruction"). RAX, RSP, RIP and RFLAGS are the processor's
 * business; all other general registers are ours.
 */
#include "offsets.h"

        .text

/*
 * Notes what the exit cost, from #VMEXIT until now: counted by the power of two it lies in, the largest
 * kept, and a record in the ring of this processor, whose 64 KiB the 16-bit addition stays in
 * (hv/cpu/trace.h). A cost is made odd, as 0 has no logarithm. RBP = struct guest, EBX = lower half of
 * the TSC at #VMEXIT.
 */
        .macro  note_exit
        rdtsc
        mov     GUEST_CPU(%rbp), %rcx
        mov     CPU_TRACE_NEXT(%rcx), %rsi
        addw    $TRACE_RECORD_BYTES, CPU_TRACE_NEXT(%rcx)
        mov     %eax, (%rsi)
        mov     %edx, 4(%rsi)
        sub     %ebx, %eax
        or      $1, %eax
        mov     GUEST_COST(%rbp), %rcx
        bsr     %eax, %edx
        incq    COST_COUNTS(%rcx,%rdx,8)
        cmp     COST_MAX_TICKS(%rcx), %rax
        jbe     1f
        mov     %rax, COST_MAX_TICKS(%rcx)
1:      or      COST_TAG(%rcx), %rax
        mov     %rax, 8(%rsi)
        .endm

        .global vmrun
/*
 * At entry:   RDI = struct guest, RSI = what acts on exits; GIF = 0, IF = 1
 * At VMRUN:   RAX = physical address of the VMCB, the rest is the guest's;
 *             8(RSP) = struct guest, 16(RSP) = what acts on exits
 * At #VMEXIT: RAX and RSP as at VMRUN, the rest is the guest's
 * At the end: EAX = what ended the run
 */
vmrun:
        .irp    register, rbp, rbx, r12, r13, r14, r15, rsi, rdi
        push    %\register
        .endr
        sub     $8, %rsp                /* calls want 16-byte alignment */
        mov     %rdi, %rbp
        jmp     resume

again:  note_exit
resume: mov     GUEST_VMCB_PA(%rbp), %rax
        mov     GUEST_REGISTERS+1*8(%rbp), %rcx
        mov     GUEST_REGISTERS+2*8(%rbp), %rdx
        mov     GUEST_REGISTERS+3*8(%rbp), %rbx
        mov     GUEST_REGISTERS+6*8(%rbp), %rsi
        mov     GUEST_REGISTERS+7*8(%rbp), %rdi
        .irp    number, 8, 9, 10, 11, 12, 13, 14, 15
        mov     GUEST_REGISTERS+\number*8(%rbp), %r\number
        .endr
        mov     GUEST_REGISTERS+5*8(%rbp), %rbp
        vmrun   %rax

        mov     8(%rsp), %rax
        mov     %rcx, GUEST_REGISTERS+1*8(%rax)
        mov     %rdx, GUEST_REGISTERS+2*8(%rax)
        mov     %rbx, GUEST_REGISTERS+3*8(%rax)
        mov     %rbp, GUEST_REGISTERS+5*8(%rax)
        mov     %rsi, GUEST_REGISTERS+6*8(%rax)
        mov     %rdi, GUEST_REGISTERS+7*8(%rax)
        .irp    number, 8, 9, 10, 11, 12, 13, 14, 15
        mov     %r\number, GUEST_REGISTERS+\number*8(%rax)
        .endr
        mov     %rax, %rbp
        rdtsc
        mov     %eax, %ebx

        mov     %rbp, %rdi
        call    *16(%rsp)
        test    %eax, %eax
        jz      again

        mov     %eax, %r12d
        note_exit
        mov     %r12d, %eax
        add     $24, %rsp
        .irp    register, r15, r14, r13, r12, rbx, rbp
        pop     %\register
        .endr
        ret
