/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a 64-bit guest (lib.h): a stub a vector, which calls interrupt_act with the vector and keeps all
 * general registers. Exceptions have no stub and end in a triple fault, which the hypervisor reports.
 */
#define FIRST 32 /* INTERRUPT_FIRST */

        .section .bss
        .balign 16
idt:    .skip   256*16

        .section .data
idt_register:
        .word   256*16-1
        .quad   idt
        .global interrupt_act
        .balign 8
interrupt_act:
        .quad   0
        .global interrupt_tsc
interrupt_tsc:
        .quad   0

        .text
        .balign 16
stubs:
        .set    vector, FIRST
        .rept   256-FIRST
        .balign 16
        push    $vector
        jmp     interrupt
        .set    vector, vector+1
        .endr

/* (RSP) = vector; behind it what the processor has pushed. */
interrupt:
        push    %rax
        push    %rdx
        rdtsc
        mov     %eax, interrupt_tsc
        mov     %edx, interrupt_tsc+4
        push    %rcx
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        cld
        mov     72(%rsp), %rdi
        call    *interrupt_act
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rcx
        pop     %rdx
        pop     %rax
        add     $8, %rsp
        iretq

/* void interrupts_to(void (*act)(unsigned)); below 4 GiB an address has 32 bits. */
        .global interrupts_to
interrupts_to:
        mov     %rdi, interrupt_act
        mov     $stubs, %eax
        mov     $idt+FIRST*16, %edx
1:      movl    $0x00080000, (%rdx)     /* the code segment's selector */
        mov     %ax, (%rdx)
        mov     %eax, %ecx
        mov     $0x8e00, %cx            /* an interrupt gate */
        mov     %ecx, 4(%rdx)
        movq    $0, 8(%rdx)
        add     $16, %eax
        add     $16, %edx
        cmp     $idt+256*16, %edx
        jne     1b
        lidt    idt_register
        mov     $0x80f, %ecx            /* SVR: on, spurious interrupts by vector 255 */
        xor     %edx, %edx
        mov     $0x1ff, %eax
        wrmsr
        ret
        .section .note.GNU-stack, ""
