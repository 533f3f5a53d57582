/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * partition.c: a partition as it is before it runs, for the first time and again, with all but the physical screen and
 * time real: memory, nested page table, permission maps, VMCB, devices. Host memory is this program's.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/svm/iopm.h"
#include "partitions/devices.h"
#include "partitions/entry.h"
#include "partitions/partition.h"
#include "tests/host/fake_tsc.h"
#include "tests/host/log_capture.h"
#include "tests/host/npt_lookup.h"
#include "tests/host/test.h"

#define FIRST        (4 * MIB) /* where the first window begins */
#define WINDOW_PAGES 16
#define MEMORY_PAGES (WINDOW_PAGES + 3) /* of all windows */
#define MEMORY_BYTES (MEMORY_PAGES * PAGE_BYTES)
#define ARENA_BYTES  (64 * PAGE_BYTES)
#define MANY         40 /* partitions */

static uint8_t *memory;       /* of the windows, one after the other */
static uint8_t *arena_memory; /* of all that is built */

static struct window_config windows[] = {
    {.gpa = {FIRST}, .size_bytes = WINDOW_PAGES * PAGE_BYTES, .writable = true, .executable = true},
    {.gpa = {GIB}, .size_bytes = PAGE_BYTES},
    {.gpa = {GIB + PAGE_BYTES}, .size_bytes = PAGE_BYTES, .writable = true},
    {.gpa = {2 * GIB}, .size_bytes = PAGE_BYTES, .executable = true},
};
static struct device_config devices[] = {{.kind = DEVICE_VGA_TEXT}, {.kind = DEVICE_CONSOLE, .port = 0x3f8}};
static struct partition_config configs[MANY];
static struct config config = {.partitions = configs};
static const struct cpu_config processors[] = {{.number = 1, .slot_us = 500}, {.number = 2, .is_cyclic = true}};
static const struct cpu_config *homes[] = {&processors[0], &processors[1]};
static unsigned wanted_plan;
static struct vcpu *all_vcpus[MANY];
static struct partition_environment environment = {.control = {&wanted_plan, 3, all_vcpus, 2}, .config = &config};

static uint8_t file[] = "0123456789", other[] = "89abcdef";
static const struct image_plan plan = {
    .kind = IMAGE_ELF32,
    .entry = {FIRST},
    .segments = {{file, 4, 6, {FIRST + 0x10}, 0x20},
                 {file, 0, 0, {FIRST + 0x1000}, 0x1000},
                 {other, 2, 6, {GIB + 8}, 6}},
    .segment_count = 3,
};

static int make(void **state) {
    uint64_t at = 0;

    (void)state;
    fake_tsc = (struct fake_tsc){1000, 1};
    log_capture();
    memory = aligned_alloc(PAGE_BYTES, MEMORY_BYTES);
    memset(memory, 0xcc, MEMORY_BYTES); /* of an earlier owner */
    arena_memory = aligned_alloc(PAGE_BYTES, ARENA_BYTES);
    environment.arena = (struct arena){.next = arena_memory, .end = arena_memory + ARENA_BYTES};
    for (unsigned i = 0; i < ARRAY_LENGTH(windows); at += windows[i++].size_bytes)
        windows[i].hpa = HPA((uintptr_t)memory + at);
    for (unsigned i = 0; i < MANY; i++)
        configs[i] = (struct partition_config){.label = "x",
                                               .bootargs = "",
                                               .windows = windows,
                                               .window_count = ARRAY_LENGTH(windows),
                                               .vcpu_count = 1,
                                               .first_vcpu = i,
                                               .homes = homes};
    for (unsigned i = 0; i < CPU_MAX; i++)
        cpus[i].tsc_khz = 2400000;
    configs[1].label = "longest";
    config.partition_count = config.vcpu_count = 2;
    environment.svm.asid_count = 16;
    return 0;
}

static bool build(struct partition *partition, unsigned index) {
    memset(partition, 0, sizeof(*partition));
    partition->plan = plan;
    return partition_build(partition, index, &environment);
}

/* As it starts for the first time. */
static void make_partition(struct partition *partition, unsigned index) {
    assert_true(build(partition, index));
    assert_true(partition_load(partition, UINT64_MAX));
}

static int drop(void **state) {
    (void)state;
    free(memory);
    free(arena_memory);
    return 0;
}

/* Building it leaves the memory as it was; loading it clears all, and copies the segments. */
static void test_memory(void **state) {
    static struct partition partition;

    (void)state;
    assert_true(build(&partition, 0));
    for (unsigned i = 0; i < MEMORY_BYTES; i++)
        assert_int_equal(memory[i], 0xcc);
    assert_true(partition_load(&partition, UINT64_MAX));
    assert_ptr_equal(partition.config, &configs[0]);
    assert_memory_equal(memory + 0x10, "456789", 6);
    assert_memory_equal(memory + WINDOW_PAGES * PAGE_BYTES + 8, "abcdef", 6);
    memset(memory + 0x10, 0, 6);
    memset(memory + WINDOW_PAGES * PAGE_BYTES + 8, 0, 6);
    for (unsigned i = 0; i < MEMORY_BYTES; i++)
        assert_int_equal(memory[i], 0);
}

static void expect_mapped(const struct npt *npt, uint64_t gpa, const uint8_t *at, unsigned rights) {
    unsigned found_rights;
    hpa_t hpa;

    assert_true(npt_lookup(npt, GPA(gpa), &hpa, &found_rights));
    assert_int_equal(hpa.value, (uintptr_t)at);
    assert_int_equal(found_rights, rights | REACH_READ);
}

static void test_nested_pages(void **state) {
    const uint64_t absent[] = {0,           0xb8000,
                               FIRST - 1,   FIRST + WINDOW_PAGES * PAGE_BYTES,
                               GIB - 1,     GIB + 2 * PAGE_BYTES,
                               2 * GIB - 1, 2 * GIB + PAGE_BYTES};
    static struct partition partition;
    const struct npt *npt = &partition.common.npt;
    uint8_t *second = memory + WINDOW_PAGES * PAGE_BYTES;

    (void)state;
    make_partition(&partition, 0);
    for (unsigned page = 0; page < WINDOW_PAGES; page++)
        expect_mapped(npt, FIRST + page * PAGE_BYTES, memory + page * PAGE_BYTES, REACH_WRITE | REACH_EXECUTE);
    expect_mapped(npt, GIB + 5, second + 5, REACH_READ);
    expect_mapped(npt, GIB + PAGE_BYTES, second + PAGE_BYTES, REACH_WRITE);
    expect_mapped(npt, 2 * GIB, second + 2 * PAGE_BYTES, REACH_EXECUTE);
    for (unsigned i = 0; i < ARRAY_LENGTH(absent); i++) {
        unsigned rights;
        hpa_t hpa;

        assert_false(npt_lookup(npt, GPA(absent[i]), &hpa, &rights));
    }
    assert_int_equal(partition.common.vcpus[0].vmcb->control.n_cr3, npt->root.value);
}

static void test_processor(void **state) {
    static struct partition partition;
    const struct vcpu *vcpu;

    (void)state;
    make_partition(&partition, 1);
    vcpu = partition.common.vcpus;
    assert_int_equal(partition.state, PARTITION_RUNS);
    assert_null(partition.ended_by);
    assert_int_equal(partition.common.vcpu_count, 1);
    assert_int_equal(vcpu->vmcb->save.rip, FIRST);
    assert_int_equal(vcpu->vmcb->control.iopm_base_pa, (uintptr_t)partition.common.iopm);
    assert_ptr_equal(vcpu->guest.cpu, &cpus[1]);
    assert_ptr_equal(vcpu->console.console, &partition.common.console);
    assert_int_equal(vcpu->info[0], 1); /* hv/abi.h */
    assert_int_equal(vcpu->info[1], 1);
    assert_int_equal(vcpu->info[2], 2);
    assert_int_equal(vcpu->info[3], 2400000);
    assert_int_equal(vcpu->info[4], 500);
    assert_int_equal(vcpu->info[5], 0);
    assert_int_equal(vcpu->info[8], 0);
    assert_int_equal(vcpu->info[9], 1);
    for (uint32_t port = 0; port <= 0x10002; port++)
        assert_true(iopm_intercepts(partition.common.iopm, port));
}

/* Two vCPUs have everything in common but what is a processor's. */
static void test_two_vcpus(void **state) {
    static struct partition partition;
    const struct vcpu *vcpus;
    struct x2apic fresh;

    (void)state;
    configs[1].vcpu_count = 2;
    config.vcpu_count = 3;
    make_partition(&partition, 1);
    assert_int_equal(partition.common.vcpu_count, 2);
    vcpus = partition.common.vcpus;
    for (unsigned i = 0; i < 2; i++) {
        assert_ptr_equal(vcpus[i].common, &partition.common);
        assert_ptr_equal(vcpus[i].guest.cpu, &cpus[1 + i]);
        assert_int_equal(vcpus[i].asid, 2 + i);
        assert_int_equal(vcpus[i].vmcb->control.guest_asid, 2 + i);
        assert_int_equal(vcpus[i].vmcb->control.n_cr3, partition.common.npt.root.value);
        assert_int_equal(vcpus[i].vmcb->control.iopm_base_pa, (uintptr_t)partition.common.iopm);
        assert_int_equal(vcpus[i].vmcb->control.msrpm_base_pa, (uintptr_t)partition.common.msrpm);
        assert_ptr_equal(vcpus[i].console.console, &partition.common.console);
        assert_int_equal(vcpus[i].info[4], i == 0 ? 500 : 0); /* its processor's slots */
        assert_int_equal(vcpus[i].info[8], i);
        assert_int_equal(vcpus[i].info[9], 2);
        assert_ptr_equal(all_vcpus[1 + i], &vcpus[i]);
        x2apic_init(&fresh, i); /* after reset, numbered as the vCPUs are */
        assert_memory_equal(&vcpus[i].apic, &fresh, sizeof(fresh));
    }
    assert_int_equal(vcpus[0].vmcb->save.rip, FIRST);
    assert_int_equal(vcpus[1].vmcb->save.cr0, vcpus[0].vmcb->save.cr0);
}

/* Only who has "control" gets at the plans. */
static void test_control(void **state) {
    static struct partition with, without;

    (void)state;
    configs[1].control = true;
    assert_true(build(&without, 0));
    assert_true(build(&with, 1));
    assert_null(without.common.control);
    assert_ptr_equal(with.common.control, &environment.control);
    assert_ptr_equal(all_vcpus[0], without.common.vcpus);
    assert_ptr_equal(all_vcpus[1], with.common.vcpus);
}

/* All lines begin in one column, whatever the length of the own label. */
static void test_console(void **state) {
    static struct partition partition;

    (void)state;
    configs[0].devices = &devices[1];
    configs[0].device_count = 1;
    config.partition_count = 3; /* labels "x", "longest", "x" */
    make_partition(&partition, 0);
    const struct console_line *line = &partition.common.vcpus[0].console;

    assert_memory_equal(line->line + line->start, "x       | ", 10);
    assert_ptr_equal(partition.uart.line, line);
    assert_non_null(io_find(&partition.common.io, 0x3f8));
}

/* The ASID of partition `index` of `count`, and whether another has it too. */
static unsigned asid_of(unsigned index, unsigned count, bool *shared) {
    static struct partition partition;

    environment.arena = (struct arena){.next = arena_memory, .end = arena_memory + ARENA_BYTES};
    config.vcpu_count = count;
    assert_true(build(&partition, index));
    *shared = partition.common.vcpus[0].shares_asid;
    return partition.common.vcpus[0].asid;
}

/* ASID 0 is the host's; a partition is flushed when it is switched to exactly if another has its ASID. */
static void expect_asids(unsigned partition_count, unsigned asid_count) {
    unsigned asids[MANY];
    bool shared[MANY];

    environment.svm.asid_count = asid_count;
    for (unsigned i = 0; i < partition_count; i++) {
        asids[i] = asid_of(i, partition_count, &shared[i]);
        assert_in_range(asids[i], 1, asid_count - 1);
    }
    for (unsigned i = 0; i < partition_count; i++) {
        unsigned owners = 0;

        for (unsigned j = 0; j < partition_count; j++)
            owners += asids[j] == asids[i];
        assert_int_equal(shared[i], owners > 1);
        assert_true(partition_count > asid_count - 1 || !shared[i]);
    }
}

static void test_asids(void **state) {
    (void)state;
    for (unsigned partition_count = 1; partition_count <= MANY; partition_count++)
        for (unsigned asid_count = 2; asid_count <= MANY + 3; asid_count++)
            expect_asids(partition_count, asid_count);
    expect_asids(MANY, 0x8000);
}

/* With the one ASID that is left of one, everybody shares it. */
static void test_one_asid(void **state) {
    bool shared;

    (void)state;
    environment.svm.asid_count = 1;
    assert_int_equal(asid_of(0, 2, &shared), 1);
    assert_true(shared);
}

/* Whatever does not fit into the arena, the answer is no. */
static void test_small_arena(void **state) {
    static struct partition partition;
    unsigned refused = 0;

    (void)state;
    for (uint64_t bytes = 0; bytes <= ARENA_BYTES; bytes += PAGE_BYTES / 4) {
        environment.arena = (struct arena){.next = arena_memory, .end = arena_memory + bytes};
        if (build(&partition, 0))
            break;
        assert_true(environment.arena.used_up);
        refused++;
    }
    assert_false(environment.arena.used_up);
    assert_true(refused > 4 * 14); /* IOPM 3, MSRPM 2, VMCB 1, and 8 page tables at least */

    /* The screen's page needs a table of its own, which is the last thing. */
    const uint8_t *end = environment.arena.next;

    configs[0].devices = devices;
    configs[0].device_count = 1;
    environment.arena = (struct arena){.next = arena_memory, .end = arena_memory + (end - arena_memory)};
    assert_false(build(&partition, 0));
}

static void test_address(void **state) {
    const struct {
        uint64_t gpa;
        int64_t at; /* in memory; below 0: outside */
    } cases[] = {
        {FIRST, 0},
        {FIRST + WINDOW_PAGES * PAGE_BYTES - 1, WINDOW_PAGES * PAGE_BYTES - 1},
        {FIRST - 1, -1},
        {FIRST + WINDOW_PAGES * PAGE_BYTES, -1},
        {GIB + PAGE_BYTES, (WINDOW_PAGES + 1) * PAGE_BYTES},
        {2 * GIB + 1, (WINDOW_PAGES + 2) * PAGE_BYTES + 1},
        {0, -1},
        {UINT64_MAX, -1},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_ptr_equal(partition_memory(&configs[0], GPA(cases[i].gpa)),
                         cases[i].at < 0 ? NULL : memory + cases[i].at);
}

/* ---- loading, for the first time and for restarts --------------------------------------------- */

static struct device_config all_devices[] = {{.kind = DEVICE_X2APIC}, {.kind = DEVICE_CONSOLE, .port = 0x3f8}};

/* Partition 1, of two vCPUs, with devices. */
static void build_pair(struct partition *partition) {
    configs[1].vcpu_count = 2;
    config.vcpu_count = 3;
    configs[1].devices = all_devices;
    configs[1].device_count = ARRAY_LENGTH(all_devices);
    assert_true(build(partition, 1));
}

static void expect_bytes(const uint8_t *at, uint8_t byte, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(at[i], byte);
}

/* When the time is over there is nothing done, however often. */
static void test_no_time(void **state) {
    const uint64_t deadlines[] = {0, 1, 999, 1000};
    static struct partition partition, before;

    (void)state;
    build_pair(&partition);
    fake_tsc.step = 0;
    partition.common.restarts = 1;
    before = partition;
    for (unsigned i = 0; i < ARRAY_LENGTH(deadlines); i++) {
        assert_false(partition_load(&partition, deadlines[i]));
        assert_memory_equal(&partition, &before, sizeof(partition));
        expect_bytes(memory, 0xcc, MEMORY_BYTES);
    }
}

/* Time for `ticks` steps in each call; the number of calls. */
static unsigned load_by_steps(struct partition *partition, uint64_t ticks) {
    for (unsigned calls = 1;; calls++) {
        assert_in_range(calls, 1, 1000);
        if (partition_load(partition, fake_tsc.now + ticks))
            return calls;
        assert_true(vcpu_restarts(&partition->common)); /* it does not run yet */
    }
}

#define REST (ENTRY_PAGE_TABLES + SCREEN_PIECES + 2) /* steps */

/* Windows in their order, page by page; segments; vCPUs; page tables, the screen, devices, the entry. */
static void test_steps(void **state) {
    static struct partition partition;
    const unsigned steps = MEMORY_PAGES + 3 + 2 + REST;

    (void)state;
    build_pair(&partition);
    partition.common.restarts = 1;
    for (unsigned done = 1; done < steps; done++) {
        const uint64_t cleared = lower(done, MEMORY_PAGES);

        assert_false(partition_load(&partition, fake_tsc.now + 1));
        assert_true(vcpu_restarts(&partition.common));
        if (done <= MEMORY_PAGES)
            expect_bytes(memory, 0, cleared * PAGE_BYTES);
        expect_bytes(memory + cleared * PAGE_BYTES, 0xcc, (MEMORY_PAGES - cleared) * PAGE_BYTES);
        assert_int_equal(memory[0x10], done <= MEMORY_PAGES ? 0 : '4');
        assert_int_equal(partition.common.vcpus[0].vmcb->control.guest_asid, done <= MEMORY_PAGES + 3 ? 0 : 2);
        assert_int_equal(partition.common.vcpus[0].vmcb->save.rip, 0); /* which is only set in the end */
    }
    assert_true(partition_load(&partition, fake_tsc.now + 1));
    assert_false(vcpu_restarts(&partition.common));
    assert_int_equal(partition.common.vcpus[0].vmcb->save.rip, FIRST);
    assert_memory_equal(memory + 0x10, "456789", 6);
    assert_memory_equal(memory + WINDOW_PAGES * PAGE_BYTES + 8, "abcdef", 6);
    assert_int_equal(partition.common.loads, 1);
    for (unsigned ticks = 1; ticks < 2 * steps; ticks++) {
        partition.common.restarts++;
        fake_tsc.now = 1000;
        fake_tsc.step = 1;
        assert_int_equal(load_by_steps(&partition, ticks), (steps + ticks - 1) / ticks);
        assert_memory_equal(memory + 0x10, "456789", 6);
    }
}

/* Segments that are no whole number of pages, beside each other, whatever the time between is. */
static void test_long_segments(void **state) {
    static uint8_t image[6 * PAGE_BYTES], want[WINDOW_PAGES * PAGE_BYTES];
    static struct partition partition;

    (void)state;
    for (unsigned i = 0; i < sizeof(image); i++)
        image[i] = (uint8_t)(i * 7 + i / 251);
    memcpy(want + 0x123, image + 5, 2 * PAGE_BYTES + 0x345);
    memcpy(want + 0x123 + 2 * PAGE_BYTES + 0x345, image + PAGE_BYTES, PAGE_BYTES);
    assert_true(build(&partition, 0));
    partition.plan = (struct image_plan){
        .kind = IMAGE_ELF32,
        .segments = {{image, 5, 2 * PAGE_BYTES + 0x345, {FIRST + 0x123}, 2 * PAGE_BYTES + 0x345},
                     {image, PAGE_BYTES, PAGE_BYTES, {FIRST + 0x123 + 2 * PAGE_BYTES + 0x345}, PAGE_BYTES}},
        .segment_count = 2};
    for (unsigned ticks = 1; ticks < 30; ticks++) {
        memset(memory, 0xcc, MEMORY_BYTES);
        partition.common.restarts++;
        fake_tsc = (struct fake_tsc){1000, 1};
        assert_int_equal(load_by_steps(&partition, ticks), (MEMORY_PAGES + 3 + 1 + 1 + REST + ticks - 1) / ticks);
        assert_memory_equal(memory, want, sizeof(want));
    }
}

/* Modules are loaded behind the image, an empty one, too, and are listed; with each restart anew. */
static void test_modules(void **state) {
    static uint8_t long_one[PAGE_BYTES + 1] = {[0] = 'a', [PAGE_BYTES] = 'z'};
    static struct partition partition;
    const uint8_t *information = memory + 7 * PAGE_BYTES + START_AREA_INFO;

    (void)state;
    memcpy(configs[0].modules, (const char *[]){"long", "empty", "short"}, 3 * sizeof(const char *));
    configs[0].module_count = 3;
    assert_true(build(&partition, 0));
    partition.plan =
        (struct image_plan){.kind = IMAGE_MULTIBOOT,
                            .segments = {{file, 4, 6, {FIRST + 0x10}, 0x20},
                                         {long_one, 0, sizeof(long_one), {FIRST + 0x4000}, sizeof(long_one)},
                                         {other, 0, 0, {FIRST + 0x6000}, 0},
                                         {other, 0, 8, {FIRST + 0x6000}, 8}},
                            .segment_count = 4,
                            .module_count = 3};
    for (int i = 0; i < 3; i++) {
        memset(memory, 0xcc, MEMORY_BYTES);
        partition.common.restarts++;
        fake_tsc = (struct fake_tsc){1000, 1};
        assert_int_equal(load_by_steps(&partition, 1), MEMORY_PAGES + 1 + 2 + 1 + 1 + 1 + REST);
        assert_memory_equal(memory + 0x10, "456789", 6);
        assert_memory_equal(memory + 0x4000, long_one, sizeof(long_one));
        expect_bytes(memory + 0x4000 + sizeof(long_one), 0, PAGE_BYTES - 1);
        assert_memory_equal(memory + 0x6000, other, 8);
        expect_bytes(memory + 0x6008, 0, PAGE_BYTES - 8);
        assert_int_equal(load(information + 20, 4), 3);
        const uint8_t *list = memory + load(information + 24, 4) - FIRST;

        assert_string_equal(memory + load(list + 8, 4) - FIRST, "long");
        assert_string_equal(memory + load(list + 2 * 16 + 8, 4) - FIRST, "short");
    }
}

/* What a guest may have done to a vCPU that has left. */
static void soil_vcpu(struct vcpu *vcpu) {
    memset(&vcpu->vmcb->save, 0xdd, sizeof(vcpu->vmcb->save));
    vcpu->vmcb->control.tsc_offset = vcpu->vmcb->control.eventinj = 0xdd;
    memset(vcpu->xsave_area, 0xdd, 512);
    memset(vcpu->dr, 0xdd, sizeof(vcpu->dr));
    memset(vcpu->guest.registers, 0xdd, sizeof(vcpu->guest.registers));
    memset(&vcpu->apic, 0xdd, sizeof(vcpu->apic));
    vcpu->xcr0 = 7;
    vcpu->tsc_aux = 8;
    vcpu->offered = 0x41;
    vcpu->is_blocked = true;
    vcpu->last_rip = 0xdd;
    vcpu->start = (struct start){START_ASKED, 0xdd, 0xdd, true};
}

/* By itself the first vCPU alone starts, as `before` says of both. */
static void expect_vcpu(const struct vcpu *vcpu, const struct vcpu *before, const struct vmcb *vmcb,
                        const uint8_t xsave_area[512]) {
    struct x2apic apic;
    unsigned number = (unsigned)(vcpu - vcpu->common->vcpus);

    x2apic_init(&apic, number);
    assert_memory_equal(vcpu->vmcb, vmcb, sizeof(*vmcb));
    assert_memory_equal(vcpu->xsave_area, xsave_area, 512);
    assert_memory_equal(&vcpu->apic, &apic, sizeof(apic));
    assert_memory_equal(vcpu->guest.registers, before->guest.registers, sizeof(before->guest.registers));
    assert_memory_equal(vcpu->info, before->info, sizeof(before->info));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(vcpu->dr[i], 0);
    assert_int_equal(vcpu->xcr0, 1);
    assert_int_equal(vcpu->tsc_aux, 0);
    assert_int_equal(vcpu->offered, 0);
    assert_false(vcpu->is_blocked);
    assert_int_equal(vcpu->start.state, number == 0 ? START_ASKED : START_NOT_ASKED);
    assert_int_equal(vcpu->info[SHIKIRI_INFO_VCPU], number);
    assert_int_equal(vcpu->info[SHIKIRI_INFO_VCPU_COUNT], 2);
    if (number == 0)
        assert_int_equal(vcpu->last_rip, FIRST);
}

/* Whatever the guest did, in every window and to both vCPUs and the devices, it is as at first afterwards. */
static void test_restart(void **state) {
    static uint8_t first_memory[MEMORY_BYTES], first_areas[2][512];
    static struct partition partition;
    static struct vcpu first_vcpus[2];
    static struct vmcb first_vmcbs[2];
    static struct uart first_uart;
    static struct ioapic first_ioapic;
    struct common *common = &partition.common;

    (void)state;
    build_pair(&partition);
    assert_true(partition_load(&partition, UINT64_MAX));
    assert_int_equal(common->awake, 1);
    assert_int_equal(common->to_leave, 2);
    assert_false(vcpu_restarts(common));
    memcpy(first_memory, memory, MEMORY_BYTES);
    first_uart = partition.uart;
    first_ioapic = partition.ioapic;
    for (unsigned i = 0; i < 2; i++) {
        first_vcpus[i] = common->vcpus[i];
        first_vmcbs[i] = *common->vcpus[i].vmcb;
        memcpy(first_areas[i], common->vcpus[i].xsave_area, 512);
    }
    assert_int_equal(((uint32_t *)first_areas[0])[6], 0x1f80); /* MXCSR */

    for (unsigned round = 1; round < 4; round++) {
        memset(memory, 0xdd, MEMORY_BYTES);
        for (unsigned i = 0; i < 2; i++)
            soil_vcpu(&common->vcpus[i]);
        uart_write(&partition.uart, 7, 0xdd);
        ioapic_write(&partition.ioapic, 0, 0x18);
        ioapic_write(&partition.ioapic, 0x10, 0xdd);
        partition.pci_address[3] = 0xdd;
        console_put(&common->vcpus[1].console, 'x');
        common->awake = 2;
        vcpu_ask_restart(common);
        vcpu_leave(common);
        vcpu_leave(common);
        assert_int_equal(common->vcpus[0].start.state, START_ASKED);

        assert_int_equal(load_by_steps(&partition, 1), MEMORY_PAGES + 3 + 2 + REST);
        assert_memory_equal(memory, first_memory, MEMORY_BYTES);
        for (unsigned i = 0; i < 2; i++)
            expect_vcpu(&common->vcpus[i], &first_vcpus[i], &first_vmcbs[i], first_areas[i]);
        assert_memory_equal(&partition.uart, &first_uart, sizeof(first_uart));
        assert_memory_equal(&partition.ioapic, &first_ioapic, sizeof(first_ioapic));
        assert_int_equal(partition.pci_address[3], 0);
        log_expect("longest | x\n");
        assert_int_equal(common->awake, 1);
        assert_int_equal(common->to_leave, 2);
        assert_int_equal(common->restarts, round);
        assert_int_equal(common->loads, round);
        assert_int_equal(partition.state, PARTITION_RUNS);
        assert_null(partition.ended_by);
        fake_tsc.now = 1000;
    }
}

/* The image is read again: it is not taken from what the guest has of it. */
static void test_image_again(void **state) {
    static struct partition partition;

    (void)state;
    make_partition(&partition, 0);
    memset(memory, 0xdd, MEMORY_BYTES);
    file[4] = 'x';
    assert_true(partition_load(&partition, UINT64_MAX));
    file[4] = '4';
    assert_memory_equal(memory + 0x10, "x56789", 6);
}

/* Where the restart begins anew in the middle of nothing: an end of time in every place loses no step. */
static void test_interrupted(void **state) {
    static struct partition partition;
    const unsigned steps = MEMORY_PAGES + 3 + 2 + REST;

    (void)state;
    build_pair(&partition);
    for (unsigned first = 0; first < steps; first++) {
        memset(memory, 0xdd, MEMORY_BYTES);
        partition.common.restarts++;
        assert_false(partition_load(&partition, fake_tsc.now + first));
        assert_false(partition_load(&partition, fake_tsc.now)); /* a turn without time */
        assert_true(partition_load(&partition, UINT64_MAX));
        assert_int_equal(partition.step, 0);
        assert_int_equal(partition.done, 0);
        assert_memory_equal(memory + 0x10, "456789", 6);
        memset(memory + 0x10, 0, 6);
        memset(memory + WINDOW_PAGES * PAGE_BYTES + 8, 0, 6);
        expect_bytes(memory, 0, MEMORY_BYTES);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_memory, make, drop),
        cmocka_unit_test_setup_teardown(test_nested_pages, make, drop),
        cmocka_unit_test_setup_teardown(test_processor, make, drop),
        cmocka_unit_test_setup_teardown(test_two_vcpus, make, drop),
        cmocka_unit_test_setup_teardown(test_control, make, drop),
        cmocka_unit_test_setup_teardown(test_console, make, drop),
        cmocka_unit_test_setup_teardown(test_asids, make, drop),
        cmocka_unit_test_setup_teardown(test_one_asid, make, drop),
        cmocka_unit_test_setup_teardown(test_small_arena, make, drop),
        cmocka_unit_test_setup_teardown(test_address, make, drop),
        cmocka_unit_test_setup_teardown(test_no_time, make, drop),
        cmocka_unit_test_setup_teardown(test_steps, make, drop),
        cmocka_unit_test_setup_teardown(test_long_segments, make, drop),
        cmocka_unit_test_setup_teardown(test_restart, make, drop),
        cmocka_unit_test_setup_teardown(test_modules, make, drop),
        cmocka_unit_test_setup_teardown(test_image_again, make, drop),
        cmocka_unit_test_setup_teardown(test_interrupted, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
