/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boards: see board.h. Read as strictly as systems, by the same readers and into the same report.
 */
#include "tools/checker/board.h"

#include <libfdt.h>
#include <string.h>

#include "hv/lib/types.h"
#include "partitions/fdt.h"
#include "tools/checker/tool.h"

#define PIECE_CELLS 4 /* address and size */

static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};

static uint64_t join(const fdt32_t *cells) {
    return (uint64_t)fdt32_ld(&cells[0]) << 32 | fdt32_ld(&cells[1]);
}

/* Not empty, and does not pass 2^64 - 1. */
static bool is_valid(struct range range) {
    return range.size_bytes != 0 && range.base <= UINT64_MAX - range.size_bytes;
}

static void add_ram(struct board *board, const struct dt *dt, int node, struct range range) {
    uint64_t end_before = MIB;

    if (board->ram_count > 0)
        end_before = range_end(board->ram[board->ram_count - 1]);
    if (board->ram_count == BOARD_RANGES_MAX)
        dt_error(dt, node, "reg", NULL, "found more than %d pieces of RAM, want fewer", BOARD_RANGES_MAX);
    else if (!is_valid(range) || !is_aligned(range.base | range.size_bytes, PAGE_BYTES))
        dt_error(dt, node, "reg", "pages have 4 KiB",
                 "found 0x%lx bytes at 0x%lx, want multiples of 0x1000, not 0 bytes", range.size_bytes, range.base);
    else if (range.base < end_before)
        dt_error(dt, node, "reg", "RAM stands from low to high, and what is below 1 MiB is not used",
                 "found 0x%lx bytes at 0x%lx, want them at 0x%lx or above", range.size_bytes, range.base, end_before);
    else
        board->ram[board->ram_count++] = range;
}

static void read_memory(struct board *board, struct dt *dt, int node) {
    int length = 0;
    const fdt32_t *reg = fdt_getprop(dt->blob, node, "reg", &length);
    unsigned count = reg ? (unsigned)length / sizeof(*reg) : 0;

    dt_check_names(dt, node, "device_type reg", "");
    dt_choice(dt, node, "device_type", "memory");
    if (count == 0 || (unsigned)length % (PIECE_CELLS * sizeof(*reg)) != 0) {
        dt_error(dt, node, "reg", NULL, "found %u cells, want %d for each piece of RAM", count, PIECE_CELLS);
        return;
    }
    dt_check_unit_address(dt, node, join(reg));
    for (unsigned i = 0; i < count; i += PIECE_CELLS)
        add_ram(board, dt, node, (struct range){join(reg + i), join(reg + i + 2)});
}

static void read_serial(struct board *board, struct dt *dt, int node) {
    uint32_t reg[3];

    dt_check_names(dt, node, "compatible reg", "");
    dt_choice(dt, node, "compatible", "ns16550a");
    if (!dt_cells(dt, node, "reg", reg, 3))
        return;
    dt_check_unit_address(dt, node, reg[1]);
    for (unsigned i = 0; i < ARRAY_LENGTH(ports); i++) {
        if (reg[0] == 1 && reg[1] == ports[i] && reg[2] == 8 && board->uart_count < BOARD_UARTS_MAX) {
            board->uarts[board->uart_count++] = ports[i];
            return;
        }
    }
    dt_error(dt, node, "reg", "1 is the I/O space of the ISA bus",
             "found <%u 0x%x %u>, want <1 PORT 8> for COM1 to COM4", reg[0], reg[1], reg[2]);
}

static void read_isa(struct board *board, struct dt *dt, int node) {
    dt_check_names(dt, node, "compatible #address-cells #size-cells", "serial@");
    dt_choice(dt, node, "compatible", "isa");
    dt_expect_cells(dt, node, 2, 1);
    for (int child = -1; (child = dt_next(dt, node, "serial@", child)) >= 0;)
        read_serial(board, dt, child);
}

/* Without the property, as many as are wanted. */
static void read_processors(struct board *board, const struct dt *dt) {
    uint32_t count;

    if (!dt_has(dt, 0, "processors") || !dt_cells(dt, 0, "processors", &count, 1))
        return;
    if (count == 0)
        dt_error(dt, 0, "processors", NULL, "found 0, want at least 1");
    board->processors = count;
}

static void read_root(struct board *board, struct dt *dt) {
    int isa = dt_find(dt, 0, "isa");
    const char *model;

    dt_choice(dt, 0, "compatible", "shikiri,board");
    if (dt->report->errors) /* something else, of which the rest says nothing */
        return;
    dt_check_names(dt, 0, "compatible model processors #address-cells #size-cells", "memory@ isa __symbols__");
    model = dt_string(dt, 0, "model");
    if (model)
        board->model = tool_printable(model);
    read_processors(board, dt);
    dt_expect_cells(dt, 0, 2, 2);
    dt_child(dt, 0, "memory@");
    for (int child = -1; (child = dt_next(dt, 0, "memory@", child)) >= 0;)
        read_memory(board, dt, child);
    if (isa >= 0)
        read_isa(board, dt, isa);
}

void board_read(struct board *board, const char *path, struct problems *problems) {
    struct dt dt = {.report = &problems->report};

    *board = (struct board){.source.path = path};
    source_read(&board->source, path);
    problems_look_at(problems, &board->source);
    if (board->source.error_count == 0 && dt_open(&dt, board->source.blob, board->source.size_bytes))
        read_root(board, &dt);
}

bool board_has_uart(const struct board *board, uint16_t port) {
    for (unsigned i = 0; i < board->uart_count; i++)
        if (board->uarts[i] == port)
            return true;
    return false;
}
