/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building a partition: see partition.h. The steps are independent of each other but
 * for what the vCPUs have in common, which comes first.
 */
#include "partitions/partition.h"

#include "hv/cpu/trace.h"
#include "hv/cpu/x86.h"
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

void *partition_memory(const struct partition_config *config, gpa_t gpa) {
    const struct window_config *window = config_window(config, (struct range){gpa.value, 1});

    return window ? (void *)(uintptr_t)(window->hpa.value + (gpa.value - window->gpa.value)) : NULL;
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
static void choose_asid(struct vcpu *vcpu, unsigned number, const struct partition_environment *environment) {
    unsigned usable = environment->svm.asid_count - 1; /* at least 1: svm_missing() */
    unsigned vcpus = environment->config->vcpu_count;

    vcpu->shares_asid = vcpus > usable && (number >= usable || number + usable < vcpus);
    vcpu->asid = usable ? 1 + number % usable : 1;
}

_Static_assert(CONFIG_PARTITIONS_MAX <= 0x100 && CPU_MAX <= 0x100, "both halves of TRACE_SUBJECT");

static bool build_vcpus(struct common *common, unsigned index, struct partition_environment *environment) {
    const struct partition_config *config = &environment->config->partitions[index];

    for (unsigned i = 0; i < config->vcpu_count; i++) {
        struct vcpu *vcpu = &common->vcpus[i];

        vcpu->subject = TRACE_SUBJECT(index, i);
        choose_asid(vcpu, config->first_vcpu + i, environment);
        if (!vcpu_init(vcpu, common, &cpus[config->homes[i]->number], &environment->arena))
            return false;
        environment->control.vcpus[config->first_vcpu + i] = vcpu;
        console_init(&vcpu->console, config->label, label_width(environment->config), &common->console);
        fill_info(vcpu, index, i, environment);
    }
    return true;
}

bool partition_build(struct partition *partition, unsigned index, struct partition_environment *environment) {
    const struct partition_config *config = &environment->config->partitions[index];
    struct common *common = &partition->common;

    partition->config = config;
    if (!vcpu_init_common(common, config->vcpu_count, environment->svm.gigabyte_pages, &environment->arena) ||
        !map_windows(&common->npt, config) || !build_vcpus(common, index, environment) || !devices_attach(partition))
        return false;
    common->control = config->control ? &environment->control : NULL;
    return true;
}

/* A page of a step, which has `size_bytes`. Without `from` it is cleared. */
static void move_page(struct partition *partition, gpa_t gpa, const uint8_t *from, uint64_t size_bytes) {
    uint64_t done = partition->done, part = lower(size_bytes - done, PAGE_BYTES);
    uint8_t *to = partition_memory(partition->config, gpa);

    if (from)
        memcpy(to + done, from + done, part);
    else
        memset(to + done, 0, part);
    partition->done = done + part == size_bytes ? 0 : done + part;
    partition->step += partition->done == 0;
}

/* The first runs by itself. */
static void load_vcpu(struct vcpu *vcpu) {
    console_flush(&vcpu->console);
    vcpu_reset(vcpu);
    vcpu->vmcb->control.tsc_offset = 0;
    vcpu->start = (struct start){.state = vcpu == vcpu->common->vcpus ? START_ASKED : START_NOT_ASKED};
}

/*
 * False when that was all. Nothing of an earlier owner shows through: firmware, loader or the run before. So windows
 * are cleared first.
 */
static bool load_some(struct partition *partition) {
    const struct partition_config *config = partition->config;
    unsigned step = partition->step;

    if (step < config->window_count) {
        move_page(partition, config->windows[step].gpa, NULL, config->windows[step].size_bytes);
        return true;
    }
    step -= config->window_count;
    if (step < partition->plan.segment_count) {
        const struct image_segment *segment = &partition->plan.segments[step];

        move_page(partition, segment->gpa, segment->file + segment->file_offset, segment->file_bytes);
        return true;
    }
    step -= partition->plan.segment_count;
    partition->step++;
    if (step < config->vcpu_count)
        load_vcpu(&partition->common.vcpus[step]);
    step -= config->vcpu_count;
    if (step < ENTRY_PAGE_TABLES)
        entry_write_page_table(config, &partition->plan, step);
    step -= ENTRY_PAGE_TABLES;
    if (step < SCREEN_PIECES)
        devices_clear_screen(partition, step);
    if (step == SCREEN_PIECES)
        devices_reset(partition);
    if (step == SCREEN_PIECES + 1)
        entry_prepare(&partition->common, config, &partition->plan);
    return step != SCREEN_PIECES + 1;
}

bool partition_load(struct partition *partition, uint64_t until_tsc) {
    struct common *common = &partition->common;

    do
        if (x86_rdtsc() >= until_tsc)
            return false;
    while (load_some(partition));
    partition->step = 0;
    common->awake = 1;
    common->to_leave = common->vcpu_count;
    __atomic_store_n(&common->loads, common->restarts, __ATOMIC_RELEASE);
    return true;
}
