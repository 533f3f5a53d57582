/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Schedules: see timing.h. A function a kind of node, then what several of them must
 * agree on.
 */
#include "partitions/timing.h"

#define US_HINT "a slot is given in microseconds"

static bool is_member(const struct cpu_config *cpu, unsigned partition) {
    for (unsigned i = 0; i < cpu->member_count; i++)
        if (cpu->members[i] == partition)
            return true;
    return false;
}

static void add_member(struct cpu_config *cpu, unsigned partition) {
    if (!is_member(cpu, partition))
        cpu->members[cpu->member_count++] = partition;
}

/* The partition that a phandle names becomes a member of the processor. */
static unsigned resolve(struct dt *dt, int node, const char *property, uint32_t phandle, const struct config *config,
                        struct cpu_config *cpu) {
    for (unsigned i = 0; i < config->partition_count; i++) {
        if (phandle != 0 && config->partitions[i].phandle == phandle) {
            add_member(cpu, i);
            return i;
        }
    }
    dt_error(dt, node, property, "give the partition a label in the source and name it as <&label>",
             "found <0x%x>, want the phandle of a partition", phandle);
    return CONFIG_NONE;
}

/* The same of `count` phandles; returns the last one's partition. */
static unsigned read_references(struct dt *dt, int node, const char *property, unsigned count,
                                const struct config *config, struct cpu_config *cpu) {
    uint32_t *phandles = dt_alloc(dt, count, sizeof(*phandles));
    unsigned partition = CONFIG_NONE;

    if (!phandles || !dt_cells(dt, node, property, phandles, count))
        return CONFIG_NONE;
    for (unsigned i = 0; i < count; i++)
        partition = resolve(dt, node, property, phandles[i], config, cpu);
    return partition;
}

/* All partitions share the processor when a schedule of the short form does not say which. */
static void parse_round_robin(struct dt *dt, int node, const struct config *config, struct cpu_config *cpu) {
    unsigned count = dt_count_cells(dt, node, "partitions");

    dt_check_names(dt, node, "compatible slot-us partitions", "");
    dt_cell(dt, node, "slot-us", CONFIG_SLOT_US_MIN, CONFIG_SLOT_US_MAX, US_HINT, &cpu->slot_us);
    if (dt_has(dt, node, "partitions") || node != dt_find(dt, 0, "schedule"))
        read_references(dt, node, "partitions", count ? count : 1, config, cpu);
    else
        for (unsigned i = 0; i < config->partition_count; i++)
            add_member(cpu, i);
}

static void parse_slot(struct dt *dt, int node, const struct config *config, struct cpu_config *cpu,
                       struct plan_config *plan, unsigned index) {
    struct slot_config *slot = &plan->slots[index];

    slot->path = dt_keep_path(dt, node);
    dt_check_names(dt, node, "reg offset-us duration-us partition background pad-us", "");
    dt_cell(dt, node, "reg", index, index, "slots count from 0, in the order of their offsets", NULL);
    dt_cell(dt, node, "offset-us", 0, CONFIG_FRAME_US_MAX, US_HINT, &slot->offset_us);
    dt_cell(dt, node, "duration-us", CONFIG_DURATION_US_MIN, CONFIG_FRAME_US_MAX, US_HINT, &slot->duration_us);
    slot->partition = read_references(dt, node, "partition", 1, config, cpu);
    slot->background =
        dt_has(dt, node, "background") ? read_references(dt, node, "background", 1, config, cpu) : CONFIG_NONE;
    if (dt_has(dt, node, "pad-us"))
        dt_cell(dt, node, "pad-us", 1, CONFIG_PAD_US_MAX, US_HINT, &slot->pad_us);
}

static void check_slot(struct dt *dt, const struct cpu_config *cpu, const struct plan_config *plan, unsigned index) {
    const struct slot_config *slot = &plan->slots[index], *before = index ? slot - 1 : NULL;
    uint32_t from_us = before ? before->offset_us + before->duration_us : 0;
    uint32_t end_us = slot->offset_us + slot->duration_us;

    if (slot->offset_us < from_us)
        report_error(dt->report, slot->path, "offset-us", "slots do not overlap",
                     "found %u, want at least %u, where %s ends", slot->offset_us, from_us, before->path);
    if (cpu->frame_us != 0 && end_us > cpu->frame_us)
        report_error(dt->report, slot->path, "duration-us", NULL,
                     "found the slot's end at %u, want at most %u, the frame's", end_us, cpu->frame_us);
    if (slot->pad_us + CONFIG_DURATION_US_MIN > slot->duration_us)
        report_error(dt->report, slot->path, "pad-us", NULL,
                     "found %u, want %d less than duration-us at least, which is %u", slot->pad_us,
                     CONFIG_DURATION_US_MIN, slot->duration_us);
    if (slot->background == slot->partition)
        report_error(dt->report, slot->path, "background", "its own halt would wake it",
                     "found the slot's own partition, want another");
}

static void parse_plan(struct dt *dt, int node, const struct config *config, struct cpu_config *cpu, unsigned index) {
    struct plan_config *plan = &cpu->plans[index];
    unsigned errors = dt->report->errors;

    plan->path = dt_keep_path(dt, node);
    dt_check_names(dt, node, "reg #address-cells #size-cells", "slot@");
    dt_cell(dt, node, "reg", index, index, "plans count from 0", NULL);
    plan->slots = dt_alloc_children(dt, node, 1, 0, "slot@", "slots", CONFIG_SLOTS_MAX, sizeof(*plan->slots));
    if (!plan->slots)
        return;
    for (int child = -1; (child = dt_next(dt, node, "slot@", child)) >= 0;)
        parse_slot(dt, child, config, cpu, plan, plan->slot_count++);
    for (unsigned i = 0; errors == dt->report->errors && !dt->arena->used_up && i < plan->slot_count; i++)
        check_slot(dt, cpu, plan, i);
}

static void parse_cyclic(struct dt *dt, int node, const struct config *config, struct cpu_config *cpu) {
    dt_check_names(dt, node, "compatible frame-us #address-cells #size-cells", "plan@");
    cpu->is_cyclic = true;
    dt_cell(dt, node, "frame-us", CONFIG_FRAME_US_MIN, CONFIG_FRAME_US_MAX, US_HINT, &cpu->frame_us);
    cpu->plans = dt_alloc_children(dt, node, 1, 0, "plan@", "plans", CONFIG_PLANS_MAX, sizeof(*cpu->plans));
    for (int child = -1; cpu->plans && (child = dt_next(dt, node, "plan@", child)) >= 0;)
        parse_plan(dt, child, config, cpu, cpu->plan_count++);
}

static void parse_schedule(struct dt *dt, int node, const struct config *config, struct cpu_config *cpu) {
    enum { ROUND_ROBIN, CYCLIC };
    int kind = dt_choice(dt, node, "compatible", "shikiri,round-robin shikiri,cyclic");

    cpu->path = dt_keep_path(dt, node);
    cpu->members = dt_alloc(dt, config->partition_count, sizeof(*cpu->members));
    if (!cpu->members)
        return;
    if (kind == ROUND_ROBIN)
        parse_round_robin(dt, node, config, cpu);
    if (kind == CYCLIC)
        parse_cyclic(dt, node, config, cpu);
    if (kind < 0)
        dt_check_names(dt, node, "compatible slot-us partitions frame-us #address-cells #size-cells", "plan@");
}

static void parse_cpu(struct dt *dt, int node, const struct config *config, struct cpu_config *cpu) {
    int schedule = dt_child(dt, node, "schedule");

    dt_check_names(dt, node, "device_type reg", "schedule");
    dt_choice(dt, node, "device_type", "cpu");
    dt_cell(dt, node, "reg", 0, CONFIG_CPUS_MAX - 1, "processors count from 0, the boot processor's number",
            &cpu->number);
    if (schedule >= 0)
        parse_schedule(dt, schedule, config, cpu);
}

static void parse_cpus(struct dt *dt, int node, struct config *config) {
    dt_check_names(dt, node, "#address-cells #size-cells", "cpu@");
    config->cpus = dt_alloc_children(dt, node, 1, 0, "cpu@", "processors", CONFIG_CPUS_MAX, sizeof(*config->cpus));
    for (int child = -1; config->cpus && (child = dt_next(dt, node, "cpu@", child)) >= 0;)
        parse_cpu(dt, child, config, &config->cpus[config->cpu_count++]);
}

/* Frames start together on all processors, and a plan is switched on all of them. */
static void check_frames(const struct dt *dt, struct config *config) {
    const struct cpu_config *first = NULL;

    for (const struct cpu_config *cpu = config->cpus; cpu < config->cpus + config->cpu_count; cpu++) {
        if (!cpu->is_cyclic)
            continue;
        first = first ? first : cpu;
        if (cpu->frame_us != first->frame_us)
            report_error(dt->report, cpu->path, "frame-us", "frames start together on all processors",
                         "found %u, want %u as in %s", cpu->frame_us, first->frame_us, first->path);
        if (cpu->plan_count != first->plan_count)
            report_error(dt->report, cpu->path, NULL, "a plan is switched on all processors",
                         "found %u plans, want %u as in %s", cpu->plan_count, first->plan_count, first->path);
        config->plan_count = first->plan_count;
    }
}

/* A vCPU is bound to one processor, and each of a partition's to another, by their numbers. */
static void bind_vcpus(struct dt *dt, struct config *config, unsigned partition_number) {
    struct partition_config *partition = &config->partitions[partition_number];
    unsigned want = partition->vcpu_count, found = 0;

    partition->first_vcpu = config->vcpu_count;
    config->vcpu_count += want;
    partition->homes = dt_alloc(dt, config->cpu_count, sizeof(void *));
    if (!partition->homes)
        return;
    for (uint32_t number = 0; number < CONFIG_CPUS_MAX; number++)
        for (unsigned i = 0; i < config->cpu_count; i++)
            if (config->cpus[i].number == number && is_member(&config->cpus[i], partition_number))
                partition->homes[found++] = &config->cpus[i];
    if (want != 0 && found != want)
        report_error(dt->report, partition->path, NULL,
                     "a slot's partition names it, or a round robin's partitions; vcpus says how many vCPUs it has",
                     "found it in the schedules of %u processor%s, want %u, one for each vCPU", found,
                     found == 1 ? "" : "s", want);
}

void timing_parse(struct dt *dt, int root, struct config *config) {
    int cpus = dt_find(dt, root, "cpus");
    int schedule = dt_find(dt, root, "schedule");
    unsigned errors = dt->report->errors;

    if (cpus >= 0 && schedule >= 0)
        dt_error(dt, schedule, NULL, "/schedule is the short form for one processor",
                 "found it beside /cpus, want one of the two");
    if (cpus >= 0)
        parse_cpus(dt, cpus, config);
    else if (dt_child(dt, root, "schedule") >= 0 && (config->cpus = dt_alloc(dt, 1, sizeof(*config->cpus))))
        parse_schedule(dt, schedule, config, &config->cpus[config->cpu_count++]);
    if (errors != dt->report->errors || dt->arena->used_up || !config->cpus)
        return;
    check_frames(dt, config);
    for (unsigned i = 0; i < config->partition_count; i++)
        bind_vcpus(dt, config, i);
}
