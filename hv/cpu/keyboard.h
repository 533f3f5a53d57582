/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's own keyboard, polled: only Alt+F1 to Alt+F8 have a meaning.
 */
#pragma once

/* Reads what is there; the number of the screen asked for, from 0, or -1. */
int keyboard_poll_screen(void);
