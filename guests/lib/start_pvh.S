/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a PVH guest, by a note: EBX = hvm_start_info (Xen: "x86/HVM direct boot ABI").
 * main gets it.
 */
#include "guests/lib/enter_32.inc"

        .section .note.xen, "a", @note
        .balign 4
        .long   4, 4, 18                /* sizes of name and text; XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz  "Xen"
        .long   start

        enter_main 12, ebx
