/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Warnings: what the hypervisor takes, but hardly anybody means.
 */
#include <ctype.h>
#include <string.h>

#include "partitions/certificate.h"
#include "tools/checker/checked.h"

static void warn_unused_ram(const struct checked *checked, struct problems *problems) {
    uint64_t free_bytes = 0, all_bytes = 0;
    struct piece *pieces;
    unsigned count = checked_pieces(checked, &pieces);

    for (unsigned i = 0; i < count; i++) {
        all_bytes += pieces[i].range.size_bytes;
        free_bytes += pieces[i].partition == PIECE_FREE ? pieces[i].range.size_bytes : 0;
    }
    if (free_bytes > all_bytes / 2)
        problems_warn(problems, "unused-ram", "machine", NULL, "enlarge windows, or give the machine less memory",
                      "found %lu of %lu MiB of RAM that no partition has, want less than half of it", free_bytes / MIB,
                      all_bytes / MIB);
}

/* Characters that a reader of a terminal takes for each other. */
static char fold(char c) {
    c = (char)tolower((unsigned char)c);
    if (c == '0')
        return 'o';
    return c == '1' || c == 'i' ? 'l' : c == '_' ? '-' : c;
}

static bool look_alike(const char *a, const char *b) {
    for (; *a != '\0' && fold(*a) == fold(*b); a++, b++)
        ;
    return *a == '\0' && *b == '\0';
}

static void warn_labels(const struct checked *checked, struct problems *problems) {
    const struct config *config = &checked->system.config;

    for (unsigned i = 1; i < config->partition_count; i++)
        for (unsigned j = 0; j < i; j++)
            if (look_alike(config->partitions[i].label, config->partitions[j].label))
                problems_warn(problems, "similar-labels", config->partitions[i].path, "label",
                              "lines on COM1 are told apart by labels alone",
                              "found \"%s\", want one that does not look like \"%s\" of %s",
                              config->partitions[i].label, config->partitions[j].label, config->partitions[j].path);
}

static void warn_absent_uarts(const struct checked *checked, struct problems *problems) {
    const struct config *config = &checked->system.config;

    for (unsigned i = 0; i < config->partition_count; i++) {
        for (unsigned j = 0; j < config->partitions[i].device_count; j++) {
            const struct device_config *device = &config->partitions[i].devices[j];

            if (device->kind == DEVICE_UART && !board_has_uart(checked->board, device->port))
                problems_warn(problems, "absent-uart", device->path, "reg", "what the guest writes there is lost",
                              "found port 0x%x, want a UART that %s has", device->port, checked->board->model);
        }
    }
}

static bool uses(const struct partition_config *partition, const char *name) {
    bool used = strcmp(partition->image, name) == 0;

    for (unsigned i = 0; i < partition->module_count; i++)
        used |= strcmp(partition->modules[i], name) == 0;
    return used;
}

static void warn_unused_images(const struct checked *checked, struct problems *problems) {
    const struct config *config = &checked->system.config;

    for (unsigned i = 0; i < checked->system.file_count; i++) {
        const struct image_file *file = &checked->system.files[i];
        bool used = certificate_is_text(file->data, file->size_bytes);

        for (unsigned j = 0; j < config->partition_count; j++)
            used |= uses(&config->partitions[j], file->name);
        if (!used)
            problems_warn(problems, "unused-image", file->name, NULL, NULL,
                          "found an image that no partition names, want it in use or left away");
    }
}

/* What is about the whole system comes last. */
void checked_warn(const struct checked *checked, struct problems *problems) {
    checked_warn_time(checked, problems);
    warn_labels(checked, problems);
    warn_absent_uarts(checked, problems);
    warn_unused_images(checked, problems);
    warn_unused_ram(checked, problems);
}
