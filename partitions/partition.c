/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a partition: see partition.h. The steps are independent of each other but
 * for the nested page table, which comes first.
 */
#include "partitions/partition.h"

#include "hv/lib/string.h"
#include "partitions/devices.h"
#include "partitions/entry.h"

static unsigned rights(const struct window_config *window) {
    return (window->writable ? NPT_WRITE : 0) | (window->executable ? NPT_EXECUTE : 0);
}

static bool map_windows(struct npt *npt, const struct partition_config *config) {
    for (unsigned i = 0; i < config->window_count; i++) {
        const struct window_config *window = &config->windows[i];

        if (!npt_map(npt, window->gpa, window->size_bytes, window->hpa, rights(window)))
            return false;
    }
    return true;
}

/* Nothing of an earlier owner shows through: firmware, loader or the run before. */
static void clear_windows(const struct partition_config *config) {
    for (unsigned i = 0; i < config->window_count; i++)
        memset((void *)(uintptr_t)config->windows[i].hpa.value, 0, config->windows[i].size_bytes);
}

void *partition_memory(const struct partition_config *config, gpa_t gpa) {
    const struct window_config *window = config_window(config, (struct range){gpa.value, 1});

    return window ? (void *)(uintptr_t)(window->hpa.value + (gpa.value - window->gpa.value)) : NULL;
}

static void copy_segments(const struct partition_config *config, const struct image_plan *plan, const uint8_t *file) {
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct image_segment *segment = &plan->segments[i];

        memcpy(partition_memory(config, segment->gpa), file + segment->file_offset, segment->file_bytes);
    }
}

static int label_width(const struct config *config) {
    size_t width = 0;

    for (unsigned i = 0; i < config->partition_count; i++) {
        size_t length = strlen(config->partitions[i].label);

        width = length > width ? length : width;
    }
    return (int)width;
}

static void fill_info(struct vcpu *vcpu, unsigned index, const struct partition_environment *environment) {
    vcpu->info[SHIKIRI_INFO_ABI_VERSION] = SHIKIRI_ABI_VERSION;
    vcpu->info[SHIKIRI_INFO_PARTITION] = index;
    vcpu->info[SHIKIRI_INFO_PARTITION_COUNT] = environment->config->partition_count;
    vcpu->info[SHIKIRI_INFO_TSC_KHZ] = environment->cpu->tsc_khz;
    vcpu->info[SHIKIRI_INFO_SLOT_US] = environment->slot_us;
}

/*
 * ASID 0 is the host's. With more partitions than ASIDs some share one, and are flushed
 * when they are switched to (APM vol. 2, "TLB Control").
 */
static uint32_t choose_asid(struct vcpu *vcpu, unsigned index, const struct partition_environment *environment) {
    unsigned usable = environment->svm->asid_count - 1; /* at least 1: svm_missing() */
    unsigned partitions = environment->config->partition_count;

    vcpu->shares_asid = partitions > usable && (index >= usable || index + usable < partitions);
    return usable ? 1 + index % usable : 1;
}

bool partition_build(struct partition *partition, unsigned index, const struct image_plan *plan, const void *file,
                     const struct partition_environment *environment) {
    const struct partition_config *config = &environment->config->partitions[index];
    struct vcpu *vcpu = &partition->vcpu;

    partition->config = config;
    vcpu->subject = (uint16_t)index;
    console_init(&partition->console, config->label, label_width(environment->config));
    vcpu->console = &partition->console;
    if (!npt_init(&vcpu->npt, environment->arena, environment->svm->gigabyte_pages) ||
        !map_windows(&vcpu->npt, config) ||
        !vcpu_init(vcpu, environment->cpu, choose_asid(vcpu, index, environment), environment->arena) ||
        !devices_attach(partition))
        return false;
    if (config->control) {
        vcpu->wanted_plan = environment->wanted_plan;
        vcpu->plan_count = environment->plan_count;
        vcpu->peers = environment->vcpus;
        vcpu->peer_count = environment->config->partition_count;
    }
    clear_windows(config);
    copy_segments(config, plan, file);
    entry_prepare(vcpu, config, plan);
    fill_info(vcpu, index, environment);
    return true;
}
