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

#define MULTIBOOT_MAGIC     0x2badb002U
#define MULTIBOOT_HAS       0x24dU /* memory, command line, modules, map, boot loader's name */
#define MULTIBOOT_AVAILABLE 1
#define MULTIBOOT_RESERVED  2

#define PVH_MAGIC 0x336ec578U

/* Words of the information that Multiboot or PVH gives, for what is filled; addresses are below 4 GiB. */
enum { MULTIBOOT_FLAGS, MULTIBOOT_LOWER_KIB, MULTIBOOT_UPPER_KIB, MULTIBOOT_COMMAND = 4, MULTIBOOT_MODULE_COUNT };
enum { MULTIBOOT_MODULES = 6, MULTIBOOT_MAP_BYTES = 11, MULTIBOOT_MAP, MULTIBOOT_LOADER = 16 };
enum { PVH_MODULE_COUNT = 3, PVH_MODULES, PVH_COMMAND = 6, PVH_RSDP = 8, PVH_MAP = 10, PVH_MAP_COUNT = 12 };

/* It, and what follows it in the start area. */
#define INFO_WORDS   32
#define INFO_LOADER  (START_AREA_INFO + 128)
#define INFO_MODULES (START_AREA_INFO + 144) /* of up to 32 bytes */
#define INFO_NAMES   (INFO_MODULES + 32UL * CONFIG_MODULES_MAX)
#define INFO_MAP     (INFO_NAMES + (CONFIG_IMAGE_MAX + 1UL) * CONFIG_MODULES_MAX)

/* A memory map in the making: entries of Multiboot have their size in bytes in front. */
struct map {
    uint8_t *at;
    unsigned front, stride;
};

#define MAP_ENTRY_BYTES 20U /* base, length, type */

_Static_assert(INFO_MAP + (2 * CONFIG_WINDOWS_MAX + 1) * 24UL <= START_AREA_BOOT_PARAMS, "room for the map");

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
    store(map->at, MAP_ENTRY_BYTES, map->front);
    store(map->at + map->front, base, 8);
    store(map->at + map->front + 8, end - base, 8);
    store(map->at + map->front + 16, type, 4);
    map->at += map->stride;
}

/* RAM is what can be written and is neither the screen nor the start area. The map's size in bytes. */
static uint32_t write_map(struct map map, const struct partition_config *config) {
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
    return (uint32_t)(map.at - from);
}

/* Each has a start, an end (Multiboot) or a size (PVH), and a name, in words of 4 or 8 bytes. */
static void write_modules(uint8_t *start, uint64_t gpa, unsigned word, const struct image_plan *plan,
                          const struct partition_config *config) {
    for (unsigned i = 0; i < plan->module_count; i++) {
        const struct image_segment *module = &image_modules(plan)[i];
        uint8_t *entry = start + INFO_MODULES + i * 4UL * word;
        uint64_t name = INFO_NAMES + i * (CONFIG_IMAGE_MAX + 1UL);

        store(entry, module->gpa.value, word);
        store(entry + word, module->file_bytes + (word == 4 ? module->gpa.value : 0), word);
        store(entry + 2UL * word, gpa + name, word);
        memcpy(start + name, config->modules[i], strlen(config->modules[i]));
    }
}

/* The information that a Multiboot or PVH kernel gets, and what it points to. */
static void write_info(uint8_t *start, uint32_t gpa, const struct image_plan *plan,
                       const struct partition_config *config) {
    bool is_pvh = plan->kind == IMAGE_PVH;
    uint32_t map_bytes = write_map((struct map){start + INFO_MAP, is_pvh ? 0 : 4, 24}, config);
    const uint32_t multiboot[INFO_WORDS] = {
        [MULTIBOOT_FLAGS] = MULTIBOOT_HAS,
        [MULTIBOOT_LOWER_KIB] = kib_from(config, 0, 640 * KIB),
        [MULTIBOOT_UPPER_KIB] = kib_from(config, MIB, 4 * GIB - MIB),
        [MULTIBOOT_COMMAND] = gpa + START_AREA_BOOTARGS,
        [MULTIBOOT_MODULE_COUNT] = plan->module_count,
        [MULTIBOOT_MODULES] = gpa + INFO_MODULES,
        [MULTIBOOT_MAP_BYTES] = map_bytes,
        [MULTIBOOT_MAP] = gpa + INFO_MAP,
        [MULTIBOOT_LOADER] = gpa + INFO_LOADER,
    };
    const uint32_t pvh[INFO_WORDS] = {
        PVH_MAGIC,
        1, /* version */
        [PVH_MODULE_COUNT] = plan->module_count,
        [PVH_MODULES] = gpa + INFO_MODULES,
        [PVH_COMMAND] = gpa + START_AREA_BOOTARGS,
        [PVH_RSDP] = gpa + START_AREA_ACPI,
        [PVH_MAP] = gpa + INFO_MAP,
        [PVH_MAP_COUNT] = map_bytes / 24,
    };

    memcpy(start + START_AREA_INFO, is_pvh ? pvh : multiboot, sizeof(pvh));
    if (!is_pvh)
        memcpy(start + INFO_LOADER, "Shikiri", sizeof("Shikiri"));
    write_modules(start, gpa, is_pvh ? 8 : 4, plan, config);
}

static void write_boot_params(uint8_t *params, uint64_t start_area, const struct image_plan *plan,
                              const struct partition_config *config) {
    struct map map = {params + PARAMS_MAP, 0, MAP_ENTRY_BYTES};
    const struct image_segment *first = image_modules(plan), *last = first + plan->module_count - 1;

    memcpy(params + PARAMS_HEADER, plan->segments[0].file + PARAMS_HEADER,
           0x11U + plan->segments[0].file[PARAMS_HEADER_LENGTH]);
    store(params + PARAMS_MAP_COUNT, write_map(map, config) / MAP_ENTRY_BYTES, 1);
    store(params + PARAMS_LOADER, LOADER_UNKNOWN, 1);
    store(params + PARAMS_COMMAND_LINE, start_area + START_AREA_BOOTARGS, 4);
    store(params + PARAMS_RSDP, start_area + START_AREA_ACPI, 8);
    if (plan->module_count) {
        store(params + PARAMS_RAMDISK, first->gpa.value, 4);
        store(params + PARAMS_RAMDISK_BYTES, last->gpa.value + last->file_bytes - first->gpa.value, 4);
    }
}

/*
 * Where the firmware is jumped to for a restart, as Linux does that has a hardware-reduced platform and no UEFI:
 * MOV DX, MOV AL, OUT. What the guest has brought along there stays.
 */
static void write_reset_vector(const struct partition_config *config) {
    static const uint8_t code[] = {0xba, POWER_PORT_RESET & 0xff, POWER_PORT_RESET >> 8, 0xb0, POWER_RESTARTS, 0xee};
    uint8_t *at = partition_memory(config, GPA(RESET_VECTOR));

    if (at && load(at, sizeof(code)) == 0)
        memcpy(at, code, sizeof(code));
}

/* What the kind of image wants to find, and in which registers. */
static void write_start_area(struct vcpu *first, uint8_t *start, uint32_t gpa, const struct image_plan *plan,
                             const struct partition_config *config) {
    uint64_t *registers = first->guest.registers;

    memcpy(start + START_AREA_BOOTARGS, config->bootargs, strlen(config->bootargs) + 1);
    registers[REGISTER_RSI] = gpa + (plan->kind == IMAGE_BZIMAGE ? START_AREA_BOOT_PARAMS : START_AREA_BOOTARGS);
    if (plan->kind == IMAGE_BZIMAGE)
        write_boot_params(start + START_AREA_BOOT_PARAMS, gpa, plan, config);
    if (plan->kind == IMAGE_MULTIBOOT)
        first->vmcb->save.rax = MULTIBOOT_MAGIC;
    if (plan->kind == IMAGE_MULTIBOOT || plan->kind == IMAGE_PVH) {
        registers[REGISTER_RBX] = gpa + START_AREA_INFO;
        write_info(start, gpa, plan, config);
    }
    if (plan->kind == IMAGE_PVH || plan->kind == IMAGE_BZIMAGE) {
        acpi_write(start + START_AREA_ACPI, gpa + START_AREA_ACPI, config->vcpu_count);
        write_reset_vector(config);
    }
}

void entry_prepare(struct common *common, const struct partition_config *config, const struct image_plan *plan) {
    struct vcpu *first = &common->vcpus[0];
    gpa_t start_area = image_start_area(config);

    for (unsigned i = 0; i < common->vcpu_count; i++)
        set_mode(&common->vcpus[i].vmcb->save, is_long(plan), GPA(start_area.value + START_AREA_PAGE_TABLES));
    first->vmcb->save.rip = first->last_rip = first->start.entry = plan->entry.value;
    first->vmcb->save.rsp = start_area.value;
    write_start_area(first, partition_memory(config, start_area), (uint32_t)start_area.value, plan, config);
}
