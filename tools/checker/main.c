/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shikiri-check: tells on the developer's machine what the hypervisor would say of a
 * system, with file and line. The checks are the hypervisor's own (partitions/), in
 * the order in which it makes them (boot/main.c).
 */
#include <string.h>

#include "partitions/certificate.h"
#include "tools/checker/checked.h"
#include "tools/checker/images.h"
#include "tools/checker/options.h"
#include "tools/checker/tool.h"

static uint64_t whole_pages(uint64_t size_bytes) {
    return align_up(size_bytes, PAGE_BYTES);
}

/* The steps of boot/start.c, one after the other, until one fails. */
static void check_system(struct checked *checked, const struct source *source, const struct images *images,
                         const struct options *options, struct report *report) {
    struct layout *layout = &checked->layout;
    uint64_t module_bytes = whole_pages(source->size_bytes);

    for (size_t i = 0; i < images->count; i++)
        module_bytes += whole_pages(images->files[i].size_bytes);
    layout_init(layout, checked->board->ram, checked->board->ram_count);
    if (!layout_place_modules(layout, module_bytes, report) ||
        !layout_place_arena(layout, source->blob, source->size_bytes, report))
        return;
    uint8_t *memory = tool_alloc(layout->arena.size_bytes);
    struct arena arena = {.next = memory, .end = memory + layout->arena.size_bytes};

    checked->system.files = images->files;
    checked->system.file_count = (unsigned)images->count;
    checked->system.machine_cpus = checked->board->processors;
    if (!options->no_images) {
        system_check(&checked->system, source->blob, source->size_bytes, &layout->host, &arena, report);
        return;
    }
    config_parse(&checked->system.config, source->blob, source->size_bytes, &arena, report);
    if (report->errors == 0)
        memory_place(&checked->system.config, &layout->host, report);
}

/* Ends the program when an output would replace an input. */
static void check_output(const char *output, const char *other, const struct checked *checked,
                         const struct source *source, const struct images *images) {
    if (!output)
        return;
    const char *same = tool_is_same_file(output, source->path)                  ? source->path
                       : tool_is_same_file(output, checked->board->source.path) ? checked->board->source.path
                                                                                : NULL;

    for (size_t i = 0; i < images->count; i++)
        same = tool_is_same_file(output, images->paths[i]) ? images->paths[i] : same;
    for (size_t i = 0; i < source->entry_count; i++)
        same = tool_is_same_file(output, source->entries[i].place.file) ? source->entries[i].place.file : same;
    if (same)
        tool_fail("%s: found it among what is read, want another file to write", same);
    if (other && strcmp(output, other) == 0)
        tool_fail("%s: found it for both outputs, want two files", output);
}

/* Writes a file by `show`; one that cannot be written ends the program. */
static void write_file(const struct checked *checked, const char *path, checked_show_fn *show) {
    bool is_standard = strcmp(path, "-") == 0;
    FILE *file = is_standard ? stdout : fopen(path, "w");

    if (!file)
        tool_fail("%s: found no way to write it, want the path of a file", path);
    show(checked, file);
    if ((is_standard ? fflush(file) : fclose(file)) != 0)
        tool_fail("%s: found no room to write it", path);
}

static void show_certificate(const struct checked *checked, FILE *to) {
    struct certificate certificate = certificate_of_config(&checked->system.config);
    char line[CERTIFICATE_LINE_MAX];

    while (certificate_next(&certificate, line))
        fprintf(to, "%s\n", line);
}

/* "2 errors, 1 warning" */
static void print_count(const struct problems *problems) {
    unsigned errors = problems->report.errors, warnings = problems->warnings;

    if (errors)
        fprintf(stderr, "%u error%s", errors, errors == 1 ? "" : "s");
    if (warnings)
        fprintf(stderr, "%s%u warning%s", errors ? ", " : "", warnings, warnings == 1 ? "" : "s");
    if (errors || warnings)
        fputc('\n', stderr);
}

/* All that is wrong, and then all that is odd. */
static void check(struct checked *checked, const struct options *options, struct problems *problems,
                  const struct source *source, struct images *images) {
    problems_look_at(problems, source);
    if (problems->report.errors)
        return;
    images_read(images, options, source);
    problems->searched = images->searched;
    check_system(checked, source, images, options, &problems->report);
    if (problems->report.errors == 0 && !options->no_images)
        images_check_others(images, &checked->system.config, problems);
    if (problems->report.errors == 0)
        checked_warn(checked, problems);
}

static void print_problems(const struct problems *problems) {
    problems_print(problems, stderr);
    print_count(problems);
}

/* Where windows lie depends on the sizes of the images, so without them there is no certificate. */
static void show(const struct checked *checked, const struct options *options, const char *hash) {
    bool is_free = !options->json && !(options->svg && strcmp(options->svg, "-") == 0) &&
                   !(options->certificate && strcmp(options->certificate, "-") == 0);

    if (is_free && !options->quiet) {
        checked_print(checked, stdout);
        printf("\n%s%s\n", hash ? "certificate " : "without images: places and certificate depend on their sizes",
               hash ? hash : "");
    }
    if (options->svg)
        write_file(checked, options->svg, checked_draw);
    if (options->certificate)
        write_file(checked, options->certificate, show_certificate);
}

int main(int argc, char **argv) {
    struct options options;
    struct source source;
    struct board board;
    struct problems problems;
    struct images images = {0};
    struct checked checked = {.board = &board};
    char hash[SHA256_HEX_DIGITS + 1];

    options_read(&options, argc, argv);
    problems_init(&problems, options.ignored);
    board_read(&board, options.board, &problems);
    source_read(&source, options.system);
    check(&checked, &options, &problems, &source, &images);
    bool is_clean = problems.report.errors == 0, is_certified = is_clean && !options.no_images;

    if (is_certified)
        certificate_hash(certificate_of_config(&checked.system.config), hash);
    check_output(options.svg, options.certificate, &checked, &source, &images);
    check_output(options.certificate, options.svg, &checked, &source, &images);
    if (options.json)
        checked_print_json(&checked, &problems, is_certified ? hash : NULL, stdout);
    else
        print_problems(&problems);
    if (!is_clean)
        return EXIT_PROBLEMS;
    show(&checked, &options, is_certified ? hash : NULL);
    return EXIT_CLEAN;
}
