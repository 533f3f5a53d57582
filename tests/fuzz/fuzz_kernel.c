/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel and its modules through image_plan(). The input is the setup header, from its first byte on, and the
 * modules' number and sizes in front; what is behind the header is of no interest and always there.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/invariants.h"

#define HEADER     0x1f1
#define HEADER_MAX 0x80
#define FILE_BYTES 0x1000
#define VERSION    0x206
#define LOADFLAGS  0x236
#define MODULE_MAX (32 * MIB) /* the first one's size; the others are small */

static struct window_config one_window[] = {
    {.size_bytes = 16 * MIB, .writable = true, .executable = true},
};
static struct window_config three_windows[] = {
    {.size_bytes = 9 * MIB, .writable = true},
    {.gpa = {9 * MIB}, .size_bytes = 4 * MIB, .executable = true},
    {.gpa = {4 * GIB}, .size_bytes = 4 * MIB, .writable = true, .executable = true},
};
static struct device_config screen = {.kind = DEVICE_VGA_TEXT};

static const struct partition_config partitions[] = {
    {.path = "/one", .image = "k", .windows = one_window, .window_count = 1},
    {.path = "/screen", .image = "k", .windows = one_window, .window_count = 1, .devices = &screen, .device_count = 1},
    {.path = "/three", .image = "k", .windows = three_windows, .window_count = 3},
};

/* Whether it was accepted. */
static bool check(const struct image_file *kernel, const struct image_file *modules,
                  const struct partition_config *partition) {
    struct report report = {.emit = emit_expected};
    struct image_plan plan;

    memset(&plan, 0x55, sizeof(plan));
    findings_emitted = 0;
    image_plan(&plan, kernel, modules, partition, &report);
    assert(report.errors == findings_emitted);
    if (report.errors)
        return false;
    assert(plan.kind == IMAGE_BZIMAGE && plan.segments[0].file == kernel->data);
    expect_plan(&plan, kernel->size_bytes, modules, partition);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    uint8_t *file = calloc(1, FILE_BYTES);
    uint32_t sizes = 0;
    bool accepted = false;

    if (size_bytes >= sizeof(sizes)) {
        memcpy(&sizes, data, sizeof(sizes));
        data += sizeof(sizes);
        size_bytes -= sizeof(sizes);
    }
    memcpy(file + HEADER, data, size_bytes < HEADER_MAX ? size_bytes : HEADER_MAX);
    memcpy(file + 0x202, "HdrS", 4);
    file[VERSION + 1] |= 4;
    file[LOADFLAGS] |= 1;
    const struct image_file kernel = {"k", file, FILE_BYTES};
    const struct image_file modules[CONFIG_MODULES_MAX] = {
        {"a", file, sizes % MODULE_MAX}, {"b", file, sizes & 0x1fff}, {"c", "c", sizes & 1}, {"d", file, sizes >> 20}};

    for (unsigned i = 0; i < ARRAY_LENGTH(partitions); i++) {
        struct partition_config partition = partitions[i];

        partition.module_count = (sizes >> 24) % (CONFIG_MODULES_MAX + 1);
        accepted |= check(&kernel, modules, &partition);
    }
    if (accepted)
        count_accepted();
    free(file);
    return 0;
}
