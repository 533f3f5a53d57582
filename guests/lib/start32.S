/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a 32-bit guest: ESI = bootargs (docs/guest-interface.md). main's result
 * becomes the partition's status.
 */
#include "guests/lib/enter_32.inc"

        enter_main 12, esi
