/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest images: see image.h. ELF: System V ABI, "Object Files"; Multiboot: Multiboot
 * Specification 0.6.96, "OS image format". Both classes are read into one form first.
 */
#include "partitions/image.h"

#include "hv/lib/range.h"
#include "hv/lib/string.h"

#define ELF_CLASS_32 1
#define ELF_CLASS_64 2
#define ELF_LSB      1
#define ELF_EXEC     2
#define ELF_386      3
#define ELF_X86_64   62
#define PT_LOAD      1
#define PT_DYNAMIC   2
#define PT_INTERP    3
#define EHDR32_BYTES 52
#define EHDR64_BYTES 64
#define PHDR32_BYTES 32
#define PHDR64_BYTES 56

#define MULTIBOOT_MAGIC    0x1badb002U
#define MULTIBOOT_SEARCH   8192
#define MULTIBOOT_VIDEO    (1U << 2)
#define MULTIBOOT_REQUIRED 0xffffU
#define MULTIBOOT_KNOWN    0x0003U /* page-aligned modules, memory information */

struct file {
    const uint8_t *data;
    uint64_t size_bytes;
    const struct partition_config *partition;
    struct report *report;
    bool is_64;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, gpa, file_bytes, memory_bytes;
};

#define image_error(file, hint, ...) report_error((file)->report, (file)->partition->path, "image", hint, __VA_ARGS__)

/* A little-endian number of `size_bytes`; inside the file by an earlier check. */
static uint64_t read(const struct file *file, uint64_t offset, unsigned size_bytes) {
    uint64_t value = 0;

    memcpy(&value, file->data + offset, size_bytes);
    return value;
}

gpa_t image_start_area(const struct partition_config *partition) {
    const struct window_config *window = &partition->windows[0];

    return GPA(window->gpa.value + window->size_bytes - START_AREA_BYTES);
}

static bool check_header(struct file *file) {
    const char *name = file->partition->image;

    if (file->size_bytes < EHDR32_BYTES || memcmp(file->data, "\177ELF", 4) != 0) {
        image_error(file, NULL, "found %s, which is no ELF file, want ELF64, ELF32 or Multiboot ELF", name);
        return false;
    }
    file->is_64 = file->data[4] == ELF_CLASS_64;
    if ((!file->is_64 && file->data[4] != ELF_CLASS_32) || file->data[5] != ELF_LSB) {
        image_error(file, NULL, "found %s with class %u and encoding %u, want class 1 or 2 and encoding 1", name,
                    file->data[4], file->data[5]);
        return false;
    }
    if (file->is_64 && file->size_bytes < EHDR64_BYTES) {
        image_error(file, "the file is truncated", "found %s with %lu bytes, want at least %u", name, file->size_bytes,
                    EHDR64_BYTES);
        return false;
    }
    unsigned type = (unsigned)read(file, 16, 2), machine = (unsigned)read(file, 18, 2);
    unsigned want = file->is_64 ? ELF_X86_64 : ELF_386;

    if (machine != want)
        image_error(file, NULL, "found %s for machine %u, want %u for ELF%s", name, machine, want,
                    file->is_64 ? "64" : "32");
    if (type != ELF_EXEC)
        image_error(file, "link it with -no-pie and -static", "found %s of ELF type %u, want 2 (executable)", name,
                    type);
    return machine == want && type == ELF_EXEC;
}

static struct program_header read_program_header(const struct file *file, uint64_t at) {
    if (file->is_64)
        return (struct program_header){(uint32_t)read(file, at, 4), (uint32_t)read(file, at + 4, 4),
                                       read(file, at + 8, 8),       read(file, at + 24, 8),
                                       read(file, at + 32, 8),      read(file, at + 40, 8)};
    return (struct program_header){(uint32_t)read(file, at, 4), (uint32_t)read(file, at + 24, 4),
                                   read(file, at + 4, 4),       read(file, at + 12, 4),
                                   read(file, at + 16, 4),      read(file, at + 20, 4)};
}

static const struct window_config *window_around(const struct partition_config *partition, struct range range) {
    for (unsigned i = 0; i < partition->window_count; i++) {
        struct range window = {partition->windows[i].gpa.value, partition->windows[i].size_bytes};

        if (range_contains(window, range))
            return &partition->windows[i];
    }
    return NULL;
}

/* What a segment may not overlap; NULL when it overlaps nothing. */
static const char *overlapped(const struct file *file, const struct image_plan *plan, struct range range) {
    struct range start = {image_start_area(file->partition).value, START_AREA_BYTES};

    if (range_overlaps(range, start))
        return "the start area";
    if (config_has_vga(file->partition) && range_overlaps(range, VGA_TEXT_RANGE))
        return "the VGA text page";
    for (unsigned i = 0; i < plan->segment_count; i++)
        if (range_overlaps(range, (struct range){plan->segments[i].gpa.value, plan->segments[i].memory_bytes}))
            return "another segment";
    return NULL;
}

static bool check_segment(const struct file *file, unsigned number, const struct program_header *p,
                          const struct image_plan *plan) {
    const char *name = file->partition->image;
    struct range range = {p->gpa, p->memory_bytes};

    if (p->offset > file->size_bytes || p->file_bytes > file->size_bytes - p->offset) {
        image_error(file, "the file is truncated",
                    "found %s with segment %u at 0x%lx to 0x%lx, want it in a file of 0x%lx bytes", name, number,
                    p->offset, p->offset + p->file_bytes, file->size_bytes);
        return false;
    }
    if (p->file_bytes > p->memory_bytes) {
        image_error(file, NULL, "found %s with segment %u of 0x%lx bytes in 0x%lx of memory, want no more than fit",
                    name, number, p->file_bytes, p->memory_bytes);
        return false;
    }
    if (!range_valid(range) || !window_around(file->partition, range)) {
        image_error(file, "link it for the window, or enlarge the window",
                    "found %s with segment %u of 0x%lx bytes at 0x%lx, want it inside one memory window", name, number,
                    p->memory_bytes, p->gpa);
        return false;
    }
    const char *other = overlapped(file, plan, range);

    if (other)
        image_error(file, NULL, "found %s with segment %u of 0x%lx bytes at 0x%lx, want it apart from %s", name, number,
                    p->memory_bytes, p->gpa, other);
    return !other;
}

/* One program header; true when it may go on with the next. */
static bool add_segment(const struct file *file, unsigned number, const struct program_header *p,
                        struct image_plan *plan) {
    if (p->type == PT_DYNAMIC || p->type == PT_INTERP) {
        image_error(file, "link it with -static and -no-pie", "found %s dynamically linked, want a static executable",
                    file->partition->image);
        return false;
    }
    if (p->type != PT_LOAD || p->memory_bytes == 0)
        return true;
    if (plan->segment_count == IMAGE_SEGMENTS_MAX) {
        image_error(file, NULL, "found %s with more than %d segments, want fewer", file->partition->image,
                    IMAGE_SEGMENTS_MAX);
        return false;
    }
    if (!check_segment(file, number, p, plan))
        return false;
    plan->segments[plan->segment_count++] =
        (struct image_segment){p->offset, p->file_bytes, GPA(p->gpa), p->memory_bytes};
    return true;
}

static bool read_segments(const struct file *file, struct image_plan *plan) {
    unsigned entry_bytes = file->is_64 ? PHDR64_BYTES : PHDR32_BYTES;
    uint64_t table = file->is_64 ? read(file, 32, 8) : read(file, 28, 4);
    unsigned found_bytes = (unsigned)read(file, file->is_64 ? 54 : 42, 2);
    unsigned count = (unsigned)read(file, file->is_64 ? 56 : 44, 2);
    uint64_t table_bytes = (uint64_t)count * entry_bytes;

    if (count == 0 || found_bytes != entry_bytes || table > file->size_bytes ||
        table_bytes > file->size_bytes - table) {
        image_error(file, "the file is truncated or not an executable",
                    "found %s with %u program headers of %u bytes at 0x%lx, want at least one of %u in a "
                    "file of 0x%lx bytes",
                    file->partition->image, count, found_bytes, table, entry_bytes, file->size_bytes);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        struct program_header p = read_program_header(file, table + (uint64_t)i * entry_bytes);

        if (!add_segment(file, i, &p, plan))
            return false;
    }
    return true;
}

static void check_entry(const struct file *file, struct image_plan *plan) {
    uint64_t entry = read(file, 24, file->is_64 ? 8 : 4);

    plan->entry = GPA(entry);
    if (entry >= 4 * GIB) {
        image_error(file, "a guest starts with the first 4 GiB mapped",
                    "found %s with entry 0x%lx, want it below 0x%lx", file->partition->image, entry, 4 * GIB);
        return;
    }
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct image_segment *segment = &plan->segments[i];
        const struct window_config *window =
            window_around(file->partition, (struct range){segment->gpa.value, segment->memory_bytes});

        if (entry - segment->gpa.value < segment->memory_bytes && window->executable)
            return;
    }
    image_error(file, NULL, "found %s with entry 0x%lx, want it inside a segment in an executable window",
                file->partition->image, entry);
}

/* The offset of a valid Multiboot header, or -1. */
static int64_t find_multiboot(const struct file *file) {
    uint64_t end = file->size_bytes < MULTIBOOT_SEARCH ? file->size_bytes : MULTIBOOT_SEARCH;

    for (uint64_t at = 0; at + 12 <= end; at += 4) {
        uint32_t magic = (uint32_t)read(file, at, 4), flags = (uint32_t)read(file, at + 4, 4);

        if (magic == MULTIBOOT_MAGIC && magic + flags + (uint32_t)read(file, at + 8, 4) == 0)
            return (int64_t)at;
    }
    return -1;
}

static enum image_kind find_kind(const struct file *file) {
    if (file->is_64)
        return IMAGE_ELF64;
    int64_t at = find_multiboot(file);

    if (at < 0)
        return IMAGE_ELF32;
    uint32_t unknown = (uint32_t)read(file, (uint64_t)at + 4, 4) & MULTIBOOT_REQUIRED & ~MULTIBOOT_KNOWN;

    if (unknown)
        image_error(file, (unknown & MULTIBOOT_VIDEO) ? "a graphics mode is not available" : NULL,
                    "found %s with required Multiboot flags 0x%x, want none but 0x3", file->partition->image, unknown);
    return IMAGE_MULTIBOOT;
}

void image_plan(struct image_plan *plan, const void *data, uint64_t size_bytes,
                const struct partition_config *partition, struct report *report) {
    struct file file = {data, size_bytes, partition, report, false};

    *plan = (struct image_plan){0};
    if (!check_header(&file) || !read_segments(&file, plan))
        return;
    plan->kind = find_kind(&file);
    check_entry(&file, plan);
}
