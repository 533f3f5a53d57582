/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system as tables: see checked.h.
 */
#include <string.h>

#include "tools/checker/checked.h"

static const char *device_text(const struct device_config *device, char text[40]) {
    switch (device->kind) {
    case DEVICE_VGA_TEXT:
        return "a VGA text screen";
    case DEVICE_CONSOLE:
        snprintf(text, 40, "a UART at 0x%x, lines on COM1", device->port);
        break;
    case DEVICE_UART:
        snprintf(text, 40, "the machine's UART at 0x%x", device->port);
        break;
    }
    return text;
}

static void print_partition(const struct partition_config *partition, unsigned number, double share, FILE *to) {
    char text[40];

    fprintf(to, "%3u  %-15s  %5.1f %%  %s%s%s\n", number, partition->label, 100 * share, partition->image,
            *partition->bootargs ? " " : "", partition->bootargs);
    for (unsigned i = 0; i < partition->device_count; i++)
        fprintf(to, "     %-15s           %s\n", "", device_text(&partition->devices[i], text));
}

static void print_piece(const struct piece *piece, FILE *to) {
    const struct window_config *window = piece->window;
    char size[CHECKED_SIZE_CHARS];

    fprintf(to, "  0x%010lx - 0x%010lx  %10s  %s", piece->range.base, piece->range.base + piece->range.size_bytes - 1,
            checked_size(piece->range.size_bytes, size), piece->name);
    if (window)
        fprintf(to, ": 0x%lx, r%s%s%s", window->gpa.value, window->writable ? "w" : "-", window->executable ? "x" : "-",
                window->fixed ? ", fixed" : "");
    fputc('\n', to);
}

void checked_print(const struct checked *checked, FILE *to) {
    const struct config *config = &checked->system.config;
    struct piece *pieces;
    unsigned count = checked_pieces(checked, &pieces);

    fprintf(to, "%s%s%u partition%s in turn, slots of %u us, on %s\n\n", config->model, *config->model ? ": " : "",
            config->partition_count, config->partition_count == 1 ? "" : "s", config->slot_us, checked->board->model);
    fprintf(to, "  #  %-15s  %7s  image and bootargs; devices\n", "partition", "share");
    for (unsigned i = 0; i < config->partition_count; i++)
        print_partition(&config->partitions[i], i, 1.0 / config->partition_count, to);
    fprintf(to, "\n  %-27s  %10s  owner: guest-physical address, rights\n", "machine's memory", "size");
    for (unsigned i = 0; i < count; i++)
        print_piece(&pieces[i], to);
}
