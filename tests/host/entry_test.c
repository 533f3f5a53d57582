/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entry.c: how guests of each kind start, against docs/guest-interface.md, APM vol. 2, "Long-Mode
 * Activation", the Multiboot Specification 0.6.96, "Machine state" and "Boot information format", and
 * Xen's "x86/HVM direct boot ABI".
 */
#include <stdlib.h>
#include <string.h>

#include "hv/cpu/x86.h"
#include "partitions/entry.h"
#include "tests/host/test.h"

#define FIRST_GPA   0x400000
#define FIRST_BYTES 0x10000
#define START       (FIRST_GPA + FIRST_BYTES - START_AREA_BYTES)
#define ENTRY       0x401234
#define BOOTARGS    "seed=1 b"
#define INFO        0x6800 /* of Multiboot or PVH, in the start area */
#define BIG_CODE    0xc9b  /* segment attributes in a VMCB: 4 KiB, 32 bits, present, code, readable, accessed */
#define LONG_CODE   0xa9b  /* 64 bits */
#define BIG_DATA    0xc93

static struct vmcb vmcb;
static struct vcpu vcpu;
static struct common common = {.vcpus = &vcpu, .vcpu_count = 1};
static uint8_t *memory; /* of the first window */
static struct window_config windows[CONFIG_WINDOWS_MAX];
static struct device_config screen = {.kind = DEVICE_VGA_TEXT};
static struct partition_config config;

static int make(void **state) {
    (void)state;
    memory = aligned_alloc(PAGE_BYTES, FIRST_BYTES);
    memset(memory, 0, FIRST_BYTES);
    memset(&vcpu, 0, sizeof(vcpu));
    memset(windows, 0, sizeof(windows));
    vmcb_init(&vmcb, 1, HPA(0), HPA(0), HPA(0));
    vcpu.vmcb = &vmcb;
    windows[0] = (struct window_config){
        .gpa = {FIRST_GPA}, .size_bytes = FIRST_BYTES, .hpa = {(uintptr_t)memory}, .writable = true};
    config = (struct partition_config){
        .bootargs = BOOTARGS, .windows = windows, .window_count = 1, .devices = &screen, .device_count = 0};
    return 0;
}

static int drop(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static void add_window(uint64_t gpa, uint64_t size_bytes, bool writable) {
    windows[config.window_count++] =
        (struct window_config){.gpa = {gpa}, .size_bytes = size_bytes, .writable = writable};
}

static void prepare_plan(const struct image_plan *plan) {
    for (unsigned number = 0; number < ENTRY_PAGE_TABLES; number++)
        entry_write_page_table(&config, plan, number);
    entry_prepare(&common, &config, plan);
}

static void prepare(enum image_kind kind) {
    prepare_plan(&(struct image_plan){.kind = kind, .entry = {ENTRY}});
}

static const uint8_t *start_area(unsigned offset) {
    return memory + FIRST_BYTES - START_AREA_BYTES + offset;
}

static uint64_t get(const uint8_t *at, unsigned size_bytes) {
    uint64_t value = 0;

    memcpy(&value, at, size_bytes);
    return value;
}

static void expect_segment(const struct vmcb_segment *segment, unsigned selector, unsigned attributes) {
    assert_int_equal(segment->selector, selector);
    assert_int_equal(segment->attributes, attributes);
    assert_int_equal(segment->limit, 0xffffffff);
    assert_int_equal(segment->base, 0);
}

/* What all kinds have in common. */
static void expect_common(unsigned code_attributes) {
    const struct vmcb_save *save = &vmcb.save;

    expect_segment(&save->cs, 0x08, code_attributes);
    expect_segment(&save->ds, 0x10, BIG_DATA);
    expect_segment(&save->es, 0x10, BIG_DATA);
    expect_segment(&save->fs, 0x10, BIG_DATA);
    expect_segment(&save->gs, 0x10, BIG_DATA);
    expect_segment(&save->ss, 0x10, BIG_DATA);
    assert_int_equal(save->gdtr.limit, 0);
    assert_int_equal(save->idtr.limit, 0);
    assert_int_equal(save->cpl, 0);
    assert_int_equal(save->rflags, 2);
    assert_int_equal(save->rip, ENTRY);
    assert_int_equal(vcpu.last_rip, ENTRY);
    assert_int_equal(save->rsp, START);
    assert_string_equal(start_area(0x6000), BOOTARGS);
    for (unsigned i = 0; i < FIRST_BYTES - START_AREA_BYTES; i++)
        assert_int_equal(memory[i], 0);
}

static void test_protected_mode(void **state) {
    (void)state;
    prepare(IMAGE_ELF32);
    expect_common(BIG_CODE);
    assert_int_equal(vmcb.save.cr0, CR0_PE | CR0_ET | CR0_NE);
    assert_int_equal(vmcb.save.cr4, 0);
    assert_int_equal(vmcb.save.efer, EFER_SVME);
    assert_int_equal(vmcb.save.rax, 0);
    assert_int_equal(vcpu.guest.registers[REGISTER_RSI], START + 0x6000);
    assert_int_equal(vcpu.guest.registers[REGISTER_RBX], 0);
    for (unsigned i = 0; i < 0x6000; i++) /* no page tables */
        assert_int_equal(*start_area(i), 0);
}

/* Walks the guest's page tables by the manual; what they hold is an identity map of 2 MiB pages. */
static void expect_identity(uint64_t address) {
    uint64_t table = vmcb.save.cr3;

    for (int shift = 39; shift >= 30; shift -= 9) {
        uint64_t entry = get(start_area((unsigned)(table - START + (address >> shift & 511) * 8)), 8);

        assert_int_equal(entry & 0xfff, 0x003); /* present, writable */
        table = entry & ~0xfffULL;
    }
    uint64_t entry = get(start_area((unsigned)(table - START + (address >> 21 & 511) * 8)), 8);

    assert_int_equal(entry, (address & ~(2 * MIB - 1)) | 0x083);
}

static void test_long_mode(void **state) {
    (void)state;
    prepare(IMAGE_ELF64);
    expect_common(LONG_CODE);
    assert_int_equal(vmcb.save.cr0, CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
    assert_int_equal(vmcb.save.cr4, CR4_PAE);
    assert_int_equal(vmcb.save.efer, EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE);
    assert_int_equal(vmcb.save.cr3, START);
    assert_int_equal(vcpu.guest.registers[REGISTER_RSI], START + 0x6000);
    for (uint64_t address = 0; address < 4 * GIB; address += 2 * MIB)
        expect_identity(address + address / 512 % (2 * MIB));
    assert_int_equal(get(start_area(8), 8), 0);              /* PML4: one entry */
    assert_int_equal(get(start_area(0x1000 + 4 * 8), 8), 0); /* PDPT: four */
}

#define HAS (1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9) /* memory, command line, modules, map, loader's name */

static uint64_t info(unsigned offset) {
    return get(start_area(INFO + offset), 4);
}

static const uint8_t *guest_memory(uint64_t gpa) {
    return memory + gpa - FIRST_GPA;
}

static void test_multiboot(void **state) {
    (void)state;
    add_window(0, 0x90000, true);
    prepare(IMAGE_MULTIBOOT);
    expect_common(BIG_CODE);
    assert_int_equal(vmcb.save.rax, 0x2badb002);
    assert_int_equal(vcpu.guest.registers[REGISTER_RBX], START + INFO);
    assert_int_equal(vcpu.guest.registers[REGISTER_RSI], START + 0x6000);
    assert_int_equal(info(0), HAS);
    assert_int_equal(info(4), 0x90000 / KIB);
    assert_int_equal(info(16), START + 0x6000);
    assert_string_equal(guest_memory(info(64)), "Shikiri");
    assert_int_equal(info(44), 3 * 24);
    assert_int_equal(info(20), 0); /* modules */
}

/* A plan with some modules, the second one of which has the longest name, behind two segments of the image. */
static struct image_plan plan_modules(enum image_kind kind, unsigned count) {
    static const struct image_segment segments[] = {{NULL, 0, 0x345, {0x870000}, 0x345},
                                                    {NULL, 0, 0x1000, {0x871000}, 0x1000},
                                                    {NULL, 0, 0, {0x872000}, 0},
                                                    {NULL, 0, 1, {0x872000}, 1}};
    static char longest[CONFIG_IMAGE_MAX + 1];
    const char *names[] = {"a.gz", longest, "c", "dd"};
    struct image_plan plan = {.kind = kind,
                              .entry = {ENTRY},
                              .segments = {{NULL, 0, 7, {0x1000}, 8}, {NULL, 0, 7, {0x3000}, 8}},
                              .segment_count = 2 + count,
                              .module_count = count};

    memset(longest, 'b', CONFIG_IMAGE_MAX);
    memcpy(config.modules, names, sizeof(names));
    config.module_count = count;
    memcpy(plan.segments + 2, segments, count * sizeof(segments[0]));
    return plan;
}

/* Start, end, name and zero for each, then nothing; all of them in front of the map, and whole. */
static void test_multiboot_modules(void **state) {
    for (unsigned count = 0; count <= CONFIG_MODULES_MAX; count++) {
        drop(state);
        make(state);
        struct image_plan plan = plan_modules(IMAGE_MULTIBOOT, count);

        prepare_plan(&plan);
        expect_common(BIG_CODE);
        assert_int_equal(info(0), HAS);
        assert_int_equal(info(20), count);
        const uint8_t *module = guest_memory(info(24));

        for (unsigned i = 0; i < count; i++, module += 16) {
            const struct image_segment *segment = &plan.segments[2 + i];

            assert_int_equal(get(module, 4), segment->gpa.value);
            assert_int_equal(get(module + 4, 4), segment->gpa.value + segment->file_bytes);
            assert_string_equal(guest_memory(get(module + 8, 4)), config.modules[i]);
            assert_true(get(module + 8, 4) + strlen(config.modules[i]) < info(48));
            assert_int_equal(get(module + 12, 4), 0);
        }
        for (const uint8_t *end = guest_memory(info(24)) + 4 * 16; module < end; module++)
            assert_int_equal(*module, 0);
        assert_string_equal(guest_memory(info(64)), "Shikiri");
        assert_int_equal(info(44), 2 * 24); /* the map is behind */
        assert_int_equal(get(guest_memory(info(48)), 4), 20);
    }
}

/* Lower memory ends at 640 KiB, upper memory begins at 1 MiB; both where a window has that address. */
static void test_multiboot_memory(void **state) {
    const struct {
        uint64_t gpa, size_bytes;
        unsigned lower, upper;
    } cases[] = {
        {0, MIB, 640, 0},
        {0, 0x1000, 4, 0},
        {0x1000, MIB, 0, 4},
        {0, 3 * MIB, 640, 2048},
        {0x80000, 2 * MIB, 0, 1536},
        {MIB, 0x2000, 0, 8},
        {MIB + 0x1000, 0x2000, 0, 0},
        {0, 8 * GIB, 640, 4 * 1024 * 1024 - 1024}, /* what 32-bit addresses reach */
    };

    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        drop(state);
        make(state);
        add_window(cases[i].gpa, cases[i].size_bytes, true);
        prepare(IMAGE_MULTIBOOT);
        assert_int_equal(info(4), cases[i].lower);
        assert_int_equal(info(8), cases[i].upper);
    }
}

struct entry {
    uint64_t base, length;
    uint32_t type;
};

#define FIRST                                                                                                          \
    {START, START_AREA_BYTES, 2}, {                                                                                    \
        FIRST_GPA, FIRST_BYTES - START_AREA_BYTES, 1                                                                   \
    }

static void expect_map(const struct entry *entries, unsigned count) {
    const uint8_t *map = guest_memory(info(48));

    assert_int_equal(info(44), count * 24);
    assert_true(map + count * 24 <= memory + FIRST_BYTES);
    for (unsigned i = 0; i < count; i++, map += 24) {
        assert_int_equal(get(map, 4), 20);
        assert_int_equal(get(map + 4, 8), entries[i].base);
        assert_int_equal(get(map + 12, 8), entries[i].length);
        assert_int_equal(get(map + 20, 4), entries[i].type);
    }
}

/* The start area reserved, windows as they are, read-only ones reserved, and a hole for the screen. */
static void test_multiboot_map(void **state) {
    const struct {
        uint64_t gpa, size_bytes;
        bool writable, has_screen;
        struct entry entries[4];
    } cases[] = {
        {0, MIB, true, false, {FIRST, {0, MIB, 1}}},
        {0, MIB, false, false, {FIRST, {0, MIB, 2}}},
        {8 * GIB, GIB, true, true, {FIRST, {8 * GIB, GIB, 1}}},
        {0, MIB, true, true, {FIRST, {0, 0xb8000, 1}, {0xb9000, MIB - 0xb9000, 1}}},
        {0, MIB, false, true, {FIRST, {0, 0xb8000, 2}, {0xb9000, MIB - 0xb9000, 2}}},
        {0, 0xb8000, true, true, {FIRST, {0, 0xb8000, 1}}},
        {0, 0xb9000, true, true, {FIRST, {0, 0xb8000, 1}}},
        {0xb8000, 0x1000, true, true, {FIRST}},
        {0xb8000, 0x2000, true, true, {FIRST, {0xb9000, 0x1000, 1}}},
        {0xb9000, 0x1000, true, true, {FIRST, {0xb9000, 0x1000, 1}}},
        {0xb7000, 0x1000, true, true, {FIRST, {0xb7000, 0x1000, 1}}},
    };

    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned count = 0;

        while (count < 4 && cases[i].entries[count].length)
            count++;
        drop(state);
        make(state);
        config.device_count = cases[i].has_screen;
        add_window(cases[i].gpa, cases[i].size_bytes, cases[i].writable);
        prepare(IMAGE_MULTIBOOT);
        expect_map(cases[i].entries, count);
    }
}

/* As many windows as there may be, one cut in two by the screen: all are in the map. */
static void test_multiboot_windows(void **state) {
    struct entry entries[CONFIG_WINDOWS_MAX + 2] = {FIRST, {0, 0xb8000, 1}, {0xb9000, MIB - 0xb9000, 1}};

    (void)state;
    config.device_count = 1;
    add_window(0, MIB, true);
    for (unsigned i = 2; i < CONFIG_WINDOWS_MAX; i++) {
        add_window(i * GIB, PAGE_BYTES, true);
        entries[i + 2] = (struct entry){i * GIB, PAGE_BYTES, 1};
    }
    prepare(IMAGE_MULTIBOOT);
    expect_map(entries, ARRAY_LENGTH(entries));
}

/* The longest bootargs end before what lies behind them. */
static void test_bootargs(void **state) {
    char bootargs[CONFIG_BOOTARGS_MAX + 1];

    (void)state;
    memset(bootargs, 'x', sizeof(bootargs));
    bootargs[CONFIG_BOOTARGS_MAX] = '\0';
    config.bootargs = bootargs;
    prepare(IMAGE_MULTIBOOT);
    assert_string_equal(start_area(0x6000), bootargs);
    assert_int_equal(info(0), HAS);
    config.bootargs = "";
    prepare(IMAGE_ELF64);
    assert_string_equal(start_area(0x6000), "");
}

/* The others have the mode, and nothing else of the first. */
static void test_further(void **state) {
    static struct vmcb vmcbs[2];
    static struct vcpu vcpus[2] = {{.vmcb = &vmcbs[0]}, {.vmcb = &vmcbs[1]}};

    (void)state;
    for (enum image_kind kind = IMAGE_ELF64; kind <= IMAGE_PVH; kind++) {
        for (unsigned i = 0; i < 2; i++) {
            vmcbs[i] = (struct vmcb){0};
            vmcb_init(&vmcbs[i], 1, HPA(0), HPA(0), HPA(0));
        }
        memset(vcpus[1].guest.registers, 0, sizeof(vcpus[1].guest.registers));
        common = (struct common){.vcpus = vcpus, .vcpu_count = 2};
        prepare(kind);
        assert_int_equal(vmcbs[0].save.rip, ENTRY);
        assert_int_equal(vmcbs[1].save.rsp, 0);
        assert_int_equal(vmcbs[1].save.rax, 0);
        for (unsigned i = 0; i < REGISTER_COUNT; i++)
            assert_int_equal(vcpus[1].guest.registers[i], 0);
        vmcbs[1].save.rip = vmcbs[0].save.rip;
        vmcbs[1].save.rsp = vmcbs[0].save.rsp;
        vmcbs[1].save.rax = vmcbs[0].save.rax;
        assert_memory_equal(&vmcbs[1].save, &vmcbs[0].save, sizeof(vmcbs[0].save));
    }
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1};
}

/* ---- Linux ("The Linux/x86 Boot Protocol", "Zero Page" in its documentation) ----------------- */

#define PARAMS      0x7000 /* boot_params in the start area */
#define ACPI        0x8000
#define SETUP_BYTES 0x400
#define SETUP_END   0x26c /* of the setup header, as its jump says */

static uint8_t setup[SETUP_BYTES];
static uint8_t low[MIB]; /* where a window has the first MiB */

static void add_low_window(void) {
    memset(low, 0, sizeof(low));
    add_window(0, MIB, true);
    windows[config.window_count - 1].hpa = HPA((uintptr_t)low);
}

/* A setup header in which every byte is known. */
static void prepare_linux_with(unsigned header_end, struct image_plan plan) {
    for (unsigned i = 0; i < SETUP_BYTES; i++)
        setup[i] = (uint8_t)(i * 5 + 1);
    setup[0x201] = (uint8_t)(header_end - 0x202);
    plan.segments[0].file = setup;
    prepare_plan(&plan);
}

static void prepare_linux(unsigned header_end) {
    prepare_linux_with(header_end, plan_modules(IMAGE_BZIMAGE, 0));
}

static uint64_t params(unsigned offset, unsigned size_bytes) {
    return get(start_area(PARAMS + offset), size_bytes);
}

static void test_linux(void **state) {
    (void)state;
    prepare_linux(SETUP_END);
    expect_common(LONG_CODE);
    assert_int_equal(vmcb.save.cr0, CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
    assert_int_equal(vmcb.save.cr3, START);
    assert_int_equal(vmcb.save.efer, EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE);
    assert_int_equal(vcpu.guest.registers[REGISTER_RSI], START + PARAMS);
    for (uint64_t address = 0; address < 4 * GIB; address += 2 * MIB)
        expect_identity(address);
}

/* Every byte: zero, but for the header from the file, and the fields that a loader fills. */
static void test_boot_params(void **state) {
    static const struct {
        unsigned from, end;
    } filled[] = {
        {0x070, 0x078},         /* acpi_rsdp_addr */
        {0x1e8, 0x1e9},         /* e820_entries */
        {0x1f1, SETUP_END},     /* the setup header */
        {0x2d0, 0x2d0 + 2 * 20} /* e820_table */
    };

    (void)state;
    prepare_linux(SETUP_END);
    for (unsigned i = 0; i < PAGE_BYTES; i++) {
        bool is_filled = false;

        for (unsigned j = 0; j < ARRAY_LENGTH(filled); j++)
            is_filled |= i >= filled[j].from && i < filled[j].end;
        if (!is_filled)
            assert_int_equal(params(i, 1), 0);
    }
    for (unsigned i = 0x1f1; i < SETUP_END; i++)
        if (i != 0x210 && (i < 0x228 || i >= 0x22c)) /* the next two */
            assert_int_equal(params(i, 1), setup[i]);
    assert_int_equal(params(0x210, 1), 0xff); /* type_of_loader: none that has a number */
    assert_int_equal(params(0x228, 4), START + 0x6000);
    assert_string_equal(guest_memory(params(0x228, 4)), BOOTARGS);
    assert_int_equal(params(0x070, 8), START + ACPI);
    assert_memory_equal(guest_memory(params(0x070, 8)), "RSD PTR ", 8);
}

/* What is behind the header, in the file, is not copied. */
static void test_boot_params_header(void **state) {
    (void)state;
    prepare_linux(0x268);
    assert_int_equal(params(0x267, 1), setup[0x267]);
    assert_int_equal(params(0x268, 8), 0);
}

/* One ramdisk, from the first archive's start to the last one's end. */
static void test_boot_params_ramdisk(void **state) {
    static const unsigned ends[] = {0, 0x870345, 0x872000, 0x872000, 0x872001};

    for (unsigned count = 1; count <= CONFIG_MODULES_MAX; count++) {
        drop(state);
        make(state);
        prepare_linux_with(SETUP_END, plan_modules(IMAGE_BZIMAGE, count));
        assert_int_equal(params(0x218, 4), 0x870000);
        assert_int_equal(params(0x21c, 4), ends[count] - 0x870000);
        assert_int_equal(params(0x217, 1), setup[0x217]);
        assert_int_equal(params(0x220, 1), setup[0x220]);
        for (unsigned i = INFO; i < PARAMS; i++)
            assert_int_equal(*start_area(i), 0); /* nothing of Multiboot's or PVH's list */
    }
}

/* Entries of 20 bytes, as many as there can be: the start area reserved, a screen and read-only windows left out. */
static void test_boot_params_map(void **state) {
    struct entry entries[CONFIG_WINDOWS_MAX + 2] = {FIRST, {0, 0xb8000, 1}, {0xb9000, MIB - 0xb9000, 1}};

    (void)state;
    config.device_count = 1;
    add_low_window();
    for (unsigned i = 2; i < CONFIG_WINDOWS_MAX; i++) {
        add_window(i * GIB, PAGE_BYTES, i % 2);
        entries[i + 2] = (struct entry){i * GIB, PAGE_BYTES, i % 2 ? 1 : 2};
    }
    prepare_linux(SETUP_END);
    assert_int_equal(params(0x1e8, 1), ARRAY_LENGTH(entries));
    for (unsigned i = 0; i < ARRAY_LENGTH(entries); i++) {
        assert_int_equal(params(0x2d0 + i * 20, 8), entries[i].base);
        assert_int_equal(params(0x2d8 + i * 20, 8), entries[i].length);
        assert_int_equal(params(0x2e0 + i * 20, 4), entries[i].type);
    }
    assert_int_equal(params(0x2d0 + ARRAY_LENGTH(entries) * 20, 8), 0);
}

/* The tables are for as many vCPUs as there are. */
static void test_linux_vcpus(void **state) {
    static struct vmcb vmcbs[3];
    static struct vcpu vcpus[3] = {{.vmcb = &vmcbs[0]}, {.vmcb = &vmcbs[1]}, {.vmcb = &vmcbs[2]}};

    (void)state;
    common = (struct common){.vcpus = vcpus, .vcpu_count = 3};
    config.vcpu_count = 3;
    prepare_linux(SETUP_END);
    assert_int_equal(vcpus[0].guest.registers[REGISTER_RSI], START + PARAMS);
    assert_int_equal(vcpus[1].guest.registers[REGISTER_RSI], 0);
    assert_int_equal(vmcbs[1].save.rip, 0);
    assert_int_equal(get(start_area(ACPI + 0x1a0 + 4), 4), 44 + 12 + 3 * 8); /* length of the MADT */
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1};
}

static void prepare_kind(enum image_kind kind) {
    if (kind == IMAGE_BZIMAGE)
        prepare_linux(SETUP_END);
    else
        prepare(kind);
}

/* APM vol. 3: MOV DX, imm16 (BAh), MOV AL, imm8 (B0h), OUT DX, AL (EEh), in real mode at F000h:FFF0h. It is Linux that
 * jumps there, started one way or the other, and where its window ends sooner there is nothing to be written. */
static void test_reset_vector(void **state) {
    static const uint8_t want[] = {0xba, 0x02, 0x06, 0xb0, 0x06, 0xee};

    (void)state;
    for (enum image_kind kind = IMAGE_ELF64; kind <= IMAGE_BZIMAGE; kind++) {
        bool jumps = kind == IMAGE_PVH || kind == IMAGE_BZIMAGE;

        drop(state);
        make(state);
        add_low_window();
        prepare_kind(kind);
        if (jumps)
            assert_memory_equal(low + 0xffff0, want, sizeof(want));
        memset(low + 0xffff0, 0, jumps ? sizeof(want) : 0);
        windows[1].size_bytes = MIB - PAGE_BYTES;
        prepare_kind(kind);
        for (unsigned i = 0; i < MIB; i++)
            assert_int_equal(low[i], 0);
    }
}

/* What the image has there, be it one byte, stays whole; what is beside it does not matter. */
static void test_reset_vector_in_use(void **state) {
    for (unsigned i = 0; i < 16; i++) {
        enum image_kind kind = i % 2 ? IMAGE_PVH : IMAGE_BZIMAGE;
        unsigned at = 0xfffef + i / 2;
        bool in_use = at >= 0xffff0 && at < 0xffff6;

        drop(state);
        make(state);
        add_low_window();
        low[at] = 0x80;
        prepare_kind(kind);
        assert_int_equal(low[at], 0x80);
        assert_int_equal(low[0xffff5], in_use ? at == 0xffff5 ? 0x80 : 0 : 0xee);
        assert_int_equal(low[0xffff0], in_use ? at == 0xffff0 ? 0x80 : 0 : 0xba);
    }
}

/* ---- PVH (Xen: xen/include/public/arch-x86/hvm/start_info.h) ------------------------------------ */

/* Flat 32-bit protected mode, and the information's address in EBX. */
static void test_pvh(void **state) {
    (void)state;
    prepare(IMAGE_PVH);
    expect_common(BIG_CODE);
    assert_int_equal(vmcb.save.cr0, CR0_PE | CR0_ET | CR0_NE);
    assert_int_equal(vmcb.save.cr4, 0);
    assert_int_equal(vmcb.save.efer, EFER_SVME);
    assert_int_equal(vmcb.save.rax, 0);
    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        assert_int_equal(vcpu.guest.registers[i], i == REGISTER_RBX   ? START + INFO
                                                  : i == REGISTER_RSI ? START + 0x6000
                                                                      : 0);
    for (unsigned i = 0; i < 0x6000; i++) /* no page tables */
        assert_int_equal(*start_area(i), 0);
}

/* Word by word, with as many modules as there may be; addresses have 64 bits. */
static void test_pvh_info(void **state) {
    for (unsigned count = 0; count <= CONFIG_MODULES_MAX; count++) {
        drop(state);
        make(state);
        struct image_plan plan = plan_modules(IMAGE_PVH, count);

        prepare_plan(&plan);
        assert_int_equal(info(0), 0x336ec578);
        assert_int_equal(info(4), 1);               /* version */
        assert_int_equal(info(8), 0);               /* flags */
        assert_int_equal(info(12), count);          /* nr_modules */
        assert_int_equal(info(20), 0);              /* modlist_paddr, upper half */
        assert_int_equal(info(24), START + 0x6000); /* cmdline_paddr */
        assert_int_equal(info(28), 0);              /* its upper half */
        assert_int_equal(info(32), START + ACPI);   /* rsdp_paddr */
        assert_int_equal(info(36), 0);              /* its upper half */
        assert_int_equal(info(44), 0);              /* memmap_paddr, upper half */
        assert_int_equal(info(48), 2);              /* memmap_entries */
        assert_int_equal(info(52), 0);              /* reserved */
        assert_string_equal(guest_memory(info(24)), BOOTARGS);
        assert_memory_equal(guest_memory(info(32)), "RSD PTR ", 8);
        const uint8_t *module = guest_memory(info(16));

        assert_int_equal(info(16) % 8, 0);
        assert_int_equal(info(40) % 8, 0);
        assert_true(info(16) >= START + INFO + 56);
        for (unsigned i = 0; i < count; i++, module += 32) {
            const struct image_segment *segment = &plan.segments[2 + i];

            assert_int_equal(get(module, 8), segment->gpa.value);
            assert_int_equal(get(module + 8, 8), segment->file_bytes);
            assert_string_equal(guest_memory(get(module + 16, 8)), config.modules[i]);
            assert_true(get(module + 16, 8) >= info(16) + count * 32UL);
            assert_true(get(module + 16, 8) + strlen(config.modules[i]) < info(40));
            assert_int_equal(get(module + 24, 8), 0);
        }
    }
}

/* Entries of 24 bytes: base, length, type, zero; as many as there can be. */
static void test_pvh_map(void **state) {
    struct entry entries[CONFIG_WINDOWS_MAX + 2] = {FIRST, {0, 0xb8000, 1}, {0xb9000, MIB - 0xb9000, 1}};

    (void)state;
    config.device_count = 1;
    add_low_window();
    for (unsigned i = 2; i < CONFIG_WINDOWS_MAX; i++) {
        add_window(i * GIB, PAGE_BYTES, i % 2);
        entries[i + 2] = (struct entry){i * GIB, PAGE_BYTES, i % 2 ? 1 : 2};
    }
    prepare(IMAGE_PVH);
    const uint8_t *map = guest_memory(info(40));

    assert_int_equal(info(48), ARRAY_LENGTH(entries));
    assert_true(map + ARRAY_LENGTH(entries) * 24 <= start_area(PARAMS));
    for (unsigned i = 0; i < ARRAY_LENGTH(entries); i++, map += 24) {
        assert_int_equal(get(map, 8), entries[i].base);
        assert_int_equal(get(map + 8, 8), entries[i].length);
        assert_int_equal(get(map + 16, 4), entries[i].type);
        assert_int_equal(get(map + 20, 4), 0);
    }
}

/* The tables are for as many vCPUs as there are; the others have the first one's mode, and nothing in RBX. */
static void test_pvh_vcpus(void **state) {
    static struct vmcb vmcbs[2];
    static struct vcpu vcpus[2] = {{.vmcb = &vmcbs[0]}, {.vmcb = &vmcbs[1]}};

    (void)state;
    common = (struct common){.vcpus = vcpus, .vcpu_count = 2};
    config.vcpu_count = 2;
    prepare(IMAGE_PVH);
    assert_int_equal(vcpus[0].guest.registers[REGISTER_RBX], START + INFO);
    assert_int_equal(vcpus[1].guest.registers[REGISTER_RBX], 0);
    assert_int_equal(vmcbs[1].save.cs.attributes, BIG_CODE);
    assert_int_equal(get(start_area(ACPI + 0x1a0 + 4), 4), 44 + 12 + 2 * 8); /* length of the MADT */
    common = (struct common){.vcpus = &vcpu, .vcpu_count = 1};
}

/* What the start area holds lies one behind the other, inside of it. */
static void test_start_area(void **state) {
    (void)state;
    assert_int_equal(START_AREA_BYTES, 0x9000);
    config.bootargs = "";
    prepare(IMAGE_ELF32);
    for (unsigned i = 0; i < START_AREA_BYTES; i++)
        assert_int_equal(*start_area(i), 0); /* no kind fills what is another's */
    prepare(IMAGE_MULTIBOOT);
    for (unsigned i = 0; i < START_AREA_BYTES; i++)
        if (i < INFO || i >= PARAMS)
            assert_int_equal(*start_area(i), 0);
    memset(memory, 0, FIRST_BYTES);
    prepare(IMAGE_PVH);
    for (unsigned i = 0; i < ACPI; i++)
        if (i < INFO || i >= PARAMS)
            assert_int_equal(*start_area(i), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_protected_mode, make, drop),
        cmocka_unit_test_setup_teardown(test_long_mode, make, drop),
        cmocka_unit_test_setup_teardown(test_multiboot, make, drop),
        cmocka_unit_test_setup_teardown(test_multiboot_modules, make, drop),
        cmocka_unit_test_setup_teardown(test_multiboot_memory, make, drop),
        cmocka_unit_test_setup_teardown(test_multiboot_map, make, drop),
        cmocka_unit_test_setup_teardown(test_multiboot_windows, make, drop),
        cmocka_unit_test_setup_teardown(test_bootargs, make, drop),
        cmocka_unit_test_setup_teardown(test_further, make, drop),
        cmocka_unit_test_setup_teardown(test_linux, make, drop),
        cmocka_unit_test_setup_teardown(test_boot_params, make, drop),
        cmocka_unit_test_setup_teardown(test_boot_params_header, make, drop),
        cmocka_unit_test_setup_teardown(test_boot_params_ramdisk, make, drop),
        cmocka_unit_test_setup_teardown(test_boot_params_map, make, drop),
        cmocka_unit_test_setup_teardown(test_linux_vcpus, make, drop),
        cmocka_unit_test_setup_teardown(test_reset_vector, make, drop),
        cmocka_unit_test_setup_teardown(test_reset_vector_in_use, make, drop),
        cmocka_unit_test_setup_teardown(test_pvh, make, drop),
        cmocka_unit_test_setup_teardown(test_pvh_info, make, drop),
        cmocka_unit_test_setup_teardown(test_pvh_map, make, drop),
        cmocka_unit_test_setup_teardown(test_pvh_vcpus, make, drop),
        cmocka_unit_test_setup_teardown(test_start_area, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
