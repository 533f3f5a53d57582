/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that a system is checked for: a device tree of its own in dts/boards/,
 * with the RAM that its boot loader will report and the serial ports it has.
 */
#pragma once

#include "hv/lib/range.h"
#include "tools/checker/problems.h"

#define BOARD_RANGES_MAX 64
#define BOARD_UARTS_MAX  16

struct board {
    struct source source;
    const char *model; /* "QEMU pc, 256 MiB" */
    struct range ram[BOARD_RANGES_MAX];
    unsigned ram_count;
    uint16_t uarts[BOARD_UARTS_MAX]; /* their first ports */
    unsigned uart_count;
    unsigned processors; /* 0: as many as are wanted */
};

/* What is wrong with it goes to `problems`; only when there is nothing may the board be used. */
void board_read(struct board *board, const char *path, struct problems *problems);

bool board_has_uart(const struct board *board, uint16_t port);
