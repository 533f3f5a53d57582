/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Multiboot 1 kernel: prints what its loader tells it (Multiboot Specification
 * 0.6.96, "Boot information format").
 */
#include "guests/lib/loader.h"

#define LOADER_MAGIC 0x2badb002
#define FLAG_MODULES 8

struct multiboot_info {
    uint32_t flags, mem_lower_kib, mem_upper_kib, boot_device, command_line;
    uint32_t module_count, modules, symbols[4];
    uint32_t map_bytes, map;
    uint32_t drives[2], configuration;
    uint32_t boot_loader_name;
};

struct __attribute__((packed)) map_entry {
    uint32_t size_bytes; /* of what follows */
    uint64_t base, length;
    uint32_t type;
};

static void print_map(const struct multiboot_info *info) {
    for (uint32_t at = 0; at < info->map_bytes;) {
        const struct map_entry *entry = (const void *)(uintptr_t)(info->map + at);

        loader_print_memory("multi", entry->base, entry->length, entry->type);
        at += entry->size_bytes + 4;
    }
}

static void print_modules(const struct multiboot_info *info) {
    const uint32_t *module = (const void *)(uintptr_t)info->modules; /* start, end, name */

    for (uint32_t i = 0; i < info->module_count; i++, module += 4)
        loader_print_module("multi", loader_string(module[2]), module[0], module[1] - module[0]);
}

int main(uint32_t magic, const struct multiboot_info *info) {
    const char *args = magic == LOADER_MAGIC ? loader_string(info->command_line) : "";

    print_to(args);
    print("multi: magic %x flags %x\n", magic, info->flags);
    print("multi: command line \"%s\"\n", args);
    print("multi: lower %u KiB upper %u KiB\n", info->mem_lower_kib, info->mem_upper_kib);
    if (magic == LOADER_MAGIC)
        print_map(info);
    if (info->flags & FLAG_MODULES)
        print_modules(info);
    print("multi: loader %s\n", loader_string(info->boot_loader_name));
    return magic == LOADER_MAGIC ? 0 : 1;
}
