/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a Multiboot 1 guest: EAX = magic, EBX = information (Multiboot Specification
 * 0.6.96, "Machine state"). main gets both.
 */
#include "guests/lib/enter_32.inc"

        .section .multiboot, "a"
        .balign 4
        .long   0x1badb002, 0x3, -(0x1badb002 + 0x3)

        enter_main 8, ebx, eax
