/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a partition: see partition.h. The steps are independent of each other but
 * for what the vCPUs have in common, which comes first.
 */
#include "partitions/partition.h"

#include "hv/cpu/trace.h"
#include "hv/lib/string.h"
#include "partitions/devices.h"
#include "partitions/entry.h"

static bool map_windows(struct npt *npt, const struct partition_config *config) {
    for (unsigned i = 0; i < config->window_count; i++) {
        const struct window_config *window = &config->windows[i];
        unsigned rights = (window->writable ? REACH_WRITE : 0) | (window->executable ? REACH_EXECUTE : 0);

        if (!npt_map(npt, window->gpa, window->size_bytes, window->hpa, rights))
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

static void copy_segments(const struct partition_config *config, const struct image_plan *plan) {
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct image_segment *segment = &plan->segments[i];

        memcpy(partition_memory(config, segment->gpa), segment->file + segment->file_offset, segment->file_bytes);
    }
}

static int label_width(const struct config *config) {
    uint64_t width = 0;

    for (unsigned i = 0; i < config->partition_count; i++)
        width = higher(width, strlen(config->partitions[i].label));
    return (int)width;
}

static void fill_info(struct vcpu *vcpu, unsigned index, unsigned number,
                      const struct partition_environment *environment) {
    const struct partition_config *config = &environment->config->partitions[index];

    vcpu->info[SHIKIRI_INFO_ABI_VERSION] = SHIKIRI_ABI_VERSION;
    vcpu->info[SHIKIRI_INFO_PARTITION] = index;
    vcpu->info[SHIKIRI_INFO_PARTITION_COUNT] = environment->config->partition_count;
    vcpu->info[SHIKIRI_INFO_TSC_KHZ] = vcpu->guest.cpu->tsc_khz;
    vcpu->info[SHIKIRI_INFO_SLOT_US] = config->homes[number]->slot_us;
    vcpu->info[SHIKIRI_INFO_VCPU] = number;
    vcpu->info[SHIKIRI_INFO_VCPU_COUNT] = config->vcpu_count;
}

/*
 * ASID 0 is the host's. With more vCPUs than ASIDs some share one, and are flushed
 * when they are switched to (APM vol. 2, "TLB Control"). `number` counts all vCPUs of the system.
 */
static uint32_t choose_asid(struct vcpu *vcpu, unsigned number, const struct partition_environment *environment) {
    unsigned usable = environment->svm.asid_count - 1; /* at least 1: svm_missing() */
    unsigned vcpus = environment->config->vcpu_count;

    vcpu->shares_asid = vcpus > usable && (number >= usable || number + usable < vcpus);
    return usable ? 1 + number % usable : 1;
}

_Static_assert(CONFIG_PARTITIONS_MAX <= 0x100 && CPU_MAX <= 0x100, "both halves of TRACE_SUBJECT");

static bool build_vcpus(struct common *common, unsigned index, struct partition_environment *environment) {
    const struct partition_config *config = &environment->config->partitions[index];

    for (unsigned i = 0; i < config->vcpu_count; i++) {
        struct vcpu *vcpu = &common->vcpus[i];

        vcpu->subject = TRACE_SUBJECT(index, i);
        if (!vcpu_init(vcpu, common, &cpus[config->homes[i]->number],
                       choose_asid(vcpu, config->first_vcpu + i, environment), &environment->arena))
            return false;
        environment->control.vcpus[config->first_vcpu + i] = vcpu;
        console_init(&vcpu->console, config->label, label_width(environment->config), &common->console);
        x2apic_init(&vcpu->apic, i);
        fill_info(vcpu, index, i, environment);
    }
    return true;
}

bool partition_build(struct partition *partition, unsigned index, const struct image_plan *plan,
                     struct partition_environment *environment) {
    const struct partition_config *config = &environment->config->partitions[index];
    struct common *common = &partition->common;

    partition->config = config;
    if (!vcpu_init_common(common, config->vcpu_count, environment->svm.gigabyte_pages, &environment->arena) ||
        !map_windows(&common->npt, config) || !build_vcpus(common, index, environment) || !devices_attach(partition))
        return false;
    common->control = config->control ? &environment->control : NULL;
    clear_windows(config);
    copy_segments(config, plan);
    entry_prepare(common, config, plan);
    return true;
}
