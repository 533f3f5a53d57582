/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry states: see entry.h. Long mode: APM vol. 2, "Long-Mode Activation"; Multiboot:
 * Multiboot Specification 0.6.96, "Machine state" and "Boot information format".
 */
#include "partitions/entry.h"

#include "hv/cpu/x86.h"
#include "hv/dev/power.h"
#include "hv/lib/pagetable.h"
#include "hv/lib/string.h"
#include "partitions/acpi.h"
#include "partitions/partition.h"

#define GUEST_CODE 0x08
#define GUEST_DATA 0x10
#define FLAT_LIMIT 0xffffffffU

#define RESET_VECTOR     0xffff0
#define POWER_PORT_RESET (POWER_PORT + POWER_RESET)

#define DIRECTORIES 4 /* a GiB each */
#define LARGE_PAGE  (2 * MIB)

#define MULTIBOOT_MAGIC      0x2badb002U
#define MULTIBOOT_MEMORY     (1U << 0)
#define MULTIBOOT_COMMAND    (1U << 2)
#define MULTIBOOT_MODULES    (1U << 3)
#define MULTIBOOT_MAP        (1U << 6)
#define MULTIBOOT_NAME       (1U << 9)
#define MULTIBOOT_INFO_BYTES 128
#define MULTIBOOT_MODULE     (MULTIBOOT_INFO_BYTES + 16)
#define MULTIBOOT_STRINGS    (32 + CONFIG_IMAGE_MAX + 1)
#define MULTIBOOT_AVAILABLE  1
#define MULTIBOOT_RESERVED   2

/* The fields that are filled, at the specification's offsets. */
struct multiboot_info {
    uint32_t flags, mem_lower_kib, mem_upper_kib, boot_device, command_line;
    uint32_t module_count, modules;
    uint32_t reserved_01c[(44 - 28) / 4];
    uint32_t map_bytes, map;
    uint32_t reserved_034[(64 - 52) / 4];
    uint32_t boot_loader_name;
};
_Static_assert(offsetof(struct multiboot_info, map_bytes) == 44, "offset of mmap_length");
_Static_assert(offsetof(struct multiboot_info, boot_loader_name) == 64, "offset of boot_loader_name");

/* A memory map in the making: entries of Multiboot have their size in bytes in front, those of Linux have not. */
struct map {
    uint8_t *at;
    bool has_sizes;
};

#define MAP_ENTRY_BYTES 20U /* base, length, type */

/* Offsets in Linux' boot_params; the setup header is where it is in the file. */
#define PARAMS_RSDP          0x070
#define PARAMS_MAP_COUNT     0x1e8
#define PARAMS_HEADER        0x1f1
#define PARAMS_HEADER_LENGTH 0x201 /* what is behind 0x202 */
#define PARAMS_LOADER        0x210
#define PARAMS_RAMDISK       0x218
#define PARAMS_RAMDISK_BYTES 0x21c
#define PARAMS_COMMAND_LINE  0x228
#define PARAMS_MAP           0x2d0
#define LOADER_UNKNOWN       0xff

static struct vmcb_segment flat(uint16_t selector, uint16_t attributes) {
    return (struct vmcb_segment){selector, attributes | SEGMENT_USER | SEGMENT_PRESENT | SEGMENT_4K, FLAT_LIMIT, 0};
}

static bool is_long(const struct image_plan *plan) {
    return plan->kind == IMAGE_ELF64 || plan->kind == IMAGE_BZIMAGE;
}

/* One PML4, one PDPT, four directories of 2 MiB pages: the first 4 GiB at their own addresses. */
void entry_write_page_table(const struct partition_config *config, const struct image_plan *plan, unsigned number) {
    uint64_t gpa = image_start_area(config).value + START_AREA_PAGE_TABLES;
    uint64_t *table = partition_memory(config, GPA(gpa + number * PAGE_BYTES));
    unsigned count = number == 0 ? 1 : number == 1 ? DIRECTORIES : ENTRIES;

    for (unsigned i = 0; is_long(plan) && i < count; i++)
        table[i] = ENTRY_TABLE | (number < 2 ? gpa + (number + 1 + i) * PAGE_BYTES
                                             : ((number - 2UL) * ENTRIES + i) * LARGE_PAGE | ENTRY_LARGE);
}

/* ELF64 starts in long mode with paging, the others in protected mode without. */
static void set_mode(struct vmcb_save *save, bool long_mode, gpa_t page_tables) {
    save->cs = flat(GUEST_CODE, SEGMENT_CODE | (long_mode ? SEGMENT_LONG : SEGMENT_BIG));
    save->ds = flat(GUEST_DATA, SEGMENT_DATA | SEGMENT_BIG);
    save->es = save->fs = save->gs = save->ss = save->ds;
    save->gdtr.limit = save->idtr.limit = save->ldtr.limit = 0;
    save->cr0 = CR0_NE | CR0_ET | CR0_PE;
    if (long_mode) {
        save->efer |= EFER_LME | EFER_LMA | EFER_NXE;
        save->cr0 |= CR0_PG | CR0_WP;
        save->cr3 = page_tables.value;
        save->cr4 = CR4_PAE;
    }
}

/* RAM that begins at `base`, up to the end of its window. */
static uint32_t kib_from(const struct partition_config *config, uint64_t base, uint64_t limit) {
    const struct window_config *window = config_window(config, (struct range){base, 1});

    return window ? (uint32_t)(lower(range_end(config_range(window)) - base, limit) / KIB) : 0;
}

/* Appends `base` up to `end`, if that is not empty. */
static void add_memory(struct map *map, uint64_t base, uint64_t end, uint32_t type) {
    if (base >= end)
        return;
    if (map->has_sizes) {
        store(map->at, MAP_ENTRY_BYTES, 4);
        map->at += 4;
    }
    store(map->at, base, 8);
    store(map->at + 8, end - base, 8);
    store(map->at + 16, type, 4);
    map->at += MAP_ENTRY_BYTES;
}

/* RAM is what can be written and is neither the screen nor the start area. Its size in bytes. */
static uint64_t write_map(struct map map, const struct partition_config *config) {
    struct range hole = config_vga(config) ? VGA_TEXT_RANGE : (struct range){UINT64_MAX, 0};
    uint64_t start = image_start_area(config).value;
    const uint8_t *from = map.at;

    add_memory(&map, start, start + START_AREA_BYTES, MULTIBOOT_RESERVED);
    for (unsigned i = 0; i < config->window_count; i++) {
        struct range window = config_range(&config->windows[i]);
        uint32_t type = config->windows[i].writable ? MULTIBOOT_AVAILABLE : MULTIBOOT_RESERVED;
        uint64_t end = i == 0 ? start : range_end(window);

        add_memory(&map, window.base, lower(end, hole.base), type);
        add_memory(&map, higher(window.base, range_end(hole)), end, type);
    }
    return (uint64_t)(map.at - from);
}

/* Behind the information the boot loader's name, the module's structure (start, end, name), its name, the map. */
static void write_multiboot(uint8_t *start, gpa_t start_area, const struct image_plan *plan,
                            const struct partition_config *config) {
    static const char name[] = "Shikiri";
    struct multiboot_info *info = (void *)(start + START_AREA_MULTIBOOT);
    uint8_t *name_at = (uint8_t *)info + MULTIBOOT_INFO_BYTES;
    uint8_t *map_at = name_at + MULTIBOOT_STRINGS;
    uint32_t info_gpa = (uint32_t)(start_area.value + START_AREA_MULTIBOOT), module_gpa = info_gpa + MULTIBOOT_MODULE;

    memcpy(name_at, name, sizeof(name));
    info->flags = MULTIBOOT_MEMORY | MULTIBOOT_COMMAND | MULTIBOOT_MAP | MULTIBOOT_NAME;
    info->mem_lower_kib = kib_from(config, 0, 640 * KIB);
    info->mem_upper_kib = kib_from(config, MIB, 4 * GIB - MIB);
    info->command_line = (uint32_t)(start_area.value + START_AREA_BOOTARGS);
    info->boot_loader_name = info_gpa + MULTIBOOT_INFO_BYTES;
    info->map = info_gpa + MULTIBOOT_INFO_BYTES + MULTIBOOT_STRINGS;
    info->map_bytes = (uint32_t)write_map((struct map){map_at, true}, config);
    if (!plan->ramdisk)
        return;
    info->flags |= MULTIBOOT_MODULES;
    info->module_count = 1;
    info->modules = module_gpa;
    store(name_at + 16, plan->ramdisk->gpa.value, 4);
    store(name_at + 20, plan->ramdisk->gpa.value + plan->ramdisk->file_bytes, 4);
    store(name_at + 24, module_gpa + 16, 4);
    memcpy(name_at + 32, config->ramdisk, strlen(config->ramdisk));
}

static void write_boot_params(uint8_t *params, uint64_t start_area, const struct image_plan *plan,
                              const struct partition_config *config) {
    struct map map = {params + PARAMS_MAP, false};

    memcpy(params + PARAMS_HEADER, plan->setup + PARAMS_HEADER, 0x11U + plan->setup[PARAMS_HEADER_LENGTH]);
    store(params + PARAMS_MAP_COUNT, write_map(map, config) / MAP_ENTRY_BYTES, 1);
    store(params + PARAMS_LOADER, LOADER_UNKNOWN, 1);
    store(params + PARAMS_COMMAND_LINE, start_area + START_AREA_BOOTARGS, 4);
    store(params + PARAMS_RSDP, start_area + START_AREA_ACPI, 8);
    if (plan->ramdisk) {
        store(params + PARAMS_RAMDISK, plan->ramdisk->gpa.value, 4);
        store(params + PARAMS_RAMDISK_BYTES, plan->ramdisk->file_bytes, 4);
    }
}

/*
 * Where the firmware is jumped to for a restart, as Linux does that has a hardware-reduced platform and no UEFI:
 * MOV DX, MOV AL, OUT.
 */
static void write_reset_vector(const struct partition_config *config) {
    static const uint8_t code[] = {0xba, POWER_PORT_RESET & 0xff, POWER_PORT_RESET >> 8, 0xb0, POWER_RESTARTS, 0xee};

    if (config_window(config, (struct range){RESET_VECTOR, sizeof(code)}))
        memcpy(partition_memory(config, GPA(RESET_VECTOR)), code, sizeof(code));
}

void entry_prepare(struct common *common, const struct partition_config *config, const struct image_plan *plan) {
    struct vcpu *first = &common->vcpus[0];
    gpa_t start_area = image_start_area(config);
    uint8_t *start = partition_memory(config, start_area);
    gpa_t page_tables = GPA(start_area.value + START_AREA_PAGE_TABLES);

    memcpy(start + START_AREA_BOOTARGS, config->bootargs, strlen(config->bootargs) + 1);
    for (unsigned i = 0; i < common->vcpu_count; i++)
        set_mode(&common->vcpus[i].vmcb->save, is_long(plan), page_tables);
    first->vmcb->save.rip = first->last_rip = first->start.entry = plan->entry.value;
    first->vmcb->save.rsp = start_area.value;
    if (plan->kind == IMAGE_MULTIBOOT) {
        write_multiboot(start, start_area, plan, config);
        first->vmcb->save.rax = MULTIBOOT_MAGIC;
        first->guest.registers[REGISTER_RBX] = start_area.value + START_AREA_MULTIBOOT;
    } else if (plan->kind == IMAGE_BZIMAGE) {
        acpi_write(start + START_AREA_ACPI, start_area.value + START_AREA_ACPI, common->vcpu_count);
        write_reset_vector(config);
        write_boot_params(start + START_AREA_BOOT_PARAMS, start_area.value, plan, config);
        first->guest.registers[REGISTER_RSI] = start_area.value + START_AREA_BOOT_PARAMS;
    } else {
        first->guest.registers[REGISTER_RSI] = start_area.value + START_AREA_BOOTARGS;
    }
}
