/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving the modules: see multiboot.h. Where they lie afterwards depends on their sizes alone.
 */
#include "boot/multiboot.h"

#include "hv/lib/string.h"

uint64_t modules_bytes(const struct boot_info *boot) {
    uint64_t size_bytes = 0;

    for (unsigned i = 0; i < boot->module_count; i++)
        size_bytes += align_up(boot->modules[i].size_bytes, PAGE_BYTES);
    return size_bytes;
}

/*
 * The module to move next: the highest below the block's end, so that it goes up and covers only what has been
 * moved. What lies above the block is in nobody's way and comes last.
 */
static struct image_file *next_to_move(struct boot_info *boot, uint64_t block_end, const bool *moved) {
    struct image_file *next = NULL;
    uint64_t highest = 0;

    for (unsigned i = 0; i < boot->module_count; i++) {
        struct image_file *module = &boot->modules[i];
        uint64_t base = (uintptr_t)module->data < block_end ? (uintptr_t)module->data : 0;

        if (!moved[i] && (!next || base > highest)) {
            next = module;
            highest = base;
        }
    }
    return next;
}

void modules_move(struct boot_info *boot, struct range block) {
    uint64_t block_end = range_end(block);
    uint64_t top = block_end;
    bool moved[BOOT_MODULES_MAX] = {false};
    struct image_file *module;

    while ((module = next_to_move(boot, block_end, moved))) {
        top -= align_up(module->size_bytes, PAGE_BYTES);
        module->data = memmove((void *)top, module->data, module->size_bytes);
        moved[module - boot->modules] = true;
    }
}
