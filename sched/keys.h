/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys for the hypervisor: which screen is shown. Alt+F1 to Alt+F8 on the machine's
 * keyboard, or Ctrl-] and a digit on COM1.
 */
#pragma once

/* Reads what was typed since the last call, acts on it, and has the screen follow its cursor. */
void keys_poll(void);
