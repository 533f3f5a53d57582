/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader tells, in one form for Multiboot 1 and 2. Pure: a description
 * in memory comes in, plain structs come out. modules.c moves the modules to where nobody else is.
 */
#pragma once

#include "hv/lib/range.h"
#include "partitions/image.h"

#define MULTIBOOT1_LOADER_MAGIC 0x2badb002U
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289U

#define BOOT_MODULES_MAX 96
#define BOOT_RANGES_MAX  64

#define BOOT_NAME_MAX 64

struct boot_info {
    const char *command_line; /* the only thing that still lies where the loader has put it */
    struct image_file modules[BOOT_MODULES_MAX];
    unsigned module_count;                       /* only BOOT_MODULES_MAX of them fit */
    char names[BOOT_MODULES_MAX][BOOT_NAME_MAX]; /* last path component of the first word: "bin/a.elf x" is a.elf */
    struct range ram[BOOT_RANGES_MAX];           /* sorted, disjoint, whole pages, above 1 MiB */
    unsigned ram_count;
};

/* Reads the description at `info` that goes with the loader's `magic`; false when that is no Multiboot loader's. */
bool multiboot_read(struct boot_info *boot, uint32_t magic, const void *info);

/* What all modules take when each begins a page. */
uint64_t modules_bytes(const struct boot_info *boot);

/*
 * Moves the modules into `block`, which has modules_bytes(), and changes where they are. They begin
 * pages and do not overlap; the block may overlap them when it ends a piece of RAM.
 */
void modules_move(struct boot_info *boot, struct range block);
