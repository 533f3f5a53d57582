/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device tree through the whole check that boot makes, on a machine with two pieces of RAM and
 * with the example guests as modules. mutate_dtb.c knows how trees are changed.
 */
#define _POSIX_C_SOURCE 200809L /* strdup */

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partitions/certificate.h"
#include "partitions/layout.h"
#include "partitions/system.h"
#include "tests/fuzz/invariants.h"

#define IMAGES      "build/fuzz/config/images/*.elf"
#define FILES_MAX   64
#define ARENA_BYTES (1UL << 20)

#define REPEAT_ONE_IN 8 /* checks, for speed */

static struct image_file files[FILES_MAX];
static unsigned file_count;

static const struct range ram[] = {{MIB, 255 * MIB}, {4 * GIB, GIB}};
static uint64_t modules_bytes;
static struct layout layout;

static uint8_t arena_memory[ARENA_BYTES];

/* A check and what came of it; `digest` covers every message and every value of the configuration. */
struct outcome {
    struct report report; /* first: emit() gets its address */
    unsigned emitted;
    uint64_t digest;
    struct system system;
};

/* FNV-1a. */
static void digest_bytes(uint64_t *digest, const void *bytes, size_t size_bytes) {
    for (size_t i = 0; i < size_bytes; i++)
        *digest = (*digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
}

static void digest_text(uint64_t *digest, const char *text) {
    digest_bytes(digest, text, strlen(text) + 1);
}

static void digest_number(uint64_t *digest, uint64_t number) {
    digest_bytes(digest, &number, sizeof(number));
}

static void emit(struct report *report, const struct finding *finding) {
    struct outcome *outcome = (struct outcome *)report;
    char line[FINDING_BYTES];

    expect_finding(finding, line);
    digest_text(&outcome->digest, line);
    outcome->emitted++;
}

static void digest_partition(uint64_t *digest, const struct partition_config *partition) {
    digest_text(digest, partition->path);
    digest_text(digest, partition->label);
    digest_text(digest, partition->image);
    for (unsigned i = 0; i < partition->module_count; i++)
        digest_text(digest, partition->modules[i]);
    digest_text(digest, partition->bootargs);
    digest_number(digest, partition->fault_on_unowned_port | partition->vcpu_count << 1);
    digest_number(digest, partition->first_vcpu);
    for (unsigned i = 0; i < partition->vcpu_count; i++)
        digest_number(digest, partition->homes[i]->number);
    for (unsigned i = 0; i < partition->window_count; i++) {
        const struct window_config *window = &partition->windows[i];

        digest_text(digest, window->path);
        digest_number(digest, window->gpa.value);
        digest_number(digest, window->size_bytes);
        digest_number(digest, window->hpa.value);
        digest_number(digest, window->fixed | window->writable << 1 | window->executable << 2);
    }
    for (unsigned i = 0; i < partition->device_count; i++) {
        digest_text(digest, partition->devices[i].path);
        digest_number(digest, partition->devices[i].kind | partition->devices[i].port << 8);
    }
}

static void digest_cpu(uint64_t *digest, const struct cpu_config *cpu) {
    digest_text(digest, cpu->path);
    digest_number(digest, cpu->number | (uint64_t)cpu->is_cyclic << 32);
    digest_number(digest, cpu->is_cyclic ? cpu->frame_us : cpu->slot_us);
    for (unsigned i = 0; i < cpu->member_count; i++)
        digest_number(digest, cpu->members[i]);
    for (unsigned i = 0; i < cpu->plan_count; i++) {
        for (unsigned j = 0; j < cpu->plans[i].slot_count; j++) {
            const struct slot_config *slot = &cpu->plans[i].slots[j];

            digest_text(digest, slot->path);
            digest_number(digest, slot->offset_us | (uint64_t)slot->duration_us << 32);
            digest_number(digest, slot->partition | (uint64_t)slot->background << 32);
            digest_number(digest, slot->pad_us);
        }
    }
}

static uint64_t digest_config(const struct config *config) {
    uint64_t digest = 0xcbf29ce484222325;

    digest_text(&digest, config->model);
    for (unsigned i = 0; i < config->cpu_count; i++)
        digest_cpu(&digest, &config->cpus[i]);
    for (unsigned i = 0; i < config->partition_count; i++)
        digest_partition(&digest, &config->partitions[i]);
    return digest;
}

static void check(struct outcome *outcome, const void *blob, size_t size_bytes) {
    struct arena arena = {.next = arena_memory};

    memset(outcome, 0x55, sizeof(*outcome));
    outcome->report = (struct report){.emit = emit};
    outcome->emitted = 0;
    layout_init(&layout, ram, ARRAY_LENGTH(ram));
    assert(layout_place_modules(&layout, modules_bytes, &outcome->report));
    if (layout_place_arena(&layout, blob, size_bytes, &outcome->report)) {
        arena.end = arena.next + (layout.arena.size_bytes < ARENA_BYTES ? layout.arena.size_bytes : ARENA_BYTES);
        outcome->system.files = files;
        outcome->system.file_count = file_count;
        system_check(&outcome->system, blob, size_bytes, &layout.host, &arena, &outcome->report);
    }
    assert(outcome->report.errors == outcome->emitted);
    if (outcome->report.errors == 0)
        outcome->digest = digest_config(&outcome->system.config);
}

static struct range host_range_of(const struct window_config *window) {
    return (struct range){window->hpa.value, window->size_bytes};
}

/* A window against RAM, what is taken, and the windows before it. */
static void expect_window(const struct config *config, const struct window_config *window) {
    struct range range = host_range_of(window);

    assert(window->gpa.value % PAGE_BYTES == 0 && window->size_bytes % PAGE_BYTES == 0 && range.base % PAGE_BYTES == 0);
    assert(lies_inside((struct range){window->gpa.value, window->size_bytes}, (struct range){0, 512 * GIB}));
    assert(lies_inside(range, ram[0]) || lies_inside(range, ram[1]));
    assert(lies_apart(range, (struct range){LAYOUT_IMAGE_BASE, LAYOUT_IMAGE_BYTES}));
    assert(lies_apart(range, layout.modules) && lies_apart(range, layout.arena));
    for (unsigned i = 0; i < config->partition_count; i++) {
        for (unsigned j = 0; j < config->partitions[i].window_count; j++) {
            if (&config->partitions[i].windows[j] == window)
                return;
            assert(lies_apart(range, host_range_of(&config->partitions[i].windows[j])));
        }
    }
}

static void expect_windows_of_guest(const struct partition_config *partition) {
    assert(partition->window_count >= 1 && partition->window_count <= CONFIG_WINDOWS_MAX);
    assert(partition->windows[0].writable);
    for (unsigned i = 0; i < partition->window_count; i++)
        for (unsigned j = 0; j < i; j++)
            assert(lies_apart((struct range){partition->windows[i].gpa.value, partition->windows[i].size_bytes},
                              (struct range){partition->windows[j].gpa.value, partition->windows[j].size_bytes}));
}

static const struct image_file *find_file(const char *name) {
    for (unsigned i = 0; i < file_count; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

static void expect_image(const struct partition_config *partition) {
    const struct image_file *file = find_file(partition->image), *module;
    struct image_file modules[CONFIG_MODULES_MAX];
    struct outcome outcome = {.report = {.emit = emit}};
    struct image_plan plan;

    assert(file && partition->module_count <= CONFIG_MODULES_MAX);
    for (unsigned i = 0; i < partition->module_count; i++) {
        module = find_file(partition->modules[i]);
        assert(module);
        modules[i] = *module;
    }
    image_plan(&plan, file, modules, partition, &outcome.report);
    assert(outcome.report.errors == 0);
    expect_plan(&plan, file->size_bytes, modules, partition);
}

/* The machine's UARTs have one owner each, and there are eight screens; a partition has one, and one APIC. */
static void expect_devices(const struct config *config) {
    unsigned owners[3] = {0}, screens = 0;

    for (unsigned i = 0; i < config->partition_count; i++) {
        bool has_screen = false, has_apic = false;

        for (unsigned j = 0; j < config->partitions[i].device_count; j++) {
            const struct device_config *device = &config->partitions[i].devices[j];

            screens += device->kind == DEVICE_VGA_TEXT;
            if (device->kind == DEVICE_VGA_TEXT || device->kind == DEVICE_X2APIC) {
                bool *has = device->kind == DEVICE_X2APIC ? &has_apic : &has_screen;

                assert(!*has && device->port == 0);
                *has = true;
            }
            if (device->kind != DEVICE_UART)
                continue;
            assert(device->port == 0x2f8 || device->port == 0x3e8 || device->port == 0x2e8);
            assert(++owners[device->port == 0x2f8 ? 0 : device->port == 0x3e8 ? 1 : 2] == 1);
        }
    }
    assert(screens <= 8);
}

static bool is_member(const struct cpu_config *cpu, unsigned partition) {
    bool found = false;

    for (unsigned i = 0; i < cpu->member_count; i++)
        found |= cpu->members[i] == partition;
    return found;
}

/* Slots lie inside the frame, in order and apart, and belong to members of the processor. */
static void expect_frame(const struct cpu_config *cpu) {
    assert(cpu->frame_us >= 100 && cpu->frame_us <= 10000000 && cpu->plan_count >= 1 && cpu->plan_count <= 8);
    for (unsigned i = 0; i < cpu->plan_count; i++) {
        const struct plan_config *plan = &cpu->plans[i];
        uint64_t end_us = 0;

        assert(plan->slot_count >= 1 && plan->slot_count <= 64);
        for (unsigned j = 0; j < plan->slot_count; j++) {
            const struct slot_config *slot = &plan->slots[j];

            assert(slot->offset_us >= end_us && slot->duration_us >= 20 && slot->pad_us < slot->duration_us);
            end_us = (uint64_t)slot->offset_us + slot->duration_us;
            assert(end_us <= cpu->frame_us && is_member(cpu, slot->partition));
            assert(slot->background == CONFIG_NONE || is_member(cpu, slot->background));
        }
    }
}

/* Each vCPU is at home on another processor, in their order, which has its partition as a member. */
static void expect_vcpus(const struct config *config, unsigned number) {
    const struct partition_config *partition = &config->partitions[number];

    assert(partition->vcpu_count >= 1 && partition->vcpu_count <= 16);
    for (unsigned i = 0; i < partition->vcpu_count; i++) {
        assert(is_member(partition->homes[i], number));
        assert(i == 0 || partition->homes[i]->number > partition->homes[i - 1]->number);
    }
    assert(partition->first_vcpu + partition->vcpu_count ==
           (number + 1 < config->partition_count ? partition[1].first_vcpu : config->vcpu_count));
}

/* Every partition is a member of as many processors as it has vCPUs. */
static void expect_time(const struct config *config) {
    unsigned homes[CONFIG_PARTITIONS_MAX] = {0};

    assert(config->cpu_count >= 1 && config->cpu_count <= 16);
    for (unsigned i = 0; i < config->cpu_count; i++) {
        const struct cpu_config *cpu = &config->cpus[i];

        assert(cpu->number < 16 && (cpu->is_cyclic || (cpu->slot_us >= 50 && cpu->slot_us <= 1000000)));
        if (cpu->is_cyclic)
            expect_frame(cpu);
        for (unsigned j = 0; j < cpu->member_count; j++)
            homes[cpu->members[j]]++;
    }
    for (unsigned i = 0; i < config->partition_count; i++) {
        assert(homes[i] == config->partitions[i].vcpu_count);
        expect_vcpus(config, i);
    }
}

/* It can be written for whatever is accepted, and names every partition. */
static void expect_certificate(const struct config *config) {
    struct certificate certificate = certificate_of_config(config);
    char line[CERTIFICATE_LINE_MAX];
    unsigned partitions = 0;

    while (certificate_next(&certificate, line)) {
        assert(strnlen(line, sizeof(line)) < sizeof(line));
        partitions += strncmp(line, "partition ", strlen("partition ")) == 0;
    }
    assert(partitions == config->partition_count);
}

static void expect_system(const struct config *config) {
    expect_time(config);
    assert(config->partition_count >= 1 && config->partition_count <= CONFIG_PARTITIONS_MAX);
    for (unsigned i = 0; i < config->partition_count; i++) {
        const struct partition_config *partition = &config->partitions[i];

        assert(strlen(partition->label) >= 1 && strlen(partition->label) <= 15 && strlen(partition->bootargs) <= 2047);
        for (unsigned j = 0; j < i; j++)
            assert(strcmp(partition->label, config->partitions[j].label) != 0);
        expect_windows_of_guest(partition);
        for (unsigned j = 0; j < partition->window_count; j++)
            expect_window(config, &partition->windows[j]);
        expect_image(partition);
    }
    expect_devices(config);
    expect_certificate(config);
}

static void load_file(struct image_file *file, const char *path) {
    FILE *stream = fopen(path, "rb");
    uint8_t *data = malloc(MIB);

    if (!stream || !data)
        abort();
    file->name = strdup(strrchr(path, '/') + 1);
    file->size_bytes = fread(data, 1, MIB, stream);
    file->data = realloc(data, file->size_bytes);
    fclose(stream);
    modules_bytes += align_up(file->size_bytes, PAGE_BYTES);
}

/*
 * libFuzzer's counters of edges. An input that reached none is not kept to go on from: trees that are refused
 * already lead nowhere but to more errors. (This file has no counters of its own, or these names would clash.)
 */
extern __attribute__((weak, visibility("hidden"))) uint8_t __start___sancov_cntrs[], __stop___sancov_cntrs[];

static void forget_edges(void) {
    memset(__start___sancov_cntrs, 0, (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    glob_t guests;

    (void)argc, (void)argv;
    if (glob(IMAGES, 0, NULL, &guests) != 0) {
        fprintf(stderr, "found no " IMAGES ", want the example guests; run make fuzz\n");
        exit(2);
    }
    for (; file_count < guests.gl_pathc && file_count < FILES_MAX; file_count++)
        load_file(&files[file_count], guests.gl_pathv[file_count]);
    globfree(&guests);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    static struct outcome outcome, again;
    void *blob = malloc(size_bytes ? size_bytes : 1); /* exact, so that reading past it is seen */

    memcpy(blob, data, size_bytes);
    check(&outcome, blob, size_bytes);
    if (outcome.digest % REPEAT_ONE_IN == 0) {
        check(&again, blob, size_bytes);
        assert(again.report.errors == outcome.report.errors && again.digest == outcome.digest);
    }
    free(blob); /* nothing that was accepted may point into it */
    if (outcome.report.errors > 0) {
        forget_edges();
        return 0;
    }
    assert(digest_config(&outcome.system.config) == outcome.digest);
    expect_system(&outcome.system.config);
    count_accepted();
    return 0;
}
