/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest images: see image.h. ELF: System V ABI, "Object Files"; Multiboot: Multiboot
 * Specification 0.6.96, "OS image format". The classes differ in the size of a word, and where
 * that puts the fields.
 */
#include "partitions/image.h"

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
#define PT_NOTE      4

/* Offsets in the headers, with words of 4 or 8 bytes; what is not given in words is behind the entry and two more. */
#define EHDR_TYPE        16
#define EHDR_MACHINE     18
#define EHDR_ENTRY       24
#define EHDR_TABLE(word) (EHDR_ENTRY + (word))
#define EHDR_PHDR(word)  (EHDR_ENTRY + 3 * (word) + 6) /* size of a program header, then their number */
#define EHDR_BYTES(word) (EHDR_ENTRY + 3 * (word) + 16)
#define PHDR_BYTES(word) ((word) == 8 ? 56 : 32)

/* The note with a kernel's entry point for PVH (Xen: "x86/HVM direct boot ABI"): sizes of name and text, type, name. */
#define PVH_NOTE       18 /* XEN_ELFNOTE_PHYS32_ENTRY */
#define PVH_NAME       "Xen"
#define NOTE_TEXT_SIZE 4
#define NOTE_TYPE      8
#define NOTE_NAME      12

#define MULTIBOOT_MAGIC    0x1badb002U
#define MULTIBOOT_SEARCH   8192
#define MULTIBOOT_VIDEO    (1U << 2)
#define MULTIBOOT_REQUIRED 0xffffU
#define MULTIBOOT_KNOWN    0x0003U /* page-aligned modules, memory information */

/* Offsets in a bzImage (Linux: "The Linux/x86 Boot Protocol"). */
#define BZIMAGE_SECTORS     0x1f1
#define BZIMAGE_MAGIC       0x202
#define BZIMAGE_VERSION     0x206
#define BZIMAGE_ALIGNMENT   0x230
#define BZIMAGE_RELOCATABLE 0x234
#define BZIMAGE_XLOADFLAGS  0x236
#define BZIMAGE_PREFERRED   0x258
#define BZIMAGE_INIT_BYTES  0x260
#define BZIMAGE_HEADER_END  0x268
#define BZIMAGE_VERSION_MIN 0x20c
#define BZIMAGE_64          1U
#define BZIMAGE_ENTRY_64    0x200
#define BZIMAGE_LOW_BYTES   (640 * KIB) /* in which it starts its processors */
#define SECTOR_BYTES        512

struct file {
    const uint8_t *data;
    uint64_t size_bytes;
    const struct partition_config *partition;
    struct report *report;
    unsigned word; /* bytes: 8 in ELF64, 4 in ELF32 */
};

/* Reports an error about the image: a hint or NULL, and the text behind "found NAME". Always false. */
#define image_error(file, hint, format, ...)                                                                           \
    report_error((file)->report, (file)->partition->path, "image", hint, "found %s" format, (file)->partition->image,  \
                 ##__VA_ARGS__)

/* A little-endian number of `size_bytes`; inside the file by an earlier check. */
static uint64_t read(const struct file *file, uint64_t offset, unsigned size_bytes) {
    return load(file->data + offset, size_bytes);
}

gpa_t image_start_area(const struct partition_config *partition) {
    const struct window_config *window = &partition->windows[0];

    return GPA(window->gpa.value + window->size_bytes - START_AREA_BYTES);
}

static bool check_header(struct file *file) {
    if (file->size_bytes < EHDR_BYTES(4) || memcmp(file->data, "\177ELF", 4) != 0)
        return image_error(file, NULL, " that is no kernel, want an ELF file or a bzImage");
    file->word = file->data[4] == ELF_CLASS_64 ? 8 : 4;
    if ((file->word == 4 && file->data[4] != ELF_CLASS_32) || file->data[5] != ELF_LSB)
        return image_error(file, NULL, " with class %u and encoding %u, want class 1 or 2 and encoding 1",
                           file->data[4], file->data[5]);
    if (file->size_bytes < EHDR_BYTES(file->word))
        return image_error(file, "the file is truncated", " with %lu bytes, want at least %u", file->size_bytes,
                           EHDR_BYTES(file->word));
    unsigned type = (unsigned)read(file, EHDR_TYPE, 2), machine = (unsigned)read(file, EHDR_MACHINE, 2);
    unsigned want = file->word == 8 ? ELF_X86_64 : ELF_386;

    if (machine != want)
        image_error(file, NULL, " for machine %u, want %u for ELF%u", machine, want, file->word * 8);
    if (type != ELF_EXEC)
        image_error(file, "link it with -no-pie and -static", " of ELF type %u, want 2 (executable)", type);
    return machine == want && type == ELF_EXEC;
}

/* What a segment may not overlap; NULL when it overlaps nothing. */
static const char *overlapped(const struct file *file, const struct image_plan *plan, struct range range) {
    struct range start = {image_start_area(file->partition).value, START_AREA_BYTES};

    if (range_overlaps(range, start))
        return "the start area";
    if (config_vga(file->partition) && range_overlaps(range, VGA_TEXT_RANGE))
        return "the VGA text page";
    for (unsigned i = 0; i < plan->segment_count; i++)
        if (range_overlaps(range, (struct range){plan->segments[i].gpa.value, plan->segments[i].memory_bytes}))
            return "another segment";
    return NULL;
}

static bool is_in_file(const struct file *file, const struct image_segment *p) {
    return p->file_offset <= file->size_bytes && p->file_bytes <= file->size_bytes - p->file_offset;
}

static bool check_segment(const struct file *file, unsigned number, const struct image_segment *p,
                          const struct image_plan *plan) {
    struct range range = {p->gpa.value, p->memory_bytes};

    if (!is_in_file(file, p))
        return image_error(file, "the file is truncated",
                           " with segment %u at 0x%lx to 0x%lx, want it in a file of 0x%lx bytes", number,
                           p->file_offset, p->file_offset + p->file_bytes, file->size_bytes);
    if (p->file_bytes > p->memory_bytes)
        return image_error(file, NULL, " with segment %u of 0x%lx bytes in 0x%lx of memory, want no more than fit",
                           number, p->file_bytes, p->memory_bytes);
    if (!config_window(file->partition, range))
        return image_error(file, "link it for the window, or enlarge the window",
                           " with segment %u of 0x%lx bytes at 0x%lx, want it inside one memory window", number,
                           p->memory_bytes, p->gpa.value);
    const char *other = overlapped(file, plan, range);

    return !other || image_error(file, NULL, " with segment %u of 0x%lx bytes at 0x%lx, want it apart from %s", number,
                                 p->memory_bytes, p->gpa.value, other);
}

/* The entry point for PVH, if it is among the notes, which are inside the file. */
static void read_notes(const struct file *file, const struct image_segment *notes, struct image_plan *plan) {
    uint64_t text, end = notes->file_offset + notes->file_bytes;

    for (uint64_t at = notes->file_offset; at + NOTE_NAME <= end;
         at = text + align_up(read(file, at + NOTE_TEXT_SIZE, 4), 4)) {
        text = at + NOTE_NAME + align_up(read(file, at, 4), 4);
        if (read(file, at, 4) == sizeof(PVH_NAME) && read(file, at + NOTE_TEXT_SIZE, 4) >= 4 && text + 4 <= end &&
            read(file, at + NOTE_TYPE, 4) == PVH_NOTE &&
            memcmp(file->data + at + NOTE_NAME, PVH_NAME, sizeof(PVH_NAME)) == 0) {
            plan->kind = IMAGE_PVH;
            plan->entry = GPA(read(file, text, 4));
        }
    }
}

/*
 * The program header at `at`, where word 0 is the type, in ELF64 with the flags; word 2 is the virtual address. True
 * when it may go on with the next.
 */
static bool add_segment(const struct file *file, unsigned number, uint64_t at, struct image_plan *plan) {
    uint32_t type = (uint32_t)read(file, at, 4);
    uint64_t word = file->word;
    struct image_segment segment = {.file = file->data,
                                    .file_offset = read(file, at + word, word),
                                    .gpa = GPA(read(file, at + 3 * word, word)),
                                    .file_bytes = read(file, at + 4 * word, word),
                                    .memory_bytes = read(file, at + 5 * word, word)};

    if (type == PT_DYNAMIC || type == PT_INTERP)
        return image_error(file, "link it with -static and -no-pie", " dynamically linked, want a static executable");
    if (type == PT_NOTE && is_in_file(file, &segment))
        read_notes(file, &segment, plan);
    if (type != PT_LOAD || segment.memory_bytes == 0)
        return true;
    if (plan->segment_count == IMAGE_SEGMENTS_MAX)
        return image_error(file, NULL, " with more than %d segments, want fewer", IMAGE_SEGMENTS_MAX);
    if (!check_segment(file, number, &segment, plan))
        return false;
    plan->segments[plan->segment_count++] = segment;
    return true;
}

static bool read_segments(const struct file *file, struct image_plan *plan) {
    unsigned entry_bytes = PHDR_BYTES(file->word);
    uint64_t table = read(file, EHDR_TABLE(file->word), file->word);
    unsigned found_bytes = (unsigned)read(file, EHDR_PHDR(file->word), 2);
    unsigned count = (unsigned)read(file, EHDR_PHDR(file->word) + 2, 2);
    uint64_t table_bytes = (uint64_t)count * entry_bytes;

    if (count == 0 || found_bytes != entry_bytes || table > file->size_bytes || table_bytes > file->size_bytes - table)
        return image_error(file, "the file is truncated or not an executable",
                           " with %u program headers of %u bytes at 0x%lx, want at least one of %u in a "
                           "file of 0x%lx bytes",
                           count, found_bytes, table, entry_bytes, file->size_bytes);
    for (unsigned i = 0; i < count; i++)
        if (!add_segment(file, i, table + (uint64_t)i * entry_bytes, plan))
            return false;
    return true;
}

static bool check_entry(const struct file *file, const struct image_plan *plan) {
    uint64_t entry = plan->entry.value;
    const struct window_config *window = config_window(file->partition, (struct range){entry, 1});
    bool inside = false;

    for (unsigned i = 0; i < plan->segment_count; i++)
        inside |= entry - plan->segments[i].gpa.value < plan->segments[i].memory_bytes;
    if (entry >= 4 * GIB)
        return image_error(file, "a guest starts with the first 4 GiB mapped", " with entry 0x%lx, want it below 0x%lx",
                           entry, 4 * GIB);
    return (inside && window && window->executable) ||
           image_error(file, NULL, " with entry 0x%lx, want it inside a segment in an executable window", entry);
}

/* Multiboot is ELF32 with a valid Multiboot header. */
static enum image_kind find_kind(const struct file *file) {
    uint64_t end = lower(file->size_bytes, MULTIBOOT_SEARCH);

    for (uint64_t at = 0; file->word == 4 && at + 12 <= end; at += 4) {
        uint32_t magic = (uint32_t)read(file, at, 4), flags = (uint32_t)read(file, at + 4, 4);
        uint32_t unknown = flags & MULTIBOOT_REQUIRED & ~MULTIBOOT_KNOWN;

        if (magic != MULTIBOOT_MAGIC || magic + flags + (uint32_t)read(file, at + 8, 4) != 0)
            continue;
        if (unknown)
            image_error(file, (unknown & MULTIBOOT_VIDEO) ? "a graphics mode is not available" : NULL,
                        " with required Multiboot flags 0x%x, want none but 0x3", unknown);
        return IMAGE_MULTIBOOT;
    }
    return file->word == 8 ? IMAGE_ELF64 : IMAGE_ELF32;
}

static bool plan_elf(struct file *file, struct image_plan *plan) {
    if (!check_header(file))
        return false;
    plan->entry = GPA(read(file, EHDR_ENTRY, file->word));
    if (!read_segments(file, plan))
        return false;
    if (plan->kind != IMAGE_PVH)
        plan->kind = find_kind(file);
    return check_entry(file, plan);
}

static bool is_bzimage(const struct file *file) {
    return file->size_bytes >= BZIMAGE_HEADER_END && memcmp(file->data + BZIMAGE_MAGIC, "HdrS", 4) == 0;
}

/* The kernel, which is the first, has to be executable. */
static bool is_free(const struct file *file, const struct image_plan *plan, struct range range) {
    const struct window_config *window = config_window(file->partition, range);

    return window && window->writable && (window->executable || plan->segment_count) && !overlapped(file, plan, range);
}

/*
 * Where it wants to be, or else as low in a window as it can, but no lower than that: there it unpacks to where it
 * wanted to be. False when it fits nowhere, or has no RAM at 0.
 */
static bool place_kernel(const struct file *file, const struct image_plan *plan, struct range *range) {
    const struct partition_config *partition = file->partition;
    uint64_t preferred = range->base;

    for (unsigned i = 0; i < partition->window_count && file->data[BZIMAGE_RELOCATABLE]; i++)
        if (!is_free(file, plan, *range))
            range->base =
                align_up(higher(preferred, partition->windows[i].gpa.value), read(file, BZIMAGE_ALIGNMENT, 4));
    return is_free(file, plan, *range) && config_window(partition, (struct range){0, BZIMAGE_LOW_BYTES});
}

/* One behind the other, each on a page, up to the start area. */
static void plan_modules(const struct file *file, const struct image_file *modules, struct image_plan *plan) {
    uint64_t top = image_start_area(file->partition).value, size_bytes = 0;

    plan->module_count = file->partition->module_count;
    for (unsigned i = 0; i < plan->module_count; i++)
        size_bytes += align_up(modules[i].size_bytes, PAGE_BYTES);
    uint64_t base = top > size_bytes ? top - size_bytes : 0;

    for (unsigned i = 0; i < plan->module_count; i++) {
        struct range range = {base, modules[i].size_bytes};

        if (range.size_bytes && !is_free(file, plan, range))
            report_error(file->report, file->partition->path, "modules", "enlarge the first window",
                         "found %s with 0x%lx bytes, want them between the kernel and the window's end",
                         modules[i].name, range.size_bytes);
        plan->segments[plan->segment_count++] =
            (struct image_segment){modules[i].data, 0, range.size_bytes, GPA(base), range.size_bytes};
        base += align_up(range.size_bytes, PAGE_BYTES);
    }
}

static bool plan_bzimage(const struct file *file, struct image_plan *plan) {
    uint64_t offset = SECTOR_BYTES * (1UL + (file->data[BZIMAGE_SECTORS] ? file->data[BZIMAGE_SECTORS] : 4));
    unsigned version = (unsigned)read(file, BZIMAGE_VERSION, 2);
    struct range range = {read(file, BZIMAGE_PREFERRED, 8),
                          higher(read(file, BZIMAGE_INIT_BYTES, 4), file->size_bytes - offset)};

    plan->kind = IMAGE_BZIMAGE;
    if (version < BZIMAGE_VERSION_MIN || !(read(file, BZIMAGE_XLOADFLAGS, 2) & BZIMAGE_64) ||
        offset + BZIMAGE_ENTRY_64 >= file->size_bytes)
        return image_error(file, NULL,
                           " with boot protocol 0x%x and %lu bytes, want a 64-bit kernel with 0x%x or later", version,
                           file->size_bytes, BZIMAGE_VERSION_MIN);
    if (!place_kernel(file, plan, &range))
        return image_error(file, "enlarge the window",
                           ", which needs 0x%lx bytes at 0x%lx and 0x%lx at 0, want windows with both",
                           range.size_bytes, range.base, BZIMAGE_LOW_BYTES);
    plan->entry = GPA(range.base + BZIMAGE_ENTRY_64);
    plan->segments[plan->segment_count++] =
        (struct image_segment){file->data, offset, file->size_bytes - offset, GPA(range.base), range.size_bytes};
    return true;
}

void image_plan(struct image_plan *plan, const struct image_file *image, const struct image_file *modules,
                const struct partition_config *partition, struct report *report) {
    struct file file = {image->data, image->size_bytes, partition, report, 0};

    *plan = (struct image_plan){0};
    if (!(is_bzimage(&file) ? plan_bzimage(&file, plan) : plan_elf(&file, plan)))
        return;
    if (plan->kind == IMAGE_ELF64 || plan->kind == IMAGE_ELF32) {
        if (partition->module_count)
            report_error(report, partition->path, "modules", NULL,
                         "found them beside %s, want them beside a Multiboot, PVH or Linux kernel", image->name);
    } else
        plan_modules(&file, modules, plan);
}
