/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: see options.h.
 */
#include "tools/checker/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/checker/tool.h"

#define WARNINGS                                                                                                       \
    "short-slot, long-wait, long-pad, no-slot, unreachable-plan, similar-labels, absent-uart, unused-image, "          \
    "unused-ram"

static const char usage[] =
    "usage: shikiri-check [OPTION...] SYSTEM.dts|SYSTEM.dtb [IMAGE...]\n"
    "Checks a system by the hypervisor's own rules and shows it.\n"
    "\n"
    "  IMAGE...            images, and certificates to compare with; what else partitions name\n"
    "                      is looked for beside the system, in each DIRECTORY, and among\n"
    "                      the example guests\n"
    "  --images DIRECTORY  may be given several times\n"
    "  --no-images         do not look at images\n"
    "  --board BOARD.dts   the machine (default: dts/boards/qemu-pc.dts)\n"
    "  --certificate FILE  write who can reach what, a text whose sha256sum names it\n"
    "  --svg FILE          draw memory and schedule; FILE may be - for standard output\n"
    "  --json              print problems and system as JSON\n"
    "  --ignore WARNING    do not give a warning, one of " WARNINGS "\n"
    "  --quiet             print problems only, and of warnings not unused-ram\n"
    "  --help              this text\n"
    "\n"
    "Exit status: 0 no errors, 1 errors, 2 it could not be checked. docs/checking.md has more.\n";

enum option_code { IMAGES = 1, NO_IMAGES, BOARD, CERTIFICATE, SVG, JSON, IGNORE, QUIET, HELP };

static const struct option names[] = {
    {"images", required_argument, NULL, IMAGES}, {"no-images", no_argument, NULL, NO_IMAGES},
    {"board", required_argument, NULL, BOARD},   {"certificate", required_argument, NULL, CERTIFICATE},
    {"svg", required_argument, NULL, SVG},       {"json", no_argument, NULL, JSON},
    {"ignore", required_argument, NULL, IGNORE}, {"quiet", no_argument, NULL, QUIET},
    {"help", no_argument, NULL, HELP},           {0},
};

static void add_name(const char **list, const char *name) {
    unsigned count = 0;

    while (list[count])
        count++;
    if (count == OPTIONS_NAMES_MAX - 1)
        tool_fail("found more than %d of one option, want fewer", OPTIONS_NAMES_MAX - 1);
    list[count] = name;
}

/* The program lies in build/ of the source tree, with whose board and guests it comes. */
static const char *beside(const char *program, const char *name) {
    return tool_text("%s/%s", tool_directory(program), name);
}

static void read_ignored(struct options *options, const char *name) {
    if (!strstr(", " WARNINGS ",", tool_text(", %s,", name)))
        tool_fail("--ignore: found \"%s\", want one of %s", name, WARNINGS);
    add_name(options->ignored, name);
}

static void read_directory(struct options *options, const char *path) {
    if (!tool_is_directory(path))
        tool_fail("--images: found %s, want a directory that is there", path);
    add_name(options->directories, path);
}

static void read_option(struct options *options, int code, const char *word) {
    switch (code) {
    case IMAGES:
        read_directory(options, optarg);
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
        read_ignored(options, optarg);
        break;
    case QUIET:
        options->quiet = true;
        add_name(options->ignored, "unused-ram");
        break;
    case HELP:
        fputs(usage, stdout);
        exit(EXIT_CLEAN);
    case ':':
        tool_fail("%s: found nothing behind it, want a value; --help shows the use", word);
    default:
        tool_fail("found %s, want an option that --help shows", word);
    }
}

static bool is_output(const char *path) {
    return path && strcmp(path, "-") == 0;
}

static void check_combination(const struct options *options) {
    if (options->json + is_output(options->svg) + is_output(options->certificate) > 1)
        tool_fail("found more than one of --json, --svg - and --certificate -, want one thing on standard output");
    if (options->certificate && options->no_images)
        tool_fail("found --certificate with --no-images, want the images: where windows lie depends on their sizes");
}

void options_read(struct options *options, int argc, char **argv) {
    *options = (struct options){.board = beside(argv[0], "../dts/boards/qemu-pc.dts")};
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", names, NULL)) != -1;)
        read_option(options, code, argv[optind - 1]);
    if (optind == argc)
        tool_fail("found no system, want a .dts or .dtb; --help shows the use");
    check_combination(options);
    add_name(options->directories, beside(argv[0], "guests"));
    options->system = argv[optind];
    options->images = (const char *const *)&argv[optind + 1];
}
