/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring 3 for the crash guest: segments, a TSS and page tables of its own.
 */
#pragma once

/* Makes all mapped memory the user's too, and loads a GDT with user segments and TR. After try_init(). */
void user_init(void);

/* Runs `function` in ring 3. It comes back by an interrupt gate that ring 3 may call. */
void user_run(void (*function)(void));
