/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.c: files are built here field by field (System V ABI, "Object Files"; Multiboot
 * Specification 0.6.96, "OS image format"), each case changing a few fields of a good one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partitions/image.h"
#include "tests/host/findings.h"
#include "tests/host/test.h"

#define FILE_MAX    0x4000
#define P           "/p/image: found i.elf"
#define LOAD        1
#define DYNAMIC     2
#define INTERP      3
#define NOTE        4
#define TRUNCATED   "; the file is truncated\n"
#define ONE_WINDOW  ", want it inside one memory window; link it for the window, or enlarge the window\n"
#define NO_TABLE    "; the file is truncated or not an executable\n"
#define BELOW_4_GIB ", want it below 0x100000000; a guest starts with the first 4 GiB mapped\n"
#define ENTRY       ", want it inside a segment in an executable window\n"
#define STATIC      " dynamically linked, want a static executable; link it with -static and -no-pie\n"

struct load {
    uint32_t type;
    uint64_t offset, gpa, file_bytes, memory_bytes;
};

/* What a file says; 0 where the good value is meant. */
struct spec {
    unsigned class, encoding, type, machine, phentsize, extra_headers;
    uint64_t phoff, entry, file_bytes;
    struct load loads[3];
    uint32_t multiboot_at, multiboot_flags, multiboot_sum; /* the sum of all three, which is to be 0 */
    bool no_headers;
};

/* Guest memory: 0 to 1 MiB, 1 MiB to 2 MiB not executable, 4 GiB to 4 GiB + 1 MiB; with or without a screen. */
static struct window_config windows[] = {
    {.gpa = {0}, .size_bytes = MIB, .writable = true, .executable = true},
    {.gpa = {MIB}, .size_bytes = MIB, .writable = true},
    {.gpa = {4 * GIB}, .size_bytes = MIB, .executable = true},
};
static struct device_config screen = {.kind = DEVICE_VGA_TEXT};
static struct partition_config partition = {
    .path = "/p", .image = "i.elf", .windows = windows, .window_count = 3, .devices = &screen};

static uint8_t data[FILE_MAX];
static struct findings findings;

static void put(uint64_t at, uint64_t value, unsigned size_bytes) {
    memcpy(data + at, &value, size_bytes);
}

static unsigned either(unsigned value, unsigned good) {
    return value ? value : good;
}

static void put_load(uint64_t at, const struct load *load, bool is_64) {
    put(at, load->type, 4);
    put(at + (is_64 ? 8 : 4), load->offset, is_64 ? 8 : 4);
    put(at + (is_64 ? 16 : 8), 0xdead0000, is_64 ? 8 : 4); /* p_vaddr does not matter */
    put(at + (is_64 ? 24 : 12), load->gpa, is_64 ? 8 : 4);
    put(at + (is_64 ? 32 : 16), load->file_bytes, is_64 ? 8 : 4);
    put(at + (is_64 ? 40 : 20), load->memory_bytes, is_64 ? 8 : 4);
}

/* The file that a spec describes, in `data`: headers, then zeros up to file_bytes (0x2000). */
static uint64_t build(const struct spec *s) {
    bool is_64 = either(s->class, 2) == 2;
    unsigned header = is_64 ? 64 : 52, entry_bytes = is_64 ? 56 : 32, count = 0;
    uint64_t phoff = s->phoff ? s->phoff : header;

    memset(data, 0, sizeof(data));
    memcpy(data, "\177ELF", 4);
    data[4] = (uint8_t)either(s->class, 2);
    data[5] = (uint8_t)either(s->encoding, 1);
    put(16, either(s->type, 2), 2);
    put(18, either(s->machine, is_64 ? 62 : 3), 2);
    put(24, s->entry ? s->entry : 0x10000, is_64 ? 8 : 4);
    put(is_64 ? 32 : 28, phoff, is_64 ? 8 : 4);
    put(is_64 ? 54 : 42, either(s->phentsize, entry_bytes), 2);
    for (; count < 3 && s->loads[count].type; count++)
        if (phoff < FILE_MAX / 2)
            put_load(phoff + count * entry_bytes, &s->loads[count], is_64);
    for (unsigned i = 0; i < s->extra_headers; i++, count++) /* pages of their own from 0x20000 on */
        put_load(phoff + count * entry_bytes, &(struct load){LOAD, 0, 0x20000 + i * 0x1000, 0, 0x1000}, is_64);
    put(is_64 ? 56 : 44, s->no_headers ? 0 : count, 2);
    if (s->multiboot_at) {
        put(s->multiboot_at, 0x1badb002, 4);
        put(s->multiboot_at + 4, s->multiboot_flags, 4);
        put(s->multiboot_at + 8, s->multiboot_sum - 0x1badb002 - s->multiboot_flags, 4);
    }
    return s->file_bytes ? s->file_bytes : 0x2000;
}

/* Plans a copy of exactly that size, so that a byte read past it is seen; with `count` modules. */
static void plan_with(struct image_plan *plan, uint64_t size_bytes, bool vga, const struct image_file *modules,
                      unsigned count) {
    void *copy = malloc(size_bytes ? size_bytes : 1);

    memcpy(copy, data, size_bytes);
    partition.device_count = vga;
    partition.module_count = count;
    findings_init(&findings);
    image_plan(plan, &(struct image_file){"i.elf", copy, size_bytes}, modules, &partition, &findings.report);
    for (unsigned i = 0; i < plan->segment_count; i++)
        if (plan->segments[i].file == copy)
            plan->segments[i].file = data;
    free(copy);
}

static void plan_file(struct image_plan *plan, uint64_t size_bytes, bool vga) {
    plan_with(plan, size_bytes, vga, NULL, 0);
}

static void check(const char *name, const struct spec *spec, bool vga, const char *lines) {
    struct image_plan plan;

    plan_file(&plan, build(spec), vga);
    findings_expect(&findings, name, lines);
}

#define CODE                                                                                                           \
    { LOAD, 0x1000, 0x10000, 0x800, 0x1000 }
#define BAD(...)                                                                                                       \
    { CODE, __VA_ARGS__ }

static const struct {
    const char *name;
    struct spec spec;
    const char *lines;
} header_cases[] = {
    {"class", {.class = 3}, P " with class 3 and encoding 1, want class 1 or 2 and encoding 1\n"},
    {"encoding", {.encoding = 2}, P " with class 2 and encoding 2, want class 1 or 2 and encoding 1\n"},
    {"short for ELF64", {.file_bytes = 63}, P " with 63 bytes, want at least 64" TRUNCATED},
    {"machine of ELF64", {.machine = 3}, P " for machine 3, want 62 for ELF64\n"},
    {"machine of ELF32", {.class = 1, .machine = 40}, P " for machine 40, want 3 for ELF32\n"},
    {"position-independent", {.type = 3}, P " of ELF type 3, want 2 (executable); link it with -no-pie and -static\n"},
    {"both",
     {.type = 1, .machine = 183},
     P " for machine 183, want 62 for ELF64\n" P
       " of ELF type 1, want 2 (executable); link it with -no-pie and -static\n"},
    {"phnum",
     {.loads = {CODE}, .no_headers = true},
     P " with 0 program headers of 56 bytes at 0x40, want at least one of 56 in a file of 0x2000 bytes" NO_TABLE},
    {"phentsize",
     {.loads = {CODE}, .phentsize = 32},
     P " with 1 program headers of 32 bytes at 0x40, want at least one of 56 in a file of 0x2000 bytes" NO_TABLE},
    {"phentsize of ELF32",
     {.class = 1, .loads = {CODE}, .phentsize = 56},
     P " with 1 program headers of 56 bytes at 0x34, want at least one of 32 in a file of 0x2000 bytes" NO_TABLE},
    {"table outside",
     {.loads = {CODE}, .phoff = 0x2001},
     P " with 1 program headers of 56 bytes at 0x2001, want at least one of 56 in a file of 0x2000 bytes" NO_TABLE},
    {"table over the end",
     {.loads = {CODE}, .phoff = 0x1fc9},
     P " with 1 program headers of 56 bytes at 0x1fc9, want at least one of 56 in a file of 0x2000 bytes" NO_TABLE},
    {"table near 2^64",
     {.loads = {CODE}, .phoff = UINT64_MAX - 55},
     P " with 1 program headers of 56 bytes at 0xffffffffffffffc8, want at least one of 56 in a file of 0x2000 "
       "bytes" NO_TABLE},
};

static const struct {
    const char *name;
    struct load loads[3];
    const char *lines;
} segment_cases[] = {
    {"truncated", BAD({LOAD, 0x1800, 0, 0x801, 0x1000}),
     P " with segment 1 at 0x1800 to 0x2001, want it in a file of 0x2000 bytes" TRUNCATED},
    {"offset near 2^64", BAD({LOAD, UINT64_MAX - 0xfff, 0, 0x1000, 0x1000}),
     P " with segment 1 at 0xfffffffffffff000 to 0x0, want it in a file of 0x2000 bytes" TRUNCATED},
    {"file size near 2^64", BAD({LOAD, 0x1000, 0, UINT64_MAX, UINT64_MAX}),
     P " with segment 1 at 0x1000 to 0xfff, want it in a file of 0x2000 bytes" TRUNCATED},
    {"filesz over memsz", BAD({LOAD, 0x1000, 0, 0x800, 0x7ff}),
     P " with segment 1 of 0x800 bytes in 0x7ff of memory, want no more than fit\n"},
    {"outside", BAD({LOAD, 0, 2 * MIB, 0, 1}), P " with segment 1 of 0x1 bytes at 0x200000" ONE_WINDOW},
    {"over the end", BAD({LOAD, 0, 2 * MIB - 0x1000, 0, 0x1001}),
     P " with segment 1 of 0x1001 bytes at 0x1ff000" ONE_WINDOW},
    {"over two windows", BAD({LOAD, 0, MIB - 0x1000, 0, 0x2000}),
     P " with segment 1 of 0x2000 bytes at 0xff000" ONE_WINDOW},
    {"address near 2^64", BAD({LOAD, 0, UINT64_MAX - 0xfff, 0, 0x2000}),
     P " with segment 1 of 0x2000 bytes at 0xfffffffffffff000" ONE_WINDOW},
    {"size near 2^64", BAD({LOAD, 0, 0x1000, 0, UINT64_MAX}),
     P " with segment 1 of 0xffffffffffffffff bytes at 0x1000" ONE_WINDOW},
    {"start area", BAD({LOAD, 0, MIB - 0xa000, 0, 0x1001}),
     P " with segment 1 of 0x1001 bytes at 0xf6000, want it apart from the start area\n"},
    {"in the start area", BAD({LOAD, 0, MIB - 1, 0, 1}),
     P " with segment 1 of 0x1 bytes at 0xfffff, want it apart from the start area\n"},
    {"screen", BAD({LOAD, 0, 0xb0000, 0, 0x8001}),
     P " with segment 1 of 0x8001 bytes at 0xb0000, want it apart from the VGA text page\n"},
    {"behind the screen's start", BAD({LOAD, 0, 0xb8fff, 0, 1}),
     P " with segment 1 of 0x1 bytes at 0xb8fff, want it apart from the VGA text page\n"},
    {"another segment", BAD({LOAD, 0, 0xf000, 0, 0x1001}),
     P " with segment 1 of 0x1001 bytes at 0xf000, want it apart from another segment\n"},
    {"third over first", BAD({LOAD, 0, 0, 0, 0x1000}, {LOAD, 0, 0x10fff, 0, 1}),
     P " with segment 2 of 0x1 bytes at 0x10fff, want it apart from another segment\n"},
    {"dynamic", BAD({DYNAMIC, 0, 0, 0, 0}), P STATIC},
    {"interpreter", {{INTERP, 0, 0, 0, 0}, CODE}, P STATIC},
    {"entry below", {{LOAD, 0, 0x10001, 0, 0x1000}}, P " with entry 0x10000" ENTRY},
    {"entry behind", {{LOAD, 0, 0xf000, 0, 0x1000}}, P " with entry 0x10000" ENTRY},
    {"entry in no segment", {{NOTE, 0, 0, 0, 0}}, P " with entry 0x10000" ENTRY},
    {"entry in an empty segment", {{LOAD, 0, 0x10000, 0, 0}}, P " with entry 0x10000" ENTRY},
    {"up to the screen", BAD({LOAD, 0, 0xb9000, 0, 0x1000}, {LOAD, 0, 0xb7fff, 0, 1}), ""},
    {"up to the start area", BAD({LOAD, 0, MIB - 0xa000, 0, 0x1000}), ""},
    {"touching", BAD({LOAD, 0, 0xf000, 0, 0x1000}, {LOAD, 0, 0x11000, 0, 0x1000}), ""},
    {"others and empty ones count for nothing", BAD({NOTE, ~0UL, ~0UL, ~0UL, ~0UL}, {LOAD, ~0UL, ~0UL, 0, 0}), ""},
    {"up to the end of the file", BAD({LOAD, 0x1800, 0, 0x800, 0x800}, {LOAD, 0x2000, 0x1000, 0, 1}), ""},
};

static void test_headers(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(header_cases); i++)
        check(header_cases[i].name, &header_cases[i].spec, true, header_cases[i].lines);
}

static void test_segments(void **state) {
    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(segment_cases); i++) {
        struct spec spec = {0};

        memcpy(spec.loads, segment_cases[i].loads, sizeof(spec.loads));
        check(segment_cases[i].name, &spec, true, segment_cases[i].lines);
    }
}

static void test_no_elf(void **state) {
    const char *lines = P " that is no kernel, want an ELF file or a bzImage\n";
    struct image_plan plan;

    (void)state;
    for (uint64_t size_bytes = 0; size_bytes < 52; size_bytes++) {
        build(&(struct spec){.class = 1});
        plan_file(&plan, size_bytes, false);
        findings_expect(&findings, "short", lines);
    }
    memset(data, 'x', sizeof(data));
    plan_file(&plan, sizeof(data), false);
    findings_expect(&findings, "text", lines);
}

static void test_number_of_segments(void **state) {
    (void)state;
    check("16", &(struct spec){.loads = {CODE}, .extra_headers = 15}, false, "");
    check("17", &(struct spec){.loads = {CODE}, .extra_headers = 16}, false,
          P " with more than 16 segments, want fewer\n");
}

static void test_windows(void **state) {
    const struct load data_load = {LOAD, 0, MIB, 0, MIB}, high = {LOAD, 0, 4 * GIB, 0, 0x1000};

    (void)state;
    check("no screen", &(struct spec){.loads = {CODE, {LOAD, 0, 0xb8000, 0, 0x1000}}}, false, "");
    check("no-execute entry", &(struct spec){.loads = {CODE, data_load}, .entry = MIB}, false,
          P " with entry 0x100000" ENTRY);
    check("entry above 4 GiB", &(struct spec){.loads = {high}, .entry = 4 * GIB + 0xfff}, false,
          P " with entry 0x100000fff" BELOW_4_GIB);
    check("entry near 2^64", &(struct spec){.loads = {CODE}, .entry = UINT64_MAX}, false,
          P " with entry 0xffffffffffffffff" BELOW_4_GIB);
    assert_int_equal(image_start_area(&partition).value, MIB - 0x9000);
}

static void test_multiboot(void **state) {
    const char *unknown = ", want none but 0x3";
    const struct {
        uint32_t at, flags, sum;
        unsigned class;
        enum image_kind kind;
        const char *flags_found; /* NULL: accepted */
    } cases[] = {
        {0x100, 0, 0, 1, IMAGE_MULTIBOOT, NULL},
        {0x100, 3, 0, 1, IMAGE_MULTIBOOT, NULL},
        {8180, 0, 0, 1, IMAGE_MULTIBOOT, NULL},
        {8184, 0, 0, 1, IMAGE_ELF32, NULL},
        {0x102, 0, 0, 1, IMAGE_ELF32, NULL},
        {0x100, 4, 1, 1, IMAGE_ELF32, NULL},
        {0x100, 4, 0, 2, IMAGE_ELF64, NULL},
        {0x100, 7, 0, 1, IMAGE_MULTIBOOT, "0x4"},
        {0x100, 0x8008, 0, 1, IMAGE_MULTIBOOT, "0x8008"},
    };
    char lines[200];
    struct image_plan plan;

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        plan_file(&plan,
                  build(&(struct spec){.class = cases[i].class,
                                       .loads = {CODE},
                                       .multiboot_at = cases[i].at,
                                       .multiboot_flags = cases[i].flags,
                                       .multiboot_sum = cases[i].sum,
                                       .file_bytes = 0x3000}),
                  false);
        lines[0] = '\0';
        if (cases[i].flags_found)
            sprintf(lines, P " with required Multiboot flags %s%s%s\n", cases[i].flags_found, unknown,
                    cases[i].flags & 4 ? "; a graphics mode is not available" : "");
        findings_expect(&findings, "Multiboot", lines);
        assert_int_equal(plan.kind, cases[i].kind);
    }
}

static void test_plan(void **state) {
    const struct load bss = {LOAD, 0x1800, 0x20000, 0, 0x4000}, note = {NOTE, 0, 0, 1, 1};

    (void)state;
    for (unsigned class = 1; class <= 2; class ++) {
        struct image_plan plan;

        plan_file(&plan, build(&(struct spec){.class = class, .loads = {note, CODE, bss}, .entry = 0x10fff}), true);
        findings_expect(&findings, "good", "");
        assert_int_equal(plan.kind, class == 2 ? IMAGE_ELF64 : IMAGE_ELF32);
        assert_int_equal(plan.entry.value, 0x10fff);
        assert_int_equal(plan.segment_count, 2);
        assert_int_equal(plan.segments[0].file_offset, 0x1000);
        assert_int_equal(plan.segments[0].file_bytes, 0x800);
        assert_int_equal(plan.segments[0].gpa.value, 0x10000);
        assert_int_equal(plan.segments[0].memory_bytes, 0x1000);
        assert_int_equal(plan.segments[1].gpa.value, 0x20000);
        assert_int_equal(plan.segments[1].file_bytes, 0);
        assert_int_equal(plan.segments[1].memory_bytes, 0x4000);
    }
}

/* ---- PVH (Xen: "x86/HVM direct boot ABI"; notes: System V ABI, "Note Section") ---------------- */

#define NOTES_AT 0x1800

/* A note at `at`, its text a number, of which `text_bytes` or 8 at most are written. Where the next one begins. */
static uint64_t put_note(uint64_t at, uint32_t name_bytes, const char *name, uint32_t type, uint32_t text_bytes,
                         uint64_t text) {
    uint64_t text_at = at + 12 + (strlen(name) + 4) / 4 * 4;

    put(at, name_bytes, 4);
    put(at + 4, text_bytes, 4);
    put(at + 8, type, 4);
    memcpy(data + at + 12, name, strlen(name));
    put(text_at, text, text_bytes < 8 ? text_bytes : 8);
    return text_at + (text_bytes < 64 ? (text_bytes + 3) / 4 * 4 : 8);
}

struct note {
    uint32_t name_bytes;
    const char *name;
    uint32_t type, text_bytes;
    uint64_t text;
};

#define PVH(bytes, entry)                                                                                              \
    { 4, "Xen", 18, bytes, entry }

static const struct {
    const char *what;
    struct note notes[4];
    unsigned cut_bytes; /* so much less has the segment */
    uint64_t entry;     /* 0: none for PVH is found */
} note_cases[] = {
    {"4 bytes", {PVH(4, 0x10010)}, 0, 0x10010},
    {"8 bytes", {PVH(8, 0x10010)}, 0, 0x10010},
    {"more bytes", {PVH(16, 0x10010)}, 8, 0x10010},
    {"behind another owner's", {{4, "GNU", 3, 20, 0}, PVH(4, 0x10010)}, 0, 0x10010},
    {"behind others of Xen",
     {{4, "Xen", 6, 6, 0x78756e696c}, {4, "Xen", 1, 8, 0x20000}, {4, "Xen", 17, 1, 1}, PVH(4, 0x10010)},
     0,
     0x10010},
    {"behind names of all lengths",
     {{2, "a", 1, 3, 0}, {5, "abcd", 2, 2, 0}, {8, "abcdefg", 3, 1, 0}, PVH(4, 0x10010)},
     0,
     0x10010},
    {"behind an empty text", {{4, "GNU", 3, 0, 0}, PVH(4, 0x10010)}, 0, 0x10010},
    {"in front of others", {PVH(4, 0x10010), {4, "Xen", 1, 4, 0x20000}, {4, "GNU", 18, 4, 0x20000}}, 0, 0x10010},
    {"in front of one that is cut off", {PVH(4, 0x10010), PVH(4, 0x20000)}, 1, 0x10010},
    {"twice", {PVH(4, 0x20000), PVH(4, 0x10010)}, 0, 0x10010},
    {"other name", {{4, "Xem", 18, 4, 0x10010}}, 0, 0},
    {"small letters", {{4, "xen", 18, 4, 0x10010}}, 0, 0},
    {"name that begins like it", {{5, "Xen4", 18, 4, 0x10010}}, 0, 0},
    {"name with more behind its end", {{8, "Xen\0abc", 18, 8, 0x10010}}, 0, 0},
    {"name without its end", {{3, "Xen", 18, 4, 0x10010}}, 0, 0},
    {"other type", {{4, "Xen", 17, 4, 0x10010}}, 0, 0},
    {"larger type", {{4, "Xen", 0x112, 4, 0x10010}}, 0, 0},
    {"no name, and a text like it", {{0, "Xen", 18, 4, 0x10010}}, 0, 0},
    {"no text", {PVH(0, 0), {4, "GNU", 3, 4, 0}}, 0, 0},
    {"text too short", {PVH(3, 0x10010), {4, "GNU", 3, 4, 0}}, 0, 0},
    {"all sizes zero", {{0, "", 0, 0, 0}, {0, "", 0, 0, 0}}, 0, 0},
    {"type alone", {{0, "", 18, 0, 0}}, 0, 0},
    {"cut off", {PVH(4, 0x10010)}, 1, 0},
    {"cut off behind its name", {PVH(4, 0x10010)}, 4, 0},
    {"cut off in its name", {PVH(4, 0x10010)}, 5, 0},
    {"cut off in its sizes", {PVH(4, 0x10010)}, 19, 0},
    {"empty", {PVH(4, 0x10010)}, 20, 0},
    {"behind a huge name", {{UINT32_MAX, "GNU", 3, 4, 0}, PVH(4, 0x10010)}, 0, 0},
    {"behind a huge text", {{4, "GNU", 3, UINT32_MAX, 0}, PVH(4, 0x10010)}, 0, 0},
    {"behind huge ones", {{UINT32_MAX, "GNU", 3, UINT32_MAX, 0}, PVH(4, 0x10010)}, 0, 0},
    {"huge name that would wrap", {{UINT32_MAX, "", 3, 8, 4UL << 32}, {4, "", 0x6e6558, 18, 0}}, 0, 0},
    {"huge text that would wrap", {{4, "GNU", 3, UINT32_MAX, 4UL << 32 | 4}, {18, "", 0x10010, 0x6e6558, 0}}, 0, 0},
    {"huge name", {{UINT32_MAX, "Xen", 18, 4, 0x10010}}, 0, 0},
    {"huge text", {PVH(UINT32_MAX, 0x10010), PVH(4, 0x20000)}, 0, 0x10010},
};

/* The file ends with the notes. */
static void test_notes(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2 * ARRAY_LENGTH(note_cases); i++) {
        unsigned class = 1 + i % 2, number = i / 2;
        struct spec spec = {.class = class, .loads = {CODE, {NOTE, NOTES_AT, 0, 0, 0}}};
        uint64_t end = NOTES_AT, entry = note_cases[number].entry;
        enum image_kind kind = entry ? IMAGE_PVH : class == 2 ? IMAGE_ELF64 : IMAGE_ELF32;
        struct image_plan plan;

        for (int pass = 0; pass < 2; pass++) { /* the first one for the size */
            build(&spec);
            end = NOTES_AT;
            for (const struct note *n = note_cases[number].notes; n < note_cases[number].notes + 4 && n->name; n++)
                end = put_note(end, n->name_bytes, n->name, n->type, n->text_bytes, n->text);
            spec.loads[1].file_bytes = end - NOTES_AT - note_cases[number].cut_bytes;
        }
        plan_file(&plan, end - note_cases[number].cut_bytes, false);
        findings_expect(&findings, note_cases[number].what, "");
        if (plan.kind != kind || plan.entry.value != (entry ? entry : 0x10000))
            fail_msg("%s: kind %u, entry 0x%lx", note_cases[number].what, plan.kind, plan.entry.value);
        assert_int_equal(plan.segment_count, 1);
    }
}

/* Notes are no part of the guest: what is not in the file is not looked at. */
static void test_notes_outside(void **state) {
    static const struct load outside[] = {
        {NOTE, 0x2000, 0, 20, 0},     {NOTE, 0x1fec, 0, 21, 0},          {NOTE, 0x1fec, 0, UINT32_MAX, 0},
        {NOTE, UINT32_MAX, 0, 20, 0}, {NOTE, UINT32_MAX - 19, 0, 20, 0}, {NOTE, 0x1fec, 0, UINT64_MAX, 0},
        {NOTE, UINT64_MAX, 0, 20, 0}, {NOTE, 0x1fec, 0, -0x1fecUL, 0},   {NOTE, 0x2000, 0, 0, 0},
    };

    (void)state;
    for (unsigned i = 0; i < 2 * ARRAY_LENGTH(outside); i++) {
        unsigned class = 1 + i % 2;
        struct image_plan plan;

        build(&(struct spec){.class = class, .loads = {CODE, outside[i / 2]}});
        put_note(0x1fec, 4, "Xen", 18, 4, 0x10010);
        plan_file(&plan, 0x2000, false);
        findings_expect(&findings, "outside", "");
        assert_int_equal(plan.kind, class == 2 ? IMAGE_ELF64 : IMAGE_ELF32);
    }
}

/* The note's entry point counts: in a segment that is executable, whatever the ELF header's is, and before Multiboot's.
 */
static void test_pvh_entry(void **state) {
    static const struct {
        uint64_t entry, elf_entry;
        struct load load;
        const char *lines;
    } cases[] = {
        {0x10000, 0xffff0000, {0}, ""},
        {0x10fff, 0x10000, {0}, ""},
        {0x11000, 0x10000, {0}, P " with entry 0x11000" ENTRY},
        {0xffff, 0x10000, {0}, P " with entry 0xffff" ENTRY},
        {UINT32_MAX, 0x10000, {0}, P " with entry 0xffffffff" ENTRY},
        {MIB, 0x10000, {LOAD, 0, MIB, 0, 0x1000}, P " with entry 0x100000" ENTRY}, /* not executable */
    };

    (void)state;
    for (unsigned i = 0; i < 3 * ARRAY_LENGTH(cases); i++) {
        unsigned number = i / 3;
        struct image_plan plan;

        build(&(struct spec){.class = i % 3 == 2 ? 2 : 1,
                             .entry = cases[number].elf_entry,
                             .loads = {CODE, {NOTE, NOTES_AT, 0, 20, 0}, cases[number].load},
                             .multiboot_at = i % 3 ? 0 : 0x200,
                             .multiboot_flags = 3});
        put_note(NOTES_AT, 4, "Xen", 18, 4, cases[number].entry);
        plan_file(&plan, 0x2000, false);
        findings_expect(&findings, "entry", cases[number].lines);
        assert_int_equal(plan.kind, IMAGE_PVH);
        assert_int_equal(plan.entry.value, cases[number].entry);
    }
}

/* ---- bzImage (Linux: "The Linux/x86 Boot Protocol") ----------------------------------------- */

#define KERNEL_BYTES 0x1400

/* What the setup header says, and where the guest has memory. */
struct kernel {
    unsigned sectors, version, xloadflags, alignment, init_bytes;
    bool is_fixed;
    uint64_t preferred, file_bytes;
};

static const struct kernel good_kernel = {1, 0x20c, 1, 0x200000, 0x100000, false, 0x1000000, KERNEL_BYTES};

static uint64_t build_kernel(const struct kernel *k) {
    memset(data, 0x90, sizeof(data));
    put(0x1f1, k->sectors, 1);
    memcpy(data + 0x202, "HdrS", 4);
    put(0x206, k->version, 2);
    put(0x230, k->alignment, 4);
    put(0x234, !k->is_fixed, 1);
    put(0x236, k->xloadflags, 2);
    put(0x258, k->preferred, 8);
    put(0x260, k->init_bytes, 4);
    return k->file_bytes;
}

/* Swaps in other windows for the time of a case. */
static void plan_kernel(struct image_plan *plan, const struct kernel *kernel, struct window_config *own, unsigned count,
                        const struct image_file *modules, unsigned module_count) {
    partition.windows = own;
    partition.window_count = count;
    plan_with(plan, build_kernel(kernel), false, modules, module_count);
    partition.windows = windows;
    partition.window_count = 3;
}

static const struct kernel near_kernel = {1, 0x20c, 1, 0x200000, 0x100000, false, 0x200000, KERNEL_BYTES};

static struct window_config large = {.gpa = {0}, .size_bytes = 64 * MIB, .writable = true, .executable = true};
static struct window_config small = {.gpa = {0}, .size_bytes = 8 * MIB, .writable = true, .executable = true};

static void expect_kernel(const char *name, const struct kernel *kernel, struct window_config *own, unsigned count,
                          uint64_t at) {
    uint64_t setup_bytes = ((kernel->sectors ? kernel->sectors : 4) + 1) * 512;
    struct image_plan plan;

    plan_kernel(&plan, kernel, own, count, NULL, 0);
    findings_expect(&findings, name, "");
    assert_int_equal(plan.kind, IMAGE_BZIMAGE);
    assert_int_equal(plan.entry.value, at + 0x200); /* of the 64-bit protocol */
    assert_int_equal(plan.segment_count, 1);
    assert_ptr_equal(plan.segments[0].file, data);
    assert_int_equal(plan.segments[0].file_offset, setup_bytes);
    assert_int_equal(plan.segments[0].file_bytes, kernel->file_bytes - setup_bytes);
    assert_int_equal(plan.segments[0].gpa.value, at);
    assert_int_equal(plan.segments[0].memory_bytes, kernel->init_bytes);
    assert_int_equal(plan.module_count, 0);
}

/* Where it prefers to be, or else as low in another window as its alignment allows, but no lower than that. */
static void test_kernel_place(void **state) {
    struct window_config second[] = {
        {.gpa = {0}, .size_bytes = MIB, .writable = true},
        {.gpa = {16 * MIB}, .size_bytes = 2 * MIB, .writable = true, .executable = true},
    };
    struct window_config third[] = {
        {.gpa = {0}, .size_bytes = MIB, .writable = true, .executable = true},
        {.gpa = {20 * MIB}, .size_bytes = MIB, .writable = true, .executable = true},
        {.gpa = {33 * MIB}, .size_bytes = 3 * MIB, .writable = true, .executable = true},
    };
    struct window_config far = {.gpa = {0}, .size_bytes = 0xa0000 + 0x9000, .writable = true, .executable = true};
    struct kernel kernel = good_kernel;

    (void)state;
    expect_kernel("preferred", &kernel, &large, 1, 16 * MIB);
    expect_kernel("preferred in the second window", &kernel, second, 2, 16 * MIB);
    expect_kernel("moved", &kernel, third, 2, 20 * MIB);
    kernel.init_bytes++;
    expect_kernel("aligned in the third window", &kernel, third, 3, 34 * MIB);
    kernel.is_fixed = true;
    expect_kernel("not relocatable", &kernel, &large, 1, 16 * MIB);
    kernel = near_kernel;
    kernel.init_bytes = 6 * MIB - 0x9000;
    expect_kernel("up to the start area", &kernel, &small, 1, 2 * MIB);
    kernel = good_kernel;
    kernel.preferred = 0x10000;
    kernel.init_bytes = 0x90000;
    expect_kernel("in a window that is just large enough", &kernel, &far, 1, 0x10000);
    kernel = good_kernel;
    kernel.sectors = 0; /* means 4 */
    expect_kernel("sectors of old", &kernel, &large, 1, 16 * MIB);
    kernel.sectors = 8;
    kernel.file_bytes = 9 * 512 + 0x201;
    expect_kernel("up to its entry", &kernel, &large, 1, 16 * MIB);
    kernel.version = 0x20f;
    kernel.xloadflags = 0x7f;
    expect_kernel("newer", &kernel, &large, 1, 16 * MIB);
}

#define K P
#define NEEDS(bytes, at)                                                                                               \
    K ", which needs 0x" bytes " bytes at 0x" at " and 0xa0000 at 0, want windows with both; enlarge the window\n"
#define WANT_64(version, bytes)                                                                                        \
    K " with boot protocol 0x" version " and " bytes " bytes, want a 64-bit kernel with 0x20c or later\n"

static void test_kernel_refused(void **state) {
    struct window_config read_only = large, no_execute = large, low = large;
    struct window_config high = {.gpa = {16 * MIB}, .size_bytes = 8 * MIB, .writable = true, .executable = true};
    struct window_config below_640k[] = {{.gpa = {0}, .size_bytes = 0x9f000, .writable = true}, high};
    struct window_config split[] = {small, {.gpa = {8 * MIB}, .size_bytes = 8 * MIB, .writable = true}};
    const struct {
        const char *name;
        struct kernel kernel;
        struct window_config *windows;
        unsigned window_count;
        const char *lines;
    } cases[] = {
        {"old", {1, 0x20b, 1, 0x1000, 0x1000, false, 0, KERNEL_BYTES}, &large, 1, WANT_64("20b", "5120")},
        {"32-bit", {1, 0x20f, 0xfe, 0x1000, 0x1000, false, 0, KERNEL_BYTES}, &large, 1, WANT_64("20f", "5120")},
        {"setup only", {9, 0x20c, 1, 0x1000, 0x1000, false, 0, KERNEL_BYTES}, &large, 1, WANT_64("20c", "5120")},
        {"setup cut off", {255, 0x20c, 1, 0x1000, 0x1000, false, 0, KERNEL_BYTES}, &large, 1, WANT_64("20c", "5120")},
        {"cut off before its entry", {1, 0x20c, 1, 0x1000, 0x1000, false, 0, 0x600}, &large, 1, WANT_64("20c", "1536")},
        {"header only", {1, 0x20c, 1, 0x1000, 0x1000, false, 0, 0x268}, &large, 1, WANT_64("20c", "616")},
        {"fixed",
         {1, 0x20c, 1, 0x200000, 0x100000, true, 0x1000000, KERNEL_BYTES},
         &small,
         1,
         NEEDS("100000", "1000000")},
        {"too large",
         {1, 0x20c, 1, 0x200000, 6 * MIB - 0x8fff, false, 0x200000, KERNEL_BYTES},
         &small,
         1,
         NEEDS("5f7001", "200000")},
        {"no lower than it prefers", good_kernel, &small, 1, NEEDS("100000", "1000000")},
        {"no RAM at 0", good_kernel, &high, 1, NEEDS("100000", "1000000")},
        {"too little RAM at 0", good_kernel, below_640k, 2, NEEDS("100000", "1000000")},
        {"aligned beyond",
         {1, 0x20c, 1, 0x800000, 0x1000, false, 0x7fe000, KERNEL_BYTES},
         &small,
         1,
         NEEDS("1000", "800000")},
        {"over two windows",
         {1, 0x20c, 1, 0x200000, 7 * MIB, false, 4 * MIB, KERNEL_BYTES},
         split,
         2,
         NEEDS("700000", "800000")},
        {"near 2^64",
         {1, 0x20c, 1, 0x200000, 0x2000, true, UINT64_MAX - 0xfff, KERNEL_BYTES},
         &large,
         1,
         NEEDS("2000", "fffffffffffff000")},
        {"read-only",
         {1, 0x20c, 1, 0x200000, 0x2000, true, 0x1000000, KERNEL_BYTES},
         &read_only,
         1,
         NEEDS("2000", "1000000")},
        {"no-execute",
         {1, 0x20c, 1, 0x200000, 0x2000, true, 0x1000000, KERNEL_BYTES},
         &no_execute,
         1,
         NEEDS("2000", "1000000")},
        {"without alignment", {1, 0x20c, 1, 0, 0x2000, false, 0, KERNEL_BYTES}, &low, 1, NEEDS("2000", "0")},
    };

    (void)state;
    read_only.writable = false;
    no_execute.executable = false;
    low.gpa = GPA(0x1000);
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct image_plan plan;

        plan_kernel(&plan, &cases[i].kernel, cases[i].windows, cases[i].window_count, NULL, 0);
        findings_expect(&findings, cases[i].name, cases[i].lines);
    }
}

/* Shorter than the setup header, it is not taken for one. */
static void test_kernel_short(void **state) {
    struct kernel kernel = good_kernel;
    struct image_plan plan;

    (void)state;
    kernel.file_bytes = 0x267;
    plan_kernel(&plan, &kernel, &large, 1, NULL, 0);
    findings_expect(&findings, "short", P " that is no kernel, want an ELF file or a bzImage\n");
}

/* What is in the file is copied, so there is room for all of it, whatever the header says. */
static void test_kernel_larger_than_it_says(void **state) {
    struct kernel kernel = near_kernel;
    struct window_config own[] = {{.gpa = {2 * MIB}, .size_bytes = 0xa000, .writable = true, .executable = true},
                                  {.gpa = {0}, .size_bytes = 0xa0000, .writable = true}};
    struct image_plan plan;

    (void)state;
    kernel.init_bytes = 0x800;
    plan_kernel(&plan, &kernel, &small, 1, NULL, 0);
    findings_expect(&findings, "larger", "");
    assert_int_equal(plan.segments[0].file_bytes, 0x1000);
    assert_int_equal(plan.segments[0].memory_bytes, 0x1000);
    plan_kernel(&plan, &kernel, own, 2, NULL, 0);
    findings_expect(&findings, "fits", "");
    kernel.file_bytes++;
    plan_kernel(&plan, &kernel, own, 2, NULL, 0);
    findings_expect(&findings, "does not fit", NEEDS("1001", "200000"));
}

/* ---- modules -------------------------------------------------------------------------------- */

#define TOO_LARGE(name, bytes)                                                                                         \
    "/p/modules: found " name " with 0x" bytes " bytes, want them between the kernel and the window's end; enlarge "   \
    "the first window\n"

/* Their sizes, and where they have to be. */
struct modules {
    unsigned count;
    uint64_t size_bytes[CONFIG_MODULES_MAX], at[CONFIG_MODULES_MAX];
    const char *lines;
};

static const char *const module_names[] = {"a", "b", "c", "d"};

static void fill_modules(struct image_file *files, const struct modules *modules) {
    for (unsigned i = 0; i < modules->count; i++)
        files[i] = (struct image_file){module_names[i], &modules->size_bytes[i], modules->size_bytes[i]};
}

/* They are the plan's last segments, behind `segments` of the image. */
static void expect_modules(const struct image_plan *plan, const struct modules *modules, unsigned segments) {
    findings_expect(&findings, "modules", modules->lines);
    if (*modules->lines)
        return;
    assert_int_equal(plan->module_count, modules->count);
    assert_int_equal(plan->segment_count, segments + modules->count);
    assert_ptr_equal(image_modules(plan), &plan->segments[segments]);
    for (unsigned i = 0; i < modules->count; i++) {
        const struct image_segment *module = &image_modules(plan)[i];

        assert_ptr_equal(module->file, &modules->size_bytes[i]);
        assert_int_equal(module->file_offset, 0);
        assert_int_equal(module->file_bytes, modules->size_bytes[i]);
        assert_int_equal(module->memory_bytes, modules->size_bytes[i]);
        assert_int_equal(module->gpa.value, modules->at[i]);
    }
}

/* In their order, each at the beginning of a page, the last one's page up to the start area, and apart from the kernel.
 */
static void test_kernel_modules(void **state) {
    static const struct modules cases[] = {
        {1, {1}, {0x7f6000}, ""},
        {1, {0x1000}, {0x7f6000}, ""},
        {1, {0x1001}, {0x7f5000}, ""},
        {1, {0}, {0x7f7000}, ""},
        {2, {1, 1}, {0x7f5000, 0x7f6000}, ""},
        {2, {0x1000, 0x1001}, {0x7f4000, 0x7f5000}, ""},
        {3, {0x2001, 0xfff, 0x1001}, {0x7f1000, 0x7f4000, 0x7f5000}, ""},
        {3, {1, 0, 1}, {0x7f5000, 0x7f6000, 0x7f6000}, ""},
        {4, {0x1000, 0x2000, 0x3000, 0x4000}, {0x7ed000, 0x7ee000, 0x7f0000, 0x7f3000}, ""},
        {4, {0, 0, 0, 0}, {0x7f7000, 0x7f7000, 0x7f7000, 0x7f7000}, ""},
        {1, {0x4f7000}, {0x300000}, ""},
        {2, {0x4f6000, 1}, {0x300000, 0x7f6000}, ""},
        {1, {0x4f7001}, {0}, TOO_LARGE("a", "4f7001")}, /* into the kernel */
        {2, {0x4f6001, 1}, {0}, TOO_LARGE("a", "4f6001")},
        {2, {1, 0x4f7000}, {0}, TOO_LARGE("a", "1")},
        {3, {0x100000, 0x300000, 0x400000}, {0}, TOO_LARGE("b", "300000") TOO_LARGE("c", "400000")},
        {1, {0x7f7000}, {0}, TOO_LARGE("a", "7f7000")},
        {1, {0x800000}, {0}, TOO_LARGE("a", "800000")},
        {2, {0x800000, 0x800000}, {0}, TOO_LARGE("a", "800000") TOO_LARGE("b", "800000")},
        {1, {UINT64_MAX}, {0}, TOO_LARGE("a", "ffffffffffffffff")},
        {2, {UINT64_MAX, 1}, {0}, TOO_LARGE("a", "ffffffffffffffff") TOO_LARGE("b", "1")},
        {2, {1UL << 63, 1UL << 63}, {0}, TOO_LARGE("a", "8000000000000000") TOO_LARGE("b", "8000000000000000")},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct image_file files[CONFIG_MODULES_MAX];
        struct image_plan plan;

        fill_modules(files, &cases[i]);
        plan_kernel(&plan, &near_kernel, &small, 1, files, cases[i].count);
        expect_modules(&plan, &cases[i], 1);
        assert_int_equal(plan.segments[0].gpa.value, 2 * MIB);
    }
}

/* The first window has them, also where nothing may be executed in it. */
static void test_modules_in_data(void **state) {
    static const struct modules modules = {2, {1, 0x1001}, {0xf4000, 0xf5000}, ""};
    struct window_config two[] = {
        {.gpa = {0}, .size_bytes = MIB, .writable = true},
        {.gpa = {16 * MIB}, .size_bytes = 2 * MIB, .writable = true, .executable = true},
    };
    struct image_file files[CONFIG_MODULES_MAX];
    struct image_plan plan;

    (void)state;
    fill_modules(files, &modules);
    plan_kernel(&plan, &good_kernel, two, 2, files, modules.count);
    expect_modules(&plan, &modules, 1);
    assert_int_equal(plan.segments[0].gpa.value, 16 * MIB);
}

/* The same beside a Multiboot or PVH kernel, with as many segments as there may be, and apart from the screen. */
static void test_elf_modules(void **state) {
    static const struct modules cases[] = {
        {1, {3}, {0xf6000}, ""},
        {2, {0x1001, 0x1000}, {0xf4000, 0xf6000}, ""},
        {4, {1, 2, 3, 4}, {0xf3000, 0xf4000, 0xf5000, 0xf6000}, ""},
        {2, {0x3d000, 0x1000}, {0xb9000, 0xf6000}, ""},
        {2, {0x3d001, 0x1000}, {0}, TOO_LARGE("a", "3d001")},
        {2, {0xe7000, 0x10000}, {0}, TOO_LARGE("a", "e7000")}, /* over everything */
    };

    (void)state;
    for (unsigned i = 0; i < 2 * ARRAY_LENGTH(cases); i++) {
        const struct modules *modules = &cases[i / 2];
        const struct spec spec = {
            .class = 1, .loads = {CODE}, .extra_headers = 15, .multiboot_at = i % 2 ? 0x400 : 0, .multiboot_flags = 3};
        struct spec with_note = {.class = 2, .loads = {{NOTE, 0x1800, 0, 20, 0}, CODE}, .extra_headers = 15};
        struct image_file files[CONFIG_MODULES_MAX];
        struct image_plan plan;
        uint64_t size_bytes = build(i % 2 ? &spec : &with_note);

        if (i % 2 == 0)
            put_note(0x1800, 4, "Xen", 18, 4, 0x10010);
        fill_modules(files, modules);
        plan_with(&plan, size_bytes, true, files, modules->count);
        assert_int_equal(plan.kind, i % 2 ? IMAGE_MULTIBOOT : IMAGE_PVH);
        expect_modules(&plan, modules, 16);
    }
}

/* They stand beside a kernel that knows what to do with them, be they one or four. */
static void test_modules_without_kernel(void **state) {
    const struct image_file files[CONFIG_MODULES_MAX] = {{"a", "x", 1}, {"b", "y", 1}, {"c", "z", 1}, {"d", "", 0}};

    (void)state;
    for (unsigned class = 1; class <= 2; class ++)
        for (unsigned count = 1; count <= CONFIG_MODULES_MAX; count++) {
            struct image_plan plan;

            plan_with(&plan, build(&(struct spec){.class = class, .loads = {CODE}}), false, files, count);
            findings_expect(&findings, "ELF",
                            "/p/modules: found them beside i.elf, want them beside a Multiboot, PVH or Linux kernel\n");
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_elf),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_multiboot),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_number_of_segments),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_kernel_place),
        cmocka_unit_test(test_kernel_refused),
        cmocka_unit_test(test_kernel_short),
        cmocka_unit_test(test_kernel_larger_than_it_says),
        cmocka_unit_test(test_kernel_modules),
        cmocka_unit_test(test_modules_in_data),
        cmocka_unit_test(test_elf_modules),
        cmocka_unit_test(test_modules_without_kernel),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_notes_outside),
        cmocka_unit_test(test_pvh_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
