/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was found, for programs: one JSON object, whose fields docs/checking.md lists.
 */
#include "tools/checker/checked.h"

static void print_string(const char *text, FILE *to) {
    if (!text) {
        fputs("null", to);
        return;
    }
    fputc('"', to);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(to, "\\%c", *c);
        else if (*c < ' ' || *c > '~')
            fprintf(to, "\\u%04x", (unsigned char)*c);
        else
            fputc(*c, to);
    }
    fputc('"', to);
}

static void print_field(const char *name, const char *text, FILE *to) {
    fprintf(to, ", \"%s\": ", name);
    print_string(text, to);
}

/* Between the elements of an array. */
static const char *comma(size_t i) {
    return i > 0 ? ", " : "";
}

static void print_problems(const struct problems *problems, FILE *to) {
    fputs(", \"problems\": [", to);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];

        fprintf(to, "%s\n  {\"severity\": \"%s\", \"line\": %u, \"column\": %u", i ? "," : "",
                problem->warning ? "warning" : "error", problem->place.line, problem->place.column);
        print_field("file", problem->place.file, to);
        print_field("path", problem->path, to);
        print_field("property", problem->property, to);
        print_field("message", problem->text, to);
        print_field("hint", problem->hint, to);
        print_field("note", problem->note, to);
        print_field("warning", problem->warning, to);
        fputc('}', to);
    }
    fputs(problems->count ? "\n]" : "]", to);
}

static void print_partition(const struct config *config, unsigned number, FILE *to) {
    fprintf(to, "%s\n   {\"number\": %u", number ? "," : "", number);
    print_field("label", config->partitions[number].label, to);
    print_field("image", config->partitions[number].image, to);
    fputc('}', to);
}

static void print_slot(const struct slot_config *slot, FILE *to) {
    fprintf(to, "{\"partition\": %u, \"offset_us\": %u, \"duration_us\": %u, \"pad_us\": %u, \"background\": ",
            slot->partition, slot->offset_us, slot->duration_us, slot->pad_us);
    if (slot->background == CONFIG_NONE)
        fputs("null}", to);
    else
        fprintf(to, "%u}", slot->background);
}

static void print_plan(const struct plan_config *plan, FILE *to) {
    fputs("\n    [", to);
    for (unsigned i = 0; i < plan->slot_count; i++) {
        fputs(comma(i), to);
        print_slot(&plan->slots[i], to);
    }
    fputc(']', to);
}

static void print_processor(const struct cpu_config *cpu, FILE *to) {
    fprintf(to, "\n   {\"number\": %u, \"partitions\": [", cpu->number);
    for (unsigned i = 0; i < cpu->member_count; i++)
        fprintf(to, "%s%u", comma(i), cpu->members[i]);
    if (!cpu->is_cyclic) {
        fprintf(to, "], \"slot_us\": %u}", cpu->slot_us);
        return;
    }
    fprintf(to, "], \"frame_us\": %u, \"plans\": [", cpu->frame_us);
    for (unsigned i = 0; i < cpu->plan_count; i++) {
        fputs(i ? "," : "", to);
        print_plan(&cpu->plans[i], to);
    }
    fputs("]}", to);
}

static void print_system(const struct config *config, FILE *to) {
    fputs(", \"system\": {\"model\": ", to);
    print_string(config->model, to);
    fputs(",\n  \"partitions\": [", to);
    for (unsigned i = 0; i < config->partition_count; i++)
        print_partition(config, i, to);
    fputs("],\n  \"processors\": [", to);
    for (unsigned i = 0; i < config->cpu_count; i++) {
        fputs(i ? "," : "", to);
        print_processor(&config->cpus[i], to);
    }
    fputs("]}", to);
}

void checked_print_json(const struct checked *checked, const struct problems *problems, const char *certificate,
                        FILE *to) {
    fprintf(to, "{\"errors\": %u, \"warnings\": %u", problems->report.errors, problems->warnings);
    print_field("certificate", certificate, to);
    print_problems(problems, to);
    if (problems->report.errors == 0)
        print_system(&checked->system.config, to);
    else
        fputs(", \"system\": null", to);
    fputs("}\n", to);
}
