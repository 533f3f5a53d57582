/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a Multiboot loader to C in long mode (Multiboot Specification 0.6.96, "Machine
 * state"; Multiboot2 2.0, "I386 machine state"; APM vol. 2, "Processor Initialization
 * and Long Mode Activation"). COM1 and the banner come first: whatever goes wrong
 * after them can be told. No 8259A interrupts what follows.
 */
#include "offsets.h"

#define MULTIBOOT1_MAGIC 0x1badb002
#define MULTIBOOT1_FLAGS 0x00000003 /* modules on page boundaries, memory information */
#define MULTIBOOT2_MAGIC 0xe85250d6

#define COM1        0x3f8
#define PIC1        0x20
#define PIC2        0xa0
#define EFER        0xc0000080
#define EFER_LME    0x100
#define EFER_NXE    0x800
#define CR0_ENABLE  0x80010000 /* PG, WP */
#define CR4_PAE     0x20
#define ENTRY_TABLE 0x003
#define ENTRY_LARGE 0x083

        .section .multiboot, "a"
        .balign 8
multiboot2_header:
        .long   MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2_header
        .long   -(MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2_header))
        .balign 8
        .word   6, 0                    /* modules on page boundaries */
        .long   8
        .balign 8
        .word   0, 0                    /* end of tags */
        .long   8
multiboot2_end:
        .balign 4
        .long   MULTIBOOT1_MAGIC, MULTIBOOT1_FLAGS, -(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)

        .section .rodata
banner: .asciz  "\r\nShikiri " VERSION ", a partitioning hypervisor\r\n"
no_long_mode:
        .asciz  "shikiri: error: this processor has no long mode (CPUID 0x80000001, EDX bit 29); want a 64-bit AMD processor\r\n"
/*
 * Ports and what is written to them. COM1: 115,200 baud, 8N1, FIFOs on, no interrupts (16550 data sheet). The 8259A
 * pair: vectors 0x20 to 0x2f, as a spurious IRQ 7 or 15 cannot be masked; then all is masked (8259A data sheet).
 */
setup:  .word   COM1 + 1, 0x00, COM1 + 3, 0x80, COM1, 0x01, COM1 + 1, 0x00
        .word   COM1 + 3, 0x03, COM1 + 2, 0x07, COM1 + 4, 0x03
        .word   PIC1, 0x11, PIC1 + 1, 0x20, PIC1 + 1, 1 << 2, PIC1 + 1, 0x01, PIC1 + 1, 0xff
        .word   PIC2, 0x11, PIC2 + 1, 0x28, PIC2 + 1, 2, PIC2 + 1, 0x01, PIC2 + 1, 0xff
setup_end:

        .data
        .balign 8
        .global boot_gdt
boot_gdt:
        .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff
        .quad   0x00cf9b000000ffff      /* 32-bit code, on the way of the other processors */
        .quad   0, 0                    /* SELECTOR_TSS: cpu_init() */
boot_gdt_register:
        .word   . - boot_gdt - 1
        .long   boot_gdt

        .text
        .code32
        .global start
/* At entry: EAX = the loader's magic, EBX = its information, flat segments, paging off. */
start:
        cli
        cld
        mov     $cpu_stacks + CPU_STACK_TOP, %esp
        mov     %eax, %edi
        mov     %ebx, %ebp
        rdtsc
        mov     %eax, entry_tsc
        mov     %edx, entry_tsc + 4

        mov     $setup, %esi
1:      lodsl
        mov     %eax, %edx
        shr     $16, %eax
        out     %al, %dx
        cmp     $setup_end, %esi
        jb      1b
        mov     $banner, %esi
        call    print

        mov     $no_long_mode, %esi
        mov     $0x80000000, %eax
        cpuid
        cmp     $0x80000001, %eax
        jb      die
        mov     $0x80000001, %eax
        cpuid
        bt      $29, %edx
        jnc     die

        /* Coarse tables: the first 4 GiB at their own addresses. hv/cpu/paging.c refines them. */
        movl    $boot_pdpt + ENTRY_TABLE, boot_pml4
        .irp    number, 0, 1, 2, 3
        movl    $boot_directories + \number * 4096 + ENTRY_TABLE, boot_pdpt + \number * 8
        .endr
        mov     $ENTRY_LARGE, %eax
        mov     $boot_directories, %ebx
1:      mov     %eax, (%ebx)
        add     $8, %ebx
        add     $0x200000, %eax
        cmp     $boot_directories + 4 * 4096, %ebx
        jb      1b

        mov     %ebp, %esi
        mov     $boot_main, %ebp
        mov     $EFER_LME, %ebx

/* EBP = the C function to go on in, EDI and ESI = its arguments, on the stack at ESP; EBX = bits to set in EFER. */
enter_long_mode:
        mov     $CR4_PAE, %eax
        mov     %eax, %cr4
        mov     $boot_pml4, %eax
        mov     %eax, %cr3
        mov     $EFER, %ecx
        rdmsr
        or      %ebx, %eax
        wrmsr
        mov     %cr0, %eax
        and     $0x9fffffff, %eax       /* caches on: CD = NW = 0 */
        or      $CR0_ENABLE, %eax
        mov     %eax, %cr0
        lgdt    boot_gdt_register
        ljmp    $0x08, $long_mode
        .code64
long_mode:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %ebp, %eax              /* upper halves are undefined after the change of mode */
        mov     %esi, %esi
        mov     %esp, %esp
        xor     %ebp, %ebp              /* the backtrace ends here */
        call    *%rax
        ud2
        .code32

/* ESI = what to say before the end. */
die:    call    print
1:      hlt
        jmp     1b

/* Sends the string at ESI to COM1. Changes EAX, ECX, EDX. */
print:  lodsb
        test    %al, %al
        jz      3f
        mov     %al, %ah
        mov     $COM1 + 5, %dx
        mov     $1000000, %ecx
1:      in      %dx, %al
        test    $0x20, %al              /* LSR.THRE */
        loopz   1b
        mov     %ah, %al
        mov     $COM1, %dx
        out     %al, %dx
        jmp     print
3:      ret

/*
 * Another processor: real mode at the page that SIPI names, where boot/processors.c puts a copy of
 * this. INIT has left IF and DF clear. The tables have NX bits by now.
 */
        .section .rodata
        .global trampoline, trampoline_end
        .code16
trampoline:
        lgdtl   %cs:(trampoline_gdt_register - trampoline)
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmpl   $0x18, $started
trampoline_gdt_register:
        .word   boot_gdt_register - boot_gdt - 1
        .long   boot_gdt
trampoline_end:

        .text
        .code32
started:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     processors_stack_top, %esp
        mov     $processors_enter, %ebp
        mov     $EFER_LME + EFER_NXE, %ebx
        jmp     enter_long_mode
