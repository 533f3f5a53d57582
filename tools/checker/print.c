/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system as tables: see checked.h.
 */
#include <string.h>

#include "tools/checker/checked.h"
#include "tools/checker/tool.h"

/* Screens are numbered by the order of their partitions, keys from 1, pages from 0. */
static unsigned screens_before(const struct config *config, unsigned partition) {
    unsigned count = 0;

    for (unsigned i = 0; i < partition; i++)
        count += config_vga(&config->partitions[i]) != NULL;
    return count;
}

const char *checked_device(const struct config *config, unsigned partition, const struct device_config *device) {
    unsigned screen = screens_before(config, partition);

    switch (device->kind) {
    case DEVICE_VGA_TEXT:
        return tool_text("a VGA text screen, Ctrl-] %u, page at 0x%lx", screen + 1,
                         VGA_TEXT_RANGE.base + screen * PAGE_BYTES);
    case DEVICE_CONSOLE:
        return "a UART at 0x3f8, lines on COM1";
    case DEVICE_X2APIC:
        return "a local APIC in x2APIC mode";
    case DEVICE_PIT:
        return "an 8254 timer at 0x40 and 0x61";
    case DEVICE_CMOS:
        return "a real-time clock at 0x70";
    case DEVICE_UART:
        return tool_text("the machine's UART at 0x%x to 0x%x", device->port, device->port + CONFIG_UART_PORTS - 1);
    default:
        return "";
    }
}

const char *checked_vcpu(const struct partition_config *partition, const struct cpu_config *cpu) {
    unsigned vcpu = 0;

    while (partition->homes[vcpu] != cpu)
        vcpu++;
    return partition->vcpu_count > 1 ? tool_text("%s/%u", partition->label, vcpu) : partition->label;
}

/* Each of several vCPUs has its share of its own processor. */
static void print_partition(const struct config *config, unsigned number, FILE *to) {
    const struct partition_config *partition = &config->partitions[number];
    bool several = partition->vcpu_count > 1;
    const char *share = several ? "" : tool_text("%.1f %%", 100 * checked_share(partition->homes[0], number));

    fprintf(to, "%3u  %-15s  %7s  %s%s%s\n", number, partition->label, share, partition->image,
            *partition->bootargs ? " " : "", tool_printable(partition->bootargs));
    for (unsigned i = 0; several && i < partition->vcpu_count; i++)
        fprintf(to, "     %-15s  %5.1f %%  on processor %u\n", checked_vcpu(partition, partition->homes[i]),
                100 * checked_share(partition->homes[i], number), partition->homes[i]->number);
    for (unsigned i = 0; i < partition->device_count; i++)
        fprintf(to, "     %-15s           %s\n", "", checked_device(config, number, &partition->devices[i]));
}

static void print_piece(const struct piece *piece, FILE *to) {
    const struct window_config *window = piece->window;
    char size[CHECKED_SIZE_CHARS];

    fprintf(to, "  0x%010lx - 0x%010lx  %10s  %s", piece->range.base, range_end(piece->range) - 1,
            checked_size(piece->range.size_bytes, size), piece->name);
    if (window)
        fprintf(to, ": 0x%lx, r%s%s%s", window->gpa.value, window->writable ? "w" : "-", window->executable ? "x" : "-",
                window->fixed ? ", fixed" : "");
    fputc('\n', to);
}

/* The one processor's, in few words; of several, their number. */
static void print_schedules(const struct config *config, FILE *to) {
    const struct cpu_config *cpu = &config->cpus[0];

    if (config->cpu_count > 1)
        fprintf(to, " on %u processors", config->cpu_count);
    else if (cpu->is_cyclic)
        fprintf(to, " in frames of %u us", cpu->frame_us);
    else
        fprintf(to, " in turn, slots of %u us", cpu->slot_us);
}

void checked_print(const struct checked *checked, FILE *to) {
    const struct config *config = &checked->system.config;
    struct piece *pieces;
    unsigned count = checked_pieces(checked, &pieces);

    fprintf(to, "%s%s%u partition%s", tool_printable(config->model), *config->model ? ": " : "",
            config->partition_count, config->partition_count == 1 ? "" : "s");
    print_schedules(config, to);
    fprintf(to, ", on %s\n\n", checked->board->model);
    fprintf(to, "  #  %-15s  %7s  image and bootargs; devices\n", "partition", "share");
    for (unsigned i = 0; i < config->partition_count; i++)
        print_partition(config, i, to);
    checked_print_shares(config, to);
    fprintf(to, "\n  %-27s  %10s  owner: guest-physical address, rights\n", "machine's memory", "size");
    for (unsigned i = 0; i < count; i++)
        print_piece(&pieces[i], to);
}
