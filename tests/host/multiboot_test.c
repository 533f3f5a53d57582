/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * multiboot.c: descriptions are built in memory below 4 GiB, as Multiboot 1 points with 32 bits,
 * by the Multiboot Specification 0.6.96, "Boot information format", and Multiboot2 2.0, "Boot
 * information". Memory maps run through both.
 */
#define _GNU_SOURCE /* MAP_32BIT */

#include <string.h>
#include <sys/mman.h>

#include "boot/multiboot.h"
#include "tests/host/test.h"

#define MEMORY_BYTES 0x10000
#define ENTRIES_MAX  140
#define RAM          1
#define RESERVED     2
#define BAD          5

struct entry {
    uint64_t base, size_bytes;
    uint32_t type;
};

static uint8_t *memory;
static uint32_t end; /* of what is used */
static struct boot_info boot;

static int make(void **state) {
    (void)state;
    memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    end = 0;
    return memory == MAP_FAILED ? -1 : 0;
}

static int drop(void **state) {
    (void)state;
    return munmap(memory, MEMORY_BYTES);
}

static uint32_t address(uint32_t at) {
    return (uint32_t)(uintptr_t)(memory + at);
}

static void put(uint32_t at, uint64_t value, unsigned size_bytes) {
    memcpy(memory + at, &value, size_bytes);
}

static void add(uint64_t value, unsigned size_bytes) {
    assert_true(end + size_bytes <= MEMORY_BYTES);
    put(end, value, size_bytes);
    end += size_bytes;
}

static uint32_t add_text(const char *text) {
    uint32_t at = end;

    strcpy((char *)memory + at, text);
    end += (uint32_t)strlen(text) + 1;
    return at;
}

/* A Multiboot 1 description at 0 with a memory map; entries may be longer than they need to be. */
static void read_mb1_map(const struct entry *entries, unsigned count, unsigned extra_bytes) {
    end = 120;
    put(0, 1 << 6, 4);
    put(44, count * (24 + extra_bytes), 4);
    put(48, address(end), 4);
    for (unsigned i = 0; i < count; i++) {
        add(20 + extra_bytes, 4);
        add(entries[i].base, 8);
        add(entries[i].size_bytes, 8);
        add(entries[i].type, 4);
        end += extra_bytes;
    }
    assert_true(multiboot_read(&boot, MULTIBOOT1_LOADER_MAGIC, memory));
}

static void start_mb2(void) {
    memset(memory, 0, MEMORY_BYTES);
    end = 8;
}

static void end_mb2(void) {
    add(0, 4);
    add(8, 4);
    put(0, end, 4);
    assert_true(multiboot_read(&boot, MULTIBOOT2_LOADER_MAGIC, memory));
}

static void add_mb2_map(const struct entry *entries, unsigned count, unsigned entry_bytes) {
    uint32_t next = end + 16 + count * entry_bytes;

    add(6, 4);
    add(16 + count * entry_bytes, 4);
    add(entry_bytes, 4);
    add(0, 4);
    for (unsigned i = 0; i < count; i++, end += entry_bytes - 20) {
        add(entries[i].base, 8);
        add(entries[i].size_bytes, 8);
        add(entries[i].type, 4);
    }
    end = (uint32_t)align_up(next, 8);
}

static void read_mb2_map(const struct entry *entries, unsigned count, unsigned entry_bytes) {
    start_mb2();
    add_mb2_map(entries, count, entry_bytes);
    end_mb2();
}

static void expect_ram(const char *name, const struct range *ram, unsigned count) {
    if (boot.ram_count != count)
        fail_msg("%s: %u ranges, want %u", name, boot.ram_count, count);
    for (unsigned i = 0; i < count; i++)
        if (boot.ram[i].base != ram[i].base || boot.ram[i].size_bytes != ram[i].size_bytes)
            fail_msg("%s: 0x%lx bytes at 0x%lx, want 0x%lx at 0x%lx", name, boot.ram[i].size_bytes, boot.ram[i].base,
                     ram[i].size_bytes, ram[i].base);
}

static const struct {
    const char *name;
    struct entry entries[5]; /* up to a type of 0 */
    struct range ram[4];     /* up to a size of 0 */
} map_cases[] = {
    {"nothing", {{0}}, {{0}}},
    {"PC",
     {{0, 0x9fc00, RAM}, {0x9fc00, 0x400, RESERVED}, {0xf0000, 0x10000, RESERVED}, {MIB, 127 * MIB, RAM}},
     {{MIB, 127 * MIB}}},
    {"across 1 MiB", {{0, 2 * MIB, RAM}}, {{MIB, MIB}}},
    {"up to 1 MiB", {{0, MIB, RAM}}, {{0}}},
    {"edges", {{MIB + 1, 0x3000, RAM}}, {{MIB + 0x1000, 0x2000}}},
    {"less than a page", {{MIB + 1, 0x1ffe, RAM}}, {{0}}},
    {"empty", {{2 * MIB, 0, RAM}, {3 * MIB, 0, RESERVED}, {2 * MIB, 2 * MIB, RAM}}, {{2 * MIB, 2 * MIB}}},
    {"unsorted",
     {{8 * MIB, MIB, RAM}, {2 * MIB, MIB, RAM}, {5 * MIB, MIB, RAM}},
     {{2 * MIB, MIB}, {5 * MIB, MIB}, {8 * MIB, MIB}}},
    {"touching", {{4 * MIB, MIB, RAM}, {2 * MIB, MIB, RAM}, {3 * MIB, MIB, RAM}}, {{2 * MIB, 3 * MIB}}},
    {"overlapping", {{2 * MIB, 3 * MIB, RAM}, {4 * MIB, 4 * MIB, RAM}}, {{2 * MIB, 6 * MIB}}},
    {"one inside another", {{2 * MIB, 8 * MIB, RAM}, {4 * MIB, MIB, RAM}}, {{2 * MIB, 8 * MIB}}},
    {"one over several",
     {{2 * MIB, MIB, RAM}, {4 * MIB, MIB, RAM}, {9 * MIB, MIB, RAM}, {MIB, 7 * MIB, RAM}},
     {{MIB, 7 * MIB}, {9 * MIB, MIB}}},
    {"reserved inside", {{2 * MIB, 8 * MIB, RAM}, {4 * MIB, MIB, RESERVED}}, {{2 * MIB, 2 * MIB}, {5 * MIB, 5 * MIB}}},
    {"reserved first", {{4 * MIB, MIB, RESERVED}, {2 * MIB, 8 * MIB, RAM}}, {{2 * MIB, 2 * MIB}, {5 * MIB, 5 * MIB}}},
    {"reserved bytes",
     {{2 * MIB, MIB, RAM}, {2 * MIB + 0x1234, 1, BAD}},
     {{2 * MIB, 0x1000}, {2 * MIB + 0x2000, MIB - 0x2000}}},
    {"reserved edges",
     {{2 * MIB, 4 * MIB, RAM}, {MIB, MIB + 1, 3}, {6 * MIB - 1, MIB, 4}},
     {{2 * MIB + 0x1000, 4 * MIB - 0x2000}}},
    {"reserved over several",
     {{2 * MIB, MIB, RAM}, {4 * MIB, MIB, RAM}, {6 * MIB, 2 * MIB, RAM}, {2 * MIB, 5 * MIB, RESERVED}},
     {{7 * MIB, MIB}}},
    {"reserved twice",
     {{2 * MIB, 8 * MIB, RAM}, {3 * MIB, 2 * MIB, RESERVED}, {4 * MIB, 2 * MIB, BAD}},
     {{2 * MIB, MIB}, {6 * MIB, 4 * MIB}}},
    {"reserved touches", {{2 * MIB, MIB, RAM}, {3 * MIB, MIB, RESERVED}, {MIB, MIB, RESERVED}}, {{2 * MIB, MIB}}},
    {"above 4 GiB", {{4 * GIB, 4 * GIB, RAM}, {MIB, GIB, RAM}}, {{MIB, GIB}, {4 * GIB, 4 * GIB}}},
    {"last page", {{UINT64_MAX - 0xffe, 0xfff, RAM}, {MIB, MIB, RAM}}, {{MIB, MIB}}},
    {"past 2^64", {{4 * GIB, UINT64_MAX, RAM}}, {{4 * GIB, 0xfffffffefffff000}}},
    {"reserved past 2^64", {{MIB, 8 * GIB, RAM}, {4 * GIB, UINT64_MAX, RESERVED}}, {{MIB, 4 * GIB - MIB}}},
};

static void test_maps(void **state) {
    for (unsigned i = 0; i < ARRAY_LENGTH(map_cases); i++) {
        unsigned entries = 0, ram = 0;

        while (entries < ARRAY_LENGTH(map_cases[i].entries) && map_cases[i].entries[entries].type)
            entries++;
        while (ram < ARRAY_LENGTH(map_cases[i].ram) && map_cases[i].ram[ram].size_bytes)
            ram++;
        for (unsigned extra_bytes = 0; extra_bytes <= 8; extra_bytes += 4) {
            drop(state);
            assert_int_equal(make(state), 0);
            read_mb1_map(map_cases[i].entries, entries, extra_bytes);
            expect_ram(map_cases[i].name, map_cases[i].ram, ram);
        }
        for (unsigned entry_bytes = 24; entry_bytes <= 40; entry_bytes += 16) {
            read_mb2_map(map_cases[i].entries, entries, entry_bytes);
            expect_ram(map_cases[i].name, map_cases[i].ram, ram);
        }
    }
}

/* More ranges than there is room for: what is listed is RAM, and nothing is written past the end. */
static void test_many_ranges(void **state) {
    struct entry entries[ENTRIES_MAX];

    (void)state;
    for (unsigned i = 0; i < ENTRIES_MAX; i++)
        entries[i] = (struct entry){(i + 1) * 2 * MIB, MIB, RAM};
    read_mb2_map(entries, ENTRIES_MAX, 24);
    assert_int_equal(boot.ram_count, BOOT_RANGES_MAX);
    for (unsigned i = 0; i < BOOT_RANGES_MAX; i++)
        assert_int_equal(boot.ram[i].base, (i + 1) * 2 * MIB);

    /* One large range and holes in it. */
    for (unsigned i = 1; i < ENTRIES_MAX; i++)
        entries[i] = (struct entry){(i + 1) * 2 * MIB, MIB, RESERVED};
    entries[0] = (struct entry){MIB, GIB, RAM};
    read_mb2_map(entries, ENTRIES_MAX, 24);
    assert_int_equal(boot.ram_count, BOOT_RANGES_MAX);
    for (unsigned i = 0; i < boot.ram_count; i++)
        for (unsigned j = 1; j < ENTRIES_MAX; j++)
            assert_false(range_overlaps(boot.ram[i], (struct range){entries[j].base, entries[j].size_bytes}));
}

static void expect_modules(void) {
    assert_int_equal(boot.module_count, 2);
    assert_int_equal((uintptr_t)boot.modules[0].data, 0x200000);
    assert_int_equal(boot.modules[0].size_bytes, 0x1234);
    assert_string_equal(boot.modules[0].name, "a.dtb");
    assert_int_equal((uintptr_t)boot.modules[1].data, 0xfffff000);
    assert_int_equal(boot.modules[1].size_bytes, 0);
    assert_string_equal(boot.modules[1].name, "b.elf");
    assert_string_equal(boot.command_line, "shikiri trace=print");
}

static void test_mb1(void **state) {
    (void)state;
    end = 120;
    put(0, 1 << 2 | 1 << 3, 4);
    put(16, address(add_text("shikiri trace=print")), 4);
    uint32_t a = address(add_text("a.dtb")), b = address(add_text("/b.elf x"));

    put(20, 2, 4);
    put(24, address(end), 4);
    add(0x200000, 4);
    add(0x201234, 4);
    add(a, 8);
    add(0xfffff000, 4);
    add(0, 4); /* ends before it starts */
    add(b, 8);
    assert_true(multiboot_read(&boot, MULTIBOOT1_LOADER_MAGIC, memory));
    expect_modules();
    assert_int_equal(boot.ram_count, 0);
}

/* Of another loader nothing is read. */
static void test_no_magic(void **state) {
    (void)state;
    assert_false(multiboot_read(&boot, 0, NULL));
    assert_false(multiboot_read(&boot, 0x1badb002, NULL)); /* that of the header */
    assert_string_equal(boot.command_line, "");
    assert_int_equal(boot.module_count + boot.ram_count, 0);
}

/* Fields count only where their flag is set. */
static void test_mb1_flags(void **state) {
    (void)state;
    memset(memory, 0xff, 120);
    put(0, ~(1u << 2 | 1u << 3 | 1u << 6), 4);
    assert_true(multiboot_read(&boot, MULTIBOOT1_LOADER_MAGIC, memory));
    assert_string_equal(boot.command_line, "");
    assert_int_equal(boot.module_count, 0);
    assert_int_equal(boot.ram_count, 0);
    put(0, 1 << 3, 4);
    put(20, 1, 4);
    put(24, address(120), 4);
    assert_true(multiboot_read(&boot, MULTIBOOT1_LOADER_MAGIC, memory));
    assert_string_equal(boot.modules[0].name, ""); /* its address is 0 */
}

static void add_mb2_text(uint32_t type, const uint32_t *words, unsigned count, const char *text) {
    add(type, 4);
    add(8 + count * 4 + strlen(text) + 1, 4);
    for (unsigned i = 0; i < count; i++)
        add(words[i], 4);
    add_text(text);
    end = (uint32_t)align_up(end, 8);
}

static void test_mb2(void **state) {
    const struct entry ram = {2 * MIB, MIB, RAM};

    (void)state;
    start_mb2();
    add_mb2_text(2, NULL, 0, "a boot loader of some name");
    add_mb2_text(1, NULL, 0, "shikiri trace=print");
    add_mb2_text(3, (uint32_t[]){0x200000, 0x201234}, 2, "a.dtb");
    add_mb2_map(&ram, 1, 24);
    add_mb2_text(3, (uint32_t[]){0xfffff000, 0}, 2, "/b.elf x");
    end_mb2();
    expect_modules();
    expect_ram("Multiboot 2", &(struct range){2 * MIB, MIB}, 1);
    add_mb2_text(3, (uint32_t[]){0, 0x1000}, 2, "behind the end");
    assert_true(multiboot_read(&boot, MULTIBOOT2_LOADER_MAGIC, memory));
    assert_int_equal(boot.module_count, 2);
}

static void test_mb2_damaged(void **state) {
    const struct entry ram = {2 * MIB, MIB, RAM};

    (void)state;
    start_mb2();
    end_mb2();
    assert_string_equal(boot.command_line, "");
    assert_int_equal(boot.ram_count, 0);
    read_mb2_map(&ram, 1, 20); /* an entry that is too short */
    expect_ram("short", NULL, 0);
    start_mb2();
    add(1, 4);
    add(4, 4); /* a tag without room for its head */
    end_mb2();
    assert_string_equal(boot.command_line, "");
    start_mb2();
    assert_true(multiboot_read(&boot, MULTIBOOT2_LOADER_MAGIC, memory)); /* a total of 0 */
    assert_int_equal(boot.module_count, 0);
}

/* A size that says more than there is, or a step of 0 when rounded, ends the reading. */
static void test_mb2_sizes(void **state) {
    const uint32_t sizes[] = {7, 25, 0x7fffffff, 0xfffffff8, 0xffffffff};
    const struct entry ram = {2 * MIB, MIB, RAM};

    for (unsigned i = 0; i < ARRAY_LENGTH(sizes); i++) {
        drop(state);
        assert_int_equal(make(state), 0);
        start_mb2();
        add(1, 4);
        add(sizes[i], 4);
        add(0, 8);
        end_mb2(); /* 24 bytes from the tag on */
        assert_string_equal(boot.command_line, "");
        start_mb2();
        add_mb2_map(&ram, 1, 24);
        put(8 + 8, sizes[i], 4); /* of an entry */
        end_mb2();
        expect_ram("entry size", NULL, 0);
    }
}

/* Tags that are too short for what they are, and a text that does not end in its tag. */
static void test_mb2_short_tags(void **state) {
    (void)state;
    start_mb2();
    add(3, 4);
    add(8, 4); /* a module without addresses */
    add(6, 4);
    add(8, 4); /* a map without the size of its entries */
    add(1, 4);
    add(8, 4); /* a command line without a character */
    add(1, 4);
    add(11, 4);
    add(0x00616161, 8); /* ends one byte behind its tag */
    add(3, 4);
    add(20, 4);
    add(0x200000, 4);
    add(0x201000, 4);
    add(0x61616161, 8);
    end_mb2();
    assert_string_equal(boot.command_line, "");
    assert_int_equal(boot.ram_count, 0);
    assert_int_equal(boot.module_count, 1);
    assert_string_equal(boot.modules[0].name, "");
}

/* "Reserved" wins over a later map too. */
static void test_mb2_two_maps(void **state) {
    const struct entry reserved = {2 * MIB, MIB, RESERVED}, ram = {MIB, 4 * MIB, RAM};

    (void)state;
    start_mb2();
    add_mb2_map(&reserved, 1, 24);
    add_mb2_map(&ram, 1, 24);
    end_mb2();
    expect_ram("two maps", (struct range[]){{MIB, MIB}, {3 * MIB, 2 * MIB}}, 2);
}

/* An entry that is too short ends the map, and so does one whose size would lead back. */
static void test_mb1_sizes(void **state) {
    const uint32_t sizes[] = {0, 4, 19, 0xfffffffc, 0xfffffffd, 0xffffffff};
    const struct entry ram[] = {{2 * MIB, MIB, RAM}, {8 * MIB, MIB, RAM}, {16 * MIB, MIB, RAM}};

    for (unsigned i = 0; i < ARRAY_LENGTH(sizes); i++) {
        drop(state);
        assert_int_equal(make(state), 0);
        read_mb1_map(ram, 3, 0);
        put(120 + 24, sizes[i], 4);
        assert_true(multiboot_read(&boot, MULTIBOOT1_LOADER_MAGIC, memory));
        expect_ram("size", (struct range[]){{2 * MIB, MIB}, {8 * MIB, MIB}}, sizes[i] < 20 ? 1 : 2);
    }
}

static void test_many_modules(void **state) {
    (void)state;
    start_mb2();
    for (uint32_t i = 0; i < BOOT_MODULES_MAX + 3; i++)
        add_mb2_text(3, (uint32_t[]){i * 0x1000, i * 0x1000 + 1}, 2, "m");
    end_mb2();
    assert_int_equal(boot.module_count, BOOT_MODULES_MAX + 3);
    assert_int_equal((uintptr_t)boot.modules[BOOT_MODULES_MAX - 1].data, (BOOT_MODULES_MAX - 1) * 0x1000);
}

/* One character less than there is room for, with its final zero. */
#define LONG_NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
_Static_assert(sizeof(LONG_NAME) + 1 == BOOT_NAME_MAX, "length of a long name");

static void test_module_name(void **state) {
    const struct {
        const char *line, *name;
    } cases[] = {
        {"a.elf", "a.elf"},
        {"bin/a.elf x", "a.elf"},
        {"/boot/bin/a.elf", "a.elf"},
        {"a.elf b/c", "a.elf"},
        {"a.elf  ", "a.elf"},
        {"", ""},
        {"/boot/", ""},
        {"/", ""},
        {"a/" LONG_NAME "bcd", LONG_NAME "b"},
    };

    (void)state;
    start_mb2();
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        add_mb2_text(3, (uint32_t[]){0, 0}, 2, cases[i].line);
    end_mb2();
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(boot.modules[i].name, cases[i].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_maps, make, drop),
        cmocka_unit_test_setup_teardown(test_many_ranges, make, drop),
        cmocka_unit_test_setup_teardown(test_mb1, make, drop),
        cmocka_unit_test(test_no_magic),
        cmocka_unit_test_setup_teardown(test_mb1_flags, make, drop),
        cmocka_unit_test_setup_teardown(test_mb2, make, drop),
        cmocka_unit_test_setup_teardown(test_mb2_damaged, make, drop),
        cmocka_unit_test_setup_teardown(test_mb2_sizes, make, drop),
        cmocka_unit_test_setup_teardown(test_mb2_short_tags, make, drop),
        cmocka_unit_test_setup_teardown(test_mb2_two_maps, make, drop),
        cmocka_unit_test_setup_teardown(test_mb1_sizes, make, drop),
        cmocka_unit_test_setup_teardown(test_many_modules, make, drop),
        cmocka_unit_test_setup_teardown(test_module_name, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
