/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images and certificates: see images.h.
 */
#include "tools/checker/images.h"

#include <string.h>

#include "partitions/certificate.h"
#include "tools/checker/tool.h"

static bool has(const struct images *images, const char *name) {
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->files[i].name, name) == 0)
            return true;
    return false;
}

static bool add(struct images *images, const char *path) {
    size_t size_bytes;
    void *data = tool_read_file(path, &size_bytes);

    if (!data)
        return false;
    *TOOL_APPEND(images->paths, images->path_count) = path;
    *TOOL_APPEND(images->files, images->count) = (struct image_file){tool_name(path), data, size_bytes};
    return true;
}

static void ignore(struct report *report, const struct finding *finding) {
    (void)report;
    (void)finding;
}

static void find(struct images *images, const struct options *options, const struct source *source, const char *name) {
    if (has(images, name) || add(images, tool_text("%s/%s", tool_directory(source->path), name)))
        return;
    for (const char *const *directory = options->directories; *directory; directory++)
        if (add(images, tool_text("%s/%s", *directory, name)))
            return;
}

void images_read(struct images *images, const struct options *options, const struct source *source) {
    size_t room = 64 * source->size_bytes + MIB;
    uint8_t *memory = tool_alloc(room);
    struct arena arena = {.next = memory, .end = memory + room};
    struct report report = {.emit = ignore};
    struct config config;

    *images = (struct images){.searched = tool_directory(source->path)};
    for (const char *const *path = options->images; *path; path++)
        if (!add(images, *path))
            tool_fail("%s: found %s, want an image", *path, tool_missing(*path));
    for (const char *const *directory = options->directories; *directory; directory++)
        images->searched = tool_text("%s, %s", images->searched, *directory);
    if (options->no_images)
        return;
    config_parse(&config, source->blob, source->size_bytes, &arena, &report);
    for (unsigned i = 0; i < config.partition_count && report.errors == 0; i++) {
        find(images, options, source, config.partitions[i].image);
        for (unsigned j = 0; j < config.partitions[i].module_count; j++)
            find(images, options, source, config.partitions[i].modules[j]);
    }
}

/* In the hypervisor's words (boot/certify.c), at the line of the certificate. */
static void check_certificate(const struct image_file *file, const char *path, const struct config *config,
                              struct problems *problems) {
    struct certificate_difference difference;

    if (certificate_compare(certificate_of_config(config), certificate_of_text(file->data, file->size_bytes),
                            &difference))
        return;
    problems_error_at(problems, (struct place){path, difference.line, 0}, "certificate",
                      "found %s, want %s, as line %u of module %s says", difference.found, difference.want,
                      difference.line, file->name);
}

void images_check_others(const struct images *images, const struct config *config, struct problems *problems) {
    for (size_t i = 0; i < images->count; i++) {
        const struct image_file *file = &images->files[i];

        if (certificate_is_text(file->data, file->size_bytes))
            check_certificate(file, images->paths[i], config, problems);
        else if (source_is_blob(file->data, file->size_bytes))
            problems_error_at(problems, (struct place){images->paths[i], 0, 0}, "",
                              "found two modules that are device trees, want one");
    }
}
