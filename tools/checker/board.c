/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boards: see board.h.
 */
#include "tools/checker/board.h"

#include <libfdt.h>
#include <string.h>

#include "hv/lib/types.h"
#include "tools/checker/source.h"
#include "tools/checker/tool.h"

static uint64_t join(const fdt32_t *cells) {
    return (uint64_t)fdt32_ld(&cells[0]) << 32 | fdt32_ld(&cells[1]);
}

static void add_ram(struct board *board, const fdt32_t *cells) {
    struct range range = {join(cells), join(cells + 2)};
    uint64_t end_before = 0;

    if (board->ram_count > 0)
        end_before = board->ram[board->ram_count - 1].base + board->ram[board->ram_count - 1].size_bytes;
    if (board->ram_count == BOARD_RANGES_MAX)
        tool_fail("%s: found more than %d pieces of RAM, want fewer", board->path, BOARD_RANGES_MAX);
    if (!range_valid(range) || !is_aligned(range.base | range.size_bytes, PAGE_BYTES) || range.base < MIB ||
        range.base < end_before)
        tool_fail("%s: found RAM of 0x%lx bytes at 0x%lx, want whole pages above 1 MiB, in order and apart",
                  board->path, range.size_bytes, range.base);
    board->ram[board->ram_count++] = range;
}

static void read_ram(struct board *board, const void *blob) {
    int node, length;

    fdt_for_each_subnode(node, blob, 0) {
        const fdt32_t *reg = fdt_getprop(blob, node, "reg", &length);

        if (strncmp(fdt_get_name(blob, node, NULL), "memory@", 7) != 0)
            continue;
        for (int at = 0; reg && at + 16 <= length; at += 16)
            add_ram(board, reg + at / 4);
    }
    if (board->ram_count == 0)
        tool_fail("%s: found no memory node with a reg, want one", board->path);
}

static void read_uarts(struct board *board, const void *blob) {
    int isa = fdt_path_offset(blob, "/isa"), node, length;

    if (isa < 0)
        return;
    fdt_for_each_subnode(node, blob, isa) {
        const fdt32_t *reg = fdt_getprop(blob, node, "reg", &length);

        if (reg && length == 12 && fdt_node_check_compatible(blob, node, "ns16550a") == 0 &&
            board->uart_count < BOARD_UARTS_MAX)
            board->uarts[board->uart_count++] = (uint16_t)fdt32_ld(&reg[1]);
    }
}

void board_read(struct board *board, const char *path) {
    struct source source;

    *board = (struct board){.path = path};
    source_read(&source, path);
    if (source.said)
        tool_fail("%s:%u: %s", source.wrong.file, source.wrong.line, source.said);
    if (fdt_check_full(source.blob, source.size_bytes) != 0 ||
        fdt_node_check_compatible(source.blob, 0, "shikiri,board") != 0)
        tool_fail("%s: found no board, want compatible = \"shikiri,board\"", path);
    board->model = fdt_getprop(source.blob, 0, "model", NULL);
    if (!board->model)
        board->model = path;
    const fdt32_t *processors = fdt_getprop(source.blob, 0, "processors", NULL);

    board->processors = processors ? fdt32_ld(processors) : 0;
    read_ram(board, source.blob);
    read_uarts(board, source.blob);
}

bool board_has_uart(const struct board *board, uint16_t port) {
    for (unsigned i = 0; i < board->uart_count; i++)
        if (board->uarts[i] == port)
            return true;
    return false;
}
