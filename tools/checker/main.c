/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shikiri-check: tells on the developer's machine what the hypervisor would say of a
 * system, with file and line. The checks are the hypervisor's own (partitions/), in
 * the order in which it makes them (boot/main.c).
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "partitions/certificate.h"
#include "tools/checker/checked.h"
#include "tools/checker/tool.h"

#define WARNINGS  "unused-ram, short-slot, similar-labels, absent-uart, unused-image"
#define NAMES_MAX 64

struct options {
    const char *board;
    const char *directories[NAMES_MAX];
    unsigned directory_count;
    const char *ignored[NAMES_MAX];
    unsigned ignored_count;
    const char *certificate;
    const char *svg;
    bool json, quiet, no_images;
};

static const char usage[] = "usage: shikiri-check [OPTION...] SYSTEM.dts|SYSTEM.dtb [IMAGE...]\n"
                            "Checks a system by the hypervisor's own rules and shows it.\n"
                            "\n"
                            "  IMAGE...            the images; without any they are looked for beside the system,\n"
                            "                      in each DIRECTORY, and among the example guests\n"
                            "  --images DIRECTORY  may be given several times\n"
                            "  --no-images         do not look at images\n"
                            "  --board BOARD.dts   the machine (default: dts/boards/qemu-pc.dts)\n"
                            "  --certificate FILE  write who can reach what, a text whose sha256sum names it\n"
                            "  --svg FILE          draw memory and schedule\n"
                            "  --json              print the problems as JSON\n"
                            "  --ignore WARNING    do not give a warning: " WARNINGS "\n"
                            "  --quiet             print problems only\n"
                            "  --help              this text\n"
                            "\n"
                            "Exit status: 0 no errors, 1 errors, 2 it could not be checked.\n";

static void add_name(const char **names, unsigned *count, const char *name) {
    if (*count == NAMES_MAX - 1)
        tool_fail("found more than %d of one option, want fewer", NAMES_MAX - 1);
    names[(*count)++] = name;
}

/* The program lies in build/ of the source tree, with whose board and guests it comes. */
static const char *beside(const char *program, const char *name) {
    return tool_text("%s/%s", tool_directory(program), name);
}

static void read_options(struct options *options, int argc, char **argv) {
    enum { IMAGES = 1, NO_IMAGES, BOARD, CERTIFICATE, SVG, JSON, IGNORE, QUIET, HELP };
    static const struct option names[] = {
        {"images", required_argument, NULL, IMAGES}, {"no-images", no_argument, NULL, NO_IMAGES},
        {"board", required_argument, NULL, BOARD},   {"certificate", required_argument, NULL, CERTIFICATE},
        {"svg", required_argument, NULL, SVG},       {"json", no_argument, NULL, JSON},
        {"ignore", required_argument, NULL, IGNORE}, {"quiet", no_argument, NULL, QUIET},
        {"help", no_argument, NULL, HELP},           {0},
    };

    *options = (struct options){.board = beside(argv[0], "../dts/boards/qemu-pc.dts")};
    for (int option; (option = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        switch (option) {
        case IMAGES:
            add_name(options->directories, &options->directory_count, optarg);
            break;
        case NO_IMAGES:
            options->no_images = true;
            break;
        case BOARD:
            options->board = optarg;
            break;
        case CERTIFICATE:
            options->certificate = optarg;
            break;
        case SVG:
            options->svg = optarg;
            break;
        case JSON:
            options->json = true;
            break;
        case IGNORE:
            if (!strstr(", " WARNINGS ",", tool_text(", %s,", optarg)))
                tool_fail("--ignore: found \"%s\", want one of %s", optarg, WARNINGS);
            add_name(options->ignored, &options->ignored_count, optarg);
            break;
        case QUIET:
            options->quiet = true;
            break;
        case HELP:
        case 'h':
            fputs(usage, stdout);
            exit(EXIT_CLEAN);
        default:
            tool_fail("want --help, or options that it knows");
        }
    }
    add_name(options->directories, &options->directory_count, beside(argv[0], "guests"));
    if (optind == argc)
        tool_fail("found no system, want a .dts or .dtb; --help shows the use");
}

struct images {
    struct image_file *files;
    size_t count;
};

static bool has_image(const struct images *images, const char *name) {
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->files[i].name, name) == 0)
            return true;
    return false;
}

static bool add_image(struct images *images, const char *path) {
    size_t size_bytes;
    void *data = tool_read_file(path, &size_bytes);

    if (!data)
        return false;
    struct image_file *file = TOOL_APPEND(images->files, images->count);

    *file = (struct image_file){tool_name(path), data, size_bytes};
    return true;
}

static void ignore(struct report *report, const struct finding *finding) {
    (void)report;
    (void)finding;
}

/* Those that the partitions name and that are to be found; the check says which are missing. */
static void find_images(struct images *images, const struct source *source, const struct options *options) {
    size_t room = 64 * source->size_bytes + MIB;
    uint8_t *memory = tool_alloc(room);
    struct report report = {.emit = ignore};
    struct config config;

    config_parse(&config, source->blob, source->size_bytes, &(struct arena){.next = memory, .end = memory + room},
                 &report);
    for (unsigned i = 0; i < config.partition_count && report.errors == 0; i++) {
        const char *name = config.partitions[i].image;

        if (has_image(images, name) || strchr(name, '/') ||
            add_image(images, tool_text("%s/%s", tool_directory(source->path), name)))
            continue;
        for (unsigned j = 0; j < options->directory_count; j++)
            if (add_image(images, tool_text("%s/%s", options->directories[j], name)))
                break;
    }
}

static uint64_t whole_pages(uint64_t size_bytes) {
    return align_up(size_bytes, PAGE_BYTES);
}

/* The steps of boot/start.c, one after the other, until one fails. */
static void check(struct checked *checked, const struct source *source, const struct images *images,
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
    if (options->no_images)
        system_check_memory(&checked->system, source->blob, source->size_bytes, &layout->host, &arena, report);
    else
        system_check(&checked->system, source->blob, source->size_bytes, &layout->host, &arena, report);
}

/* Writes a file by `show`; a file that cannot be written ends the program. */
static void write_file(const struct checked *checked, const char *path, checked_show_fn *show) {
    FILE *file = fopen(path, "w");

    if (!file)
        tool_fail("%s: found no way to write it, want the path of a file", path);
    show(checked, file);
    if (fclose(file) != 0)
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

int main(int argc, char **argv) {
    struct options options;
    struct source source;
    struct board board;
    struct problems problems;
    struct images images = {0};
    struct checked checked = {.board = &board};

    read_options(&options, argc, argv);
    board_read(&board, options.board);
    source_read(&source, argv[optind]);
    problems_init(&problems, &source, options.ignored);
    for (int i = optind + 1; i < argc; i++)
        if (!add_image(&images, argv[i]))
            tool_fail("%s: found no file that can be read, want an image", argv[i]);
    if (source.said) {
        problems_add_syntax(&problems);
    } else {
        if (images.count == 0 && !options.no_images)
            find_images(&images, &source, &options);
        check(&checked, &source, &images, &options, &problems.report);
    }
    bool clean = problems.report.errors == 0;
    char hash[SHA256_HEX_DIGITS + 1] = "";

    if (clean) {
        checked_warn(&checked, &problems);
        certificate_hash(certificate_of_config(&checked.system.config), hash);
    }
    if (options.json) {
        problems_print_json(&problems, clean ? hash : NULL, stdout);
    } else {
        problems_print(&problems, stderr);
        print_count(&problems);
    }
    if (!clean)
        return EXIT_PROBLEMS;
    if (!options.json && !options.quiet) {
        checked_print(&checked, stdout);
        printf("\ncertificate %s\n", hash);
    }
    if (options.svg)
        write_file(&checked, options.svg, checked_draw);
    if (options.certificate)
        write_file(&checked, options.certificate, show_certificate);
    return EXIT_CLEAN;
}
