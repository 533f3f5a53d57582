/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PVH kernel: prints what its loader tells it (Xen:
 * xen/include/public/arch-x86/hvm/start_info.h).
 */
#include "guests/lib/loader.h"

#define START_MAGIC     0x336ec578
#define SIGNATURE_BYTES 8

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, map;
    uint32_t map_count, reserved;
};

struct module {
    uint64_t start, size_bytes, name, reserved;
};

struct map_entry {
    uint64_t base, length;
    uint32_t type, reserved;
};

static void print_map(const struct start_info *info) {
    const struct map_entry *entries = (const void *)(uintptr_t)info->map;

    for (uint32_t i = 0; i < info->map_count; i++)
        loader_print_memory("pvh", entries[i].base, entries[i].length, entries[i].type);
}

static void print_modules(const struct start_info *info) {
    const struct module *modules = (const void *)(uintptr_t)info->modules;

    for (uint32_t i = 0; i < info->module_count; i++)
        loader_print_module("pvh", loader_string((uint32_t)modules[i].name), (uint32_t)modules[i].start,
                            (uint32_t)modules[i].size_bytes);
}

/* What the RSDP begins with; it has no final zero. */
static void print_rsdp(const struct start_info *info) {
    char signature[SIGNATURE_BYTES + 1] = "";

    for (unsigned i = 0; i < SIGNATURE_BYTES; i++)
        signature[i] = loader_string((uint32_t)info->rsdp)[i];
    print("pvh: tables \"%s\"\n", signature);
}

int main(const struct start_info *info) {
    if (info->magic != START_MAGIC)
        return 1;
    print_to(loader_string((uint32_t)info->command_line));
    print("pvh: magic %x version %u flags %x\n", info->magic, info->version, info->flags);
    print("pvh: command line \"%s\"\n", loader_string((uint32_t)info->command_line));
    print_map(info);
    print_modules(info);
    print_rsdp(info);
    return 0;
}
