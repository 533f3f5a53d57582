/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 ("Boot information format") and Multiboot 2 ("Boot information"): see
 * multiboot.h. Fields are read by their offsets, as the specifications give them.
 */
#include "boot/multiboot.h"

#include "hv/lib/string.h"

#define MB1_FLAGS        0
#define MB1_COMMAND_LINE 16
#define MB1_MODULE_COUNT 20
#define MB1_MODULES      24
#define MB1_MMAP_LENGTH  44
#define MB1_MMAP         48
#define MB1_HAS_COMMAND  (1U << 2)
#define MB1_HAS_MODULES  (1U << 3)
#define MB1_HAS_MMAP     (1U << 6)
#define MB1_MODULE_BYTES 16
#define MB1_ENTRY_BYTES  20 /* of a memory map, after its size */

#define MB2_END          0
#define MB2_COMMAND      1
#define MB2_MODULE       3
#define MB2_MMAP         6
#define MB2_FIRST_TAG    8
#define MB2_TAG_BYTES    8
#define MB2_MODULE_BYTES 16 /* without its text */
#define MB2_MMAP_BYTES   16 /* without its entries */
#define MB2_ENTRY_BYTES  24

#define MEMORY_AVAILABLE 1
#define LOW_MEMORY_END   MIB /* left to the firmware */

static const void *pointer(uint32_t address) {
    return (const void *)(uintptr_t)address;
}

/* What is behind it is zero. */
static void copy_name(char name[BOOT_NAME_MAX], const char *command_line) {
    const char *end = strchrnul(command_line, ' '), *start = end;

    while (start > command_line && start[-1] != '/')
        start--;
    memcpy(name, start, lower(end - start, BOOT_NAME_MAX - 1));
}

static void add_module(struct boot_info *boot, uint32_t start, uint32_t end, const char *command_line) {
    unsigned number = boot->module_count++;

    if (number >= BOOT_MODULES_MAX)
        return;
    copy_name(boot->names[number], command_line ? command_line : "");
    boot->modules[number] = (struct image_file){boot->names[number], pointer(start), end > start ? end - start : 0};
}

/* Inserts a piece of RAM in order, joining it to neighbours it touches or overlaps. */
static void add_ram(struct boot_info *boot, uint64_t base, uint64_t end) {
    base = align_up(higher(base, LOW_MEMORY_END), PAGE_BYTES);
    end = align_down(end, PAGE_BYTES);
    if (base == 0 || end <= base) /* 0: rounded up past 2^64 */
        return;

    unsigned at = 0;
    while (at < boot->ram_count && range_end(boot->ram[at]) < base)
        at++;
    unsigned joined = at;
    for (; joined < boot->ram_count && boot->ram[joined].base <= end; joined++) {
        base = lower(base, boot->ram[joined].base);
        end = higher(end, range_end(boot->ram[joined]));
    }
    if (joined == at && boot->ram_count == BOOT_RANGES_MAX)
        return; /* RAM that is not listed is not used */
    memmove(&boot->ram[at + 1], &boot->ram[joined], (boot->ram_count - joined) * sizeof(boot->ram[0]));
    boot->ram_count += 1 - (joined - at);
    boot->ram[at] = (struct range){base, end - base};
}

/* Takes what is not available out of the RAM: maps with overlaps exist, and "reserved" wins, whichever comes first. */
static void remove_ram(struct boot_info *boot, uint64_t base, uint64_t end) {
    struct range old[BOOT_RANGES_MAX];
    unsigned old_count = boot->ram_count;

    memcpy(old, boot->ram, sizeof(old));
    boot->ram_count = 0;
    for (unsigned i = 0; i < old_count; i++) { /* what is left on either side, if anything */
        add_ram(boot, old[i].base, lower(range_end(old[i]), base));
        add_ram(boot, higher(old[i].base, end), range_end(old[i]));
    }
}

/* One entry of either map: base, length, type in this order. What is available is read in a pass before the rest. */
static void read_memory(struct boot_info *boot, const uint8_t *entry, bool available_pass) {
    uint64_t base = load(entry, 8), end = base + lower(load(entry + 8, 8), UINT64_MAX - base);
    bool available = load(entry + 16, 4) == MEMORY_AVAILABLE;

    if (end > base && available == available_pass)
        (available ? add_ram : remove_ram)(boot, base, end);
}

static void read_multiboot1(struct boot_info *boot, const uint8_t *info, bool available_pass) {
    uint32_t flags = load(info + MB1_FLAGS, 4);

    if (flags & MB1_HAS_COMMAND)
        boot->command_line = pointer(load(info + MB1_COMMAND_LINE, 4));
    if (flags & MB1_HAS_MODULES) {
        const uint8_t *module = pointer(load(info + MB1_MODULES, 4));

        for (uint32_t i = 0; i < load(info + MB1_MODULE_COUNT, 4); i++, module += MB1_MODULE_BYTES)
            add_module(boot, load(module, 4), load(module + 4, 4), pointer(load(module + 8, 4)));
    }
    if (flags & MB1_HAS_MMAP) {
        const uint8_t *map = pointer(load(info + MB1_MMAP, 4));
        uint32_t length = load(info + MB1_MMAP_LENGTH, 4);

        for (uint64_t at = 0; at + 4 + MB1_ENTRY_BYTES <= length && load(map + at, 4) >= MB1_ENTRY_BYTES;
             at += 4 + load(map + at, 4))
            read_memory(boot, map + at + 4, available_pass);
    }
}

/* The text that begins `at` bytes into a tag; empty when it does not end there. */
static const char *tag_text(const uint8_t *tag, uint32_t size_bytes, uint32_t at) {
    return memchr(tag + at, '\0', size_bytes - at) ? (const char *)tag + at : "";
}

static void read_mb2_map(struct boot_info *boot, const uint8_t *tag, bool available_pass) {
    uint32_t size_bytes = load(tag + 4, 4);
    uint64_t entry_bytes = load(tag + 8, 4);

    for (uint64_t at = MB2_MMAP_BYTES; entry_bytes >= MB2_ENTRY_BYTES && at + entry_bytes <= size_bytes;
         at += entry_bytes)
        read_memory(boot, tag + at, available_pass);
}

static void read_multiboot2(struct boot_info *boot, const uint8_t *info, bool available_pass) {
    uint64_t total = load(info, 4);
    uint32_t size_bytes;

    for (uint64_t at = MB2_FIRST_TAG; at + MB2_TAG_BYTES <= total; at += align_up(size_bytes, 8)) {
        const uint8_t *tag = info + at;
        uint32_t type = load(tag, 4);

        size_bytes = load(tag + 4, 4);
        if (type == MB2_END || size_bytes < MB2_TAG_BYTES || size_bytes > total - at) /* the last, or not whole */
            return;
        if (type == MB2_MMAP && size_bytes >= MB2_MMAP_BYTES)
            read_mb2_map(boot, tag, available_pass);
        if (type == MB2_COMMAND)
            boot->command_line = tag_text(tag, size_bytes, MB2_TAG_BYTES);
        if (type == MB2_MODULE && size_bytes >= MB2_MODULE_BYTES)
            add_module(boot, load(tag + 8, 4), load(tag + 12, 4), tag_text(tag, size_bytes, MB2_MODULE_BYTES));
    }
}

bool multiboot_read(struct boot_info *boot, uint32_t magic, const void *info) {
    *boot = (struct boot_info){.command_line = ""};
    for (int pass = 1; pass >= 0; pass--) {
        boot->module_count = 0;
        if (magic == MULTIBOOT1_LOADER_MAGIC)
            read_multiboot1(boot, info, pass);
        else if (magic == MULTIBOOT2_LOADER_MAGIC)
            read_multiboot2(boot, info, pass);
        else
            return false;
    }
    return true;
}
