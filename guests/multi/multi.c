/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Multiboot 1 kernel: prints what its loader tells it (Multiboot Specification
 * 0.6.96, "Boot information format").
 */
#include "guests/lib/lib.h"

#define LOADER_MAGIC 0x2badb002

struct multiboot_info {
    uint32_t flags, mem_lower_kib, mem_upper_kib, boot_device, command_line;
    uint32_t modules[2], symbols[4];
    uint32_t map_bytes, map;
    uint32_t drives[2], configuration;
    uint32_t boot_loader_name;
};

static const char *string(uint32_t address) {
    return (const char *)(uintptr_t)address;
}

int main(uint32_t magic, const struct multiboot_info *info) {
    const char *args = magic == LOADER_MAGIC ? string(info->command_line) : "";

    print_to(args);
    print("multi: magic %x flags %x\n", magic, info->flags);
    print("multi: command line \"%s\"\n", args);
    print("multi: lower %u KiB upper %u KiB, map %u bytes\n", info->mem_lower_kib, info->mem_upper_kib,
          info->map_bytes);
    print("multi: loader %s\n", string(info->boot_loader_name));
    return magic == LOADER_MAGIC ? 0 : 1;
}
