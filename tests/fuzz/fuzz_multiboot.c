/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot loader's information through multiboot_read(). A loader is trusted to point at what it
 * loaded, as Multiboot 1 says nothing that its addresses could be checked by: pointers and lengths
 * of version 1 are bent here so that they stay in the input. All else is the input's, and of
 * version 2, which has a total size, all. The input ends where memory ends.
 *
 * The first byte chooses the version; the rest, with zeros up to a whole description, follows it.
 */
#define _GNU_SOURCE /* MAP_FIXED_NOREPLACE */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/multiboot.h"
#include "tests/fuzz/invariants.h"

#define MEMORY_AT        ((void *)0x20000000) /* always, so that runs repeat */
#define MEMORY_BYTES     0x10000UL
#define INPUT_MAX        0x8000UL
#define MB1_INFO_BYTES   120
#define MB1_MODULE_BYTES 16

#define RAM 1

static uint8_t *memory; /* below 4 GiB, with nothing behind it */
static struct boot_info boot;

static uint32_t get(const uint8_t *at) {
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static void put(uint8_t *at, uintptr_t value) {
    uint32_t word = (uint32_t)value;

    memcpy(at, &word, sizeof(word));
}

/* Makes the address and the count at two places mean something inside [info, end). */
static void bend(uint8_t *address, uint8_t *count, size_t unit_bytes, const uint8_t *info, const uint8_t *end) {
    size_t size_bytes = (size_t)(end - info);
    size_t offset = get(address) % size_bytes;

    put(address, (uintptr_t)info + offset);
    put(count, get(count) % ((size_bytes - offset) / unit_bytes + 1));
}

static void bend_mb1(uint8_t *info, uint8_t *end) {
    uint8_t unused[4] = {0};

    end[-1] = '\0'; /* every text ends */
    bend(info + 44 + 4, info + 44, 1, info, end);
    bend(info + 16, unused, 1, info, end);
    bend(info + 24, info + 20, MB1_MODULE_BYTES, info, end);
    if (!(get(info) & 1 << 3))
        return;
    for (uint32_t i = 0; i < get(info + 20); i++) {
        uint8_t *module = (uint8_t *)(uintptr_t)get(info + 24) + i * MB1_MODULE_BYTES;

        if (module >= info + MB1_INFO_BYTES) /* else it would unbend the description */
            bend(module + 8, unused, 1, info, end);
        else
            put(info + 20, 0);
    }
}

static void expect_modules(void) {
    assert(boot.command_line && strlen(boot.command_line) < MEMORY_BYTES);
    for (unsigned i = 0; i < boot.module_count && i < BOOT_MODULES_MAX; i++) {
        const char *name = boot.modules[i].name;

        assert(memchr(name, '\0', sizeof(boot.names[i])) && !strchr(name, '/') && !strchr(name, ' '));
    }
}

static void expect_ram(void) {
    assert(boot.ram_count <= BOOT_RANGES_MAX);
    for (unsigned i = 0; i < boot.ram_count; i++) {
        struct range ram = boot.ram[i];

        assert(ram.size_bytes > 0 && ram.base >= MIB && ram.base % PAGE_BYTES == 0 && ram.size_bytes % PAGE_BYTES == 0);
        assert(ram.base + ram.size_bytes > ram.base);
        assert(i == 0 || boot.ram[i - 1].base + boot.ram[i - 1].size_bytes < ram.base);
    }
}

/* What a map does not call available is not RAM, whatever else says it is. */
static void expect_no_ram(const uint8_t *entry) {
    uint64_t base, size_bytes;

    memcpy(&base, entry, sizeof(base));
    memcpy(&size_bytes, entry + 8, sizeof(size_bytes));
    if (get(entry + 16) == RAM || size_bytes == 0)
        return;
    if (size_bytes > UINT64_MAX - base)
        size_bytes = UINT64_MAX - base;
    for (unsigned i = 0; i < boot.ram_count; i++)
        assert(lies_apart(boot.ram[i], (struct range){base, size_bytes}));
}

static void expect_mb1_map(const uint8_t *info) {
    const uint8_t *map = (const uint8_t *)(uintptr_t)get(info + 48);
    uint64_t length = get(info + 44);

    if (!(get(info) & 1 << 6))
        return;
    for (uint64_t at = 0; at + 24 <= length && get(map + at) >= 20; at += (uint64_t)get(map + at) + 4)
        expect_no_ram(map + at + 4);
}

static void expect_mb2_maps(const uint8_t *info, uint64_t total) {
    for (uint64_t at = 8; at + 8 <= total;) {
        uint64_t size_bytes = get(info + at + 4);

        if (get(info + at) == 0 || size_bytes < 8 || size_bytes > total - at)
            break;
        if (get(info + at) == 6 && size_bytes >= 16 && get(info + at + 8) >= 24)
            for (uint64_t entry = 16; entry + get(info + at + 8) <= size_bytes; entry += get(info + at + 8))
                expect_no_ram(info + at + entry);
        at += align_up(size_bytes, 8);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

/* The pages behind the memory are taken without any rights. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    memory =
        mmap(MEMORY_AT, MEMORY_BYTES + PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, MEMORY_BYTES, PROT_READ | PROT_WRITE) != 0)
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    uint8_t *end = memory + MEMORY_BYTES;

    if (size_bytes < 1 || size_bytes > INPUT_MAX)
        return -1;
    bool is_2 = data[0] & 1;
    size_t info_bytes = align_up(size_bytes < MB1_INFO_BYTES ? MB1_INFO_BYTES : size_bytes, 8);
    uint8_t *info = end - info_bytes;

    memset(info, 0, info_bytes);
    memcpy(info, data + 1, size_bytes - 1);
    if (is_2)
        put(info, info_bytes);
    else
        bend_mb1(info, end);
    multiboot_read(&boot, is_2 ? MULTIBOOT2_LOADER_MAGIC : MULTIBOOT1_LOADER_MAGIC, info);
    expect_modules();
    expect_ram();
    if (is_2)
        expect_mb2_maps(info, info_bytes);
    else
        expect_mb1_map(info);
    if (boot.ram_count > 0)
        count_accepted();
    return 0;
}
