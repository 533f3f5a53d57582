/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has which part of the time: see checked.h.
 */
#include "tools/checker/checked.h"

static double share_of_plan(const struct cpu_config *cpu, const struct plan_config *plan, unsigned partition) {
    uint64_t us = 0;

    for (unsigned i = 0; i < plan->slot_count; i++)
        us += plan->slots[i].partition == partition ? plan->slots[i].duration_us : 0;
    return (double)us / cpu->frame_us;
}

double checked_share(const struct cpu_config *cpu, unsigned partition) {
    return cpu->is_cyclic ? share_of_plan(cpu, &cpu->plans[0], partition) : 1.0 / cpu->member_count;
}

/* Of each member of the processor, "label 30.0 %", or what stands for it where time is taken in turn. */
static void print_members(const struct config *config, const struct cpu_config *cpu, const struct plan_config *plan,
                          FILE *to) {
    for (unsigned i = 0; i < cpu->member_count; i++) {
        fprintf(to, "%s%s", i ? ", " : "", checked_vcpu(&config->partitions[cpu->members[i]], cpu));
        if (plan)
            fprintf(to, " %.1f %%", 100 * share_of_plan(cpu, plan, cpu->members[i]));
    }
    fputc('\n', to);
}

static void print_plan(const struct config *config, const struct cpu_config *cpu, unsigned number, FILE *to) {
    double used = 0;

    for (unsigned i = 0; i < cpu->member_count; i++)
        used += share_of_plan(cpu, &cpu->plans[number], cpu->members[i]);
    fprintf(to, "  %9u  %4u  %5.1f %%  frames of %u us: ", cpu->number, number, 100 * used, cpu->frame_us);
    print_members(config, cpu, &cpu->plans[number], to);
}

void checked_print_shares(const struct config *config, FILE *to) {
    if (config->cpu_count == 1 && !config->cpus[0].is_cyclic)
        return;
    fprintf(to, "\n  processor  plan     used  by whom\n");
    for (unsigned i = 0; i < config->cpu_count; i++) {
        const struct cpu_config *cpu = &config->cpus[i];

        for (unsigned j = 0; j < cpu->plan_count; j++)
            print_plan(config, cpu, j, to);
        if (cpu->is_cyclic)
            continue;
        fprintf(to, "  %9u  %4s  100.0 %%  in turn, slots of %u us: ", cpu->number, "-", cpu->slot_us);
        print_members(config, cpu, NULL, to);
    }
}
