/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The check of a whole configuration: see system.h. A step that would trip over an
 * earlier one's errors is left out, as its findings would only repeat them.
 */
#include "partitions/system.h"

#include "hv/lib/format.h"
#include "hv/lib/string.h"

#define NAMES_BYTES 160 /* of the list of modules in a hint */

/* All zero, and an error, when it is not there. */
static struct image_file find_file(const struct system *system, const struct partition_config *partition,
                                   const char *property, const char *name, struct report *report) {
    char hint[NAMES_BYTES]; /* "loaded are: a.elf, b.elf", as far as it fits */

    for (unsigned i = 0; i < system->file_count; i++)
        if (strcmp(system->files[i].name, name) == 0)
            return system->files[i];
    size_t at = format_string(hint, sizeof(hint), system->file_count ? "loaded are:" : "no module is loaded");

    for (unsigned i = 0; i < system->file_count; i++)
        at += format_string(hint + at, sizeof(hint) - at, "%s %s", i ? "," : "", system->files[i].name);
    report_error(report, partition->path, property, hint, "found no file \"%s\", want it loaded as a module", name);
    return (struct image_file){0};
}

void system_plan_image(const struct system *system, const struct partition_config *partition, struct image_plan *plan,
                       struct report *report) {
    struct image_file image = find_file(system, partition, "image", partition->image, report);
    struct image_file modules[CONFIG_MODULES_MAX];

    for (unsigned i = 0; i < partition->module_count; i++)
        modules[i] = find_file(system, partition, "modules", partition->modules[i], report);
    if (image.name)
        image_plan(plan, &image, modules, partition, report);
}

static void check_cpus(const struct system *system, struct report *report) {
    for (unsigned i = 0; system->machine_cpus && i < system->config.cpu_count; i++)
        if (system->config.cpus[i].number >= system->machine_cpus)
            report_error(report, system->config.cpus[i].path, NULL, "give the machine more, in QEMU by -smp",
                         "found it for processor %u, want 0 to %u, as many as the machine has",
                         system->config.cpus[i].number, system->machine_cpus - 1);
}

void system_check(struct system *system, const void *blob, size_t size_bytes, const struct host_memory *host,
                  struct arena *arena, struct report *report) {
    config_parse(&system->config, blob, size_bytes, arena, report);
    if (report->errors)
        return;
    check_cpus(system, report);
    memory_place(&system->config, host, report);
    for (unsigned i = 0; i < system->config.partition_count; i++) {
        struct image_plan plan;

        system_plan_image(system, &system->config.partitions[i], &plan, report);
    }
}
