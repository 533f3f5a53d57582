/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest image of one kind, FUZZ_KIND, through image_plan() for partitions of several shapes.
 * Whatever the input, the file gets the class of that kind, and a Multiboot header where it wants one. With a note
 * for PVH any of them is of that kind.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/invariants.h"

#define ELF_CLASS        4
#define MULTIBOOT_MAGIC  0x1badb002U
#define MULTIBOOT_SEARCH 8192
#define MULTIBOOT_BYTES  12

static struct window_config one_window[] = {
    {.size_bytes = 16 * MIB, .writable = true, .executable = true},
};
static struct window_config no_code_first[] = {
    {.size_bytes = MIB, .writable = true},
    {.gpa = {MIB}, .size_bytes = 0x3000, .executable = true},
    {.gpa = {4 * GIB}, .size_bytes = 4 * MIB, .writable = true, .executable = true},
};
static struct device_config screen = {.kind = DEVICE_VGA_TEXT};

static const struct partition_config partitions[] = {
    {.path = "/one", .image = "i.elf", .windows = one_window, .window_count = 1},
    {.path = "/screen",
     .image = "i.elf",
     .windows = one_window,
     .window_count = 1,
     .devices = &screen,
     .device_count = 1},
    {.path = "/three", .image = "i.elf", .windows = no_code_first, .window_count = 3},
    {.path = "/modules", .image = "i.elf", .module_count = 3, .windows = one_window, .window_count = 1},
};

static const struct image_file modules[] = {{"a", "1", 1}, {"b", NULL, 0}, {"c", partitions, 0x1001}};

/* At the last place where one is looked for; the flags are the input's. */
static void put_multiboot_header(uint8_t *file, size_t size_bytes) {
    size_t end = size_bytes < MULTIBOOT_SEARCH ? size_bytes : MULTIBOOT_SEARCH;

    if (end < MULTIBOOT_BYTES)
        return;
    uint8_t *header = file + align_down(end - MULTIBOOT_BYTES, 4);
    uint32_t words[3] = {MULTIBOOT_MAGIC};

    memcpy(&words[1], header + 4, 4);
    words[2] = -words[0] - words[1];
    memcpy(header, words, sizeof(words));
}

static void force_kind(uint8_t *file, size_t size_bytes) {
    if (size_bytes > ELF_CLASS)
        file[ELF_CLASS] = FUZZ_KIND == IMAGE_ELF64 ? 2 : 1;
    if (FUZZ_KIND == IMAGE_MULTIBOOT)
        put_multiboot_header(file, size_bytes);
}

/* Whether a note for PVH, wherever it is, has that entry point: sizes 4 and 4 or more, type 18, name and text. */
static bool has_note(const uint8_t *file, size_t size_bytes, uint64_t entry) {
    bool found = false;

    for (size_t at = 0; !found && at + 20 <= size_bytes; at++)
        found = memcmp(file + at, "\4\0\0\0", 4) == 0 && memcmp(file + at + 8, "\22\0\0\0Xen", 8) == 0 &&
                load(file + at + 4, 4) >= 4 && load(file + at + 16, 4) == entry;
    return found;
}

static void expect_kind(const struct image_plan *plan, const uint8_t *file, size_t size_bytes) {
    if (plan->kind == IMAGE_PVH) {
        assert(has_note(file, size_bytes, plan->entry.value));
        return;
    }
    assert((plan->kind == IMAGE_ELF64) == (FUZZ_KIND == IMAGE_ELF64));
    assert(FUZZ_KIND != IMAGE_MULTIBOOT || plan->kind == IMAGE_MULTIBOOT);
}

/* Whether it was accepted. */
static bool check(const uint8_t *file, size_t size_bytes, const struct partition_config *partition) {
    struct report report = {.emit = emit_expected}, again = {.emit = emit_expected};
    const struct image_file image = {"i.elf", file, size_bytes};
    struct image_plan plan, plan_again;

    memset(&plan, 0x55, sizeof(plan));
    memset(&plan_again, 0xaa, sizeof(plan_again));
    findings_emitted = 0;
    image_plan(&plan, &image, modules, partition, &report);
    assert(report.errors == findings_emitted);
    image_plan(&plan_again, &image, modules, partition, &again);
    assert(again.errors == report.errors);
    if (report.errors)
        return false;
    assert(plan_again.segment_count == plan.segment_count && plan_again.entry.value == plan.entry.value);
    assert(memcmp(plan.segments, plan_again.segments, plan.segment_count * sizeof(plan.segments[0])) == 0);
    assert(plan_again.kind == plan.kind);
    expect_kind(&plan, file, size_bytes);
    expect_plan(&plan, size_bytes, modules, partition);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    uint8_t *file = malloc(size_bytes ? size_bytes : 1); /* exact, so that reading past it is seen */
    bool accepted = false;

    memcpy(file, data, size_bytes);
    force_kind(file, size_bytes);
    for (unsigned i = 0; i < ARRAY_LENGTH(partitions); i++)
        accepted |= check(file, size_bytes, &partitions[i]);
    if (accepted)
        count_accepted();
    free(file);
    return 0;
}
