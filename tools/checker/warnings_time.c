/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Warnings about schedules: what the hypervisor keeps to, but hardly anybody means. docs/timing.md says what a slot
 * costs.
 */
#include "tools/checker/checked.h"

#define SHORT_SLOT_US  100     /* in turn: a switch and its exits take some microseconds on a real machine */
#define SHORT_FRAME_US 50      /* a slot of a frame, which nobody shortens */
#define LONG_WAIT_US   1000000 /* for the next turn, while nobody halts */

#define SWITCH_HINT "switching takes some microseconds each time"

static void warn_round_robin(const struct cpu_config *cpu, struct problems *problems) {
    uint64_t wait_us = (uint64_t)cpu->slot_us * (cpu->member_count - 1);

    if (cpu->slot_us < SHORT_SLOT_US)
        problems_warn(problems, "short-slot", cpu->path, "slot-us", SWITCH_HINT,
                      "found %u, want at least %d for a machine that does more than switch", cpu->slot_us,
                      SHORT_SLOT_US);
    if (wait_us > LONG_WAIT_US)
        problems_warn(problems, "long-wait", cpu->path, "slot-us", "each of the others may use its slot up",
                      "found %u, so that one of %u partitions may wait %lu ms for its turn, want at most %d ms",
                      cpu->slot_us, cpu->member_count, wait_us / 1000, LONG_WAIT_US / 1000);
}

static void warn_slot(const struct slot_config *slot, struct problems *problems) {
    if (slot->duration_us < SHORT_FRAME_US + slot->pad_us)
        problems_warn(problems, "short-slot", slot->path, "duration-us", SWITCH_HINT,
                      "found %u, want at least %u for a slot that does more than switch%s", slot->duration_us,
                      SHORT_FRAME_US + slot->pad_us, slot->pad_us ? " and wait for its pad" : "");
    if (slot->pad_us > slot->duration_us / 2)
        problems_warn(problems, "long-pad", slot->path, "pad-us", "the pad is the slot's own time, and lost",
                      "found %u, want at most %u, half of the slot", slot->pad_us, slot->duration_us / 2);
}

static bool has_slot(const struct plan_config *plan, unsigned partition) {
    for (unsigned i = 0; i < plan->slot_count; i++)
        if (plan->slots[i].partition == partition || plan->slots[i].background == partition)
            return true;
    return false;
}

static void warn_plan(const struct config *config, const struct cpu_config *cpu, const struct plan_config *plan,
                      struct problems *problems) {
    for (unsigned i = 0; i < plan->slot_count; i++)
        warn_slot(&plan->slots[i], problems);
    for (unsigned i = 0; i < cpu->member_count; i++)
        if (!has_slot(plan, cpu->members[i]))
            problems_warn(problems, "no-slot", plan->path, NULL, "it stands still while this plan is in force",
                          "found no slot for \"%s\", want one, if only as a background",
                          config->partitions[cpu->members[i]].label);
}

/* Of the first processor with plans: there are as many on each. */
static void warn_unreachable_plans(const struct config *config, struct problems *problems) {
    for (unsigned i = 0; i < config->partition_count; i++)
        if (config->partitions[i].control)
            return;
    for (unsigned i = 0; i < config->cpu_count; i++) {
        if (config->cpus[i].plan_count < 2)
            continue;
        problems_warn(problems, "unreachable-plan", config->cpus[i].plans[1].path, NULL,
                      "the property control lets a partition ask for plans",
                      "found it, and no partition that may ask for it, want one, or plan@0 alone");
        return;
    }
}

void checked_warn_time(const struct checked *checked, struct problems *problems) {
    const struct config *config = &checked->system.config;

    for (unsigned i = 0; i < config->cpu_count; i++) {
        const struct cpu_config *cpu = &config->cpus[i];

        if (!cpu->is_cyclic)
            warn_round_robin(cpu, problems);
        for (unsigned j = 0; j < cpu->plan_count; j++)
            warn_plan(config, cpu, &cpu->plans[j], problems);
    }
    warn_unreachable_plans(config, problems);
}
