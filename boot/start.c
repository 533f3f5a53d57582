/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of the start: see start.h.
 */
#include "boot/start.h"

#include <libfdt.h>

#include "boot/processors.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/paging.h"
#include "hv/cpu/trace.h"
#include "hv/cpu/x86.h"
#include "hv/clock.h"
#include "hv/lib/log.h"
#include "hv/interrupt.h"
#include "hv/svm/selftest.h"
#include "sched/keys.h"
#include "sched/report.h"

uint64_t entry_tsc;

__attribute__((noreturn, format(printf, 1, 2))) static void refuse(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    log_line_v("error: ", format, arguments);
    va_end(arguments);
    machine_end(MACHINE_REFUSED);
}

static void refuse_if(const char *trouble) {
    if (trouble)
        refuse("%s", trouble);
}

/* For what layout_place_arena() has reckoned with; as well aligned as the size allows. */
static void *alloc(struct boot *boot, size_t count, size_t size_bytes) {
    void *memory = arena_alloc(&boot->build.arena, count * size_bytes, size_bytes & -size_bytes);

    if (!memory)
        refuse("found too little memory for the processors, partitions and schedules");
    return memory;
}

static void emit(struct report *to, const struct finding *finding) {
    char line[512];

    report_line(finding, line, sizeof(line));
    log_line("error: %s", line);
}

static struct report report = {.emit = emit};

void start_read_loader(struct boot *boot, uint32_t magic, const void *info) {
    if (!multiboot_read(&boot->loader, magic, info))
        refuse("found no Multiboot loader's magic in EAX, want Multiboot 1 or 2; start with GRUB or qemu -kernel");
}

void start_read_options(struct boot *boot) {
    options_read(&boot->options, boot->loader.command_line, &report);
    machine_set_exit(boot->options.on_end);
    if (report.errors)
        refuse("the command line has errors, no partition is started");
}

void start_check_processors(struct boot *boot) {
    svm_read_facts(&boot->build.svm);
    refuse_if(svm_missing(&boot->build.svm));
    log_line("processor %s with SVM, nested paging, %u ASIDs%s", boot->build.svm.vendor, boot->build.svm.asid_count,
             boot->build.svm.nrip ? ", nRIP" : "");
    acpi_find_processors(&boot->processors, (struct range){0, 4 * GIB}, cpus[0].apic_id);
    if (boot->processors.missing)
        log_line("found %s; only the boot processor is known", boot->processors.missing);
}

void start_place_modules(struct boot *boot) {
    struct boot_info *loader = &boot->loader;

    if (loader->ram_count == 0)
        refuse("found no memory map with RAM above 1 MiB in the boot loader's information, want one (Multiboot 1 flag "
               "6, or the memory map tag of Multiboot 2)");
    if (loader->module_count > BOOT_MODULES_MAX)
        refuse("found %u modules, want at most %u", loader->module_count, BOOT_MODULES_MAX);
    for (unsigned i = 0; i < loader->module_count; i++)
        if (!is_aligned((uintptr_t)loader->modules[i].data, PAGE_BYTES))
            refuse("found module %s at 0x%lx, want it on a page boundary, as the Multiboot header asks",
                   loader->modules[i].name, (uintptr_t)loader->modules[i].data);
    layout_init(&boot->layout, loader->ram, loader->ram_count);
    if (!layout_place_modules(&boot->layout, modules_bytes(loader), &report))
        machine_end(MACHINE_REFUSED);
    modules_move(loader, boot->layout.modules);
}

/* The other modules stay, as the files of the system. */
void start_find_blob(struct boot *boot) {
    struct boot_info *loader = &boot->loader;

    for (unsigned i = 0; i < loader->module_count; i++) {
        struct image_file file = loader->modules[i];

        if (file.size_bytes < sizeof(fdt32_t) || fdt_magic(file.data) != FDT_MAGIC)
            loader->modules[boot->system.file_count++] = file;
        else if (boot->blob.data)
            refuse("found two modules that are device trees, want one");
        else
            boot->blob = file;
    }
    boot->system.files = loader->modules;
    if (!boot->blob.data)
        refuse("found no device tree among %u module%s, want one made by dtc from a .dts; in GRUB add \"module "
               "system.dtb\"",
               loader->module_count, loader->module_count == 1 ? "" : "s");
}

void start_find_memory(struct boot *boot) {
    struct layout *layout = &boot->layout;

    if (!layout_place_arena(layout, boot->blob.data, boot->blob.size_bytes, &report))
        machine_end(MACHINE_REFUSED);
    boot->build.arena.next = (uint8_t *)layout->arena.base;
    boot->build.arena.end = boot->build.arena.next + layout->arena.size_bytes;
}

void start_protect(struct boot *boot) {
    if (!paging_init(boot->loader.ram, boot->loader.ram_count, &boot->build.arena))
        refuse("found too little memory for the hypervisor's page tables");
}

void start_timer(struct cpu *cpu) {
    refuse_if(lapic_init(cpu));
    clock_init(cpu->tsc_khz);
}

/* What a processor needs to run guests. */
static void equip(struct boot *boot, struct cpu *cpu) {
    cpu->host_save_area = alloc(boot, 1, PAGE_BYTES);
    trace_init(cpu, alloc(boot, 1, TRACE_RING_BYTES));
}

void start_svm(struct boot *boot, struct cpu *cpu) {
    struct selftest selftest;

    equip(boot, cpu);
    svm_enable(cpu);
    cpu->has_tsc_aux = boot->build.svm.tsc_aux;
    cpu->has_ibpb = boot->build.svm.ibpb;
    if (!selftest_run(&selftest, cpu, &boot->build.arena))
        refuse("found too little memory for the self-test");
    if (!selftest.npt_in_force)
        refuse("nested paging is not in force while a guest's paging is off; this processor or emulator "
               "cannot isolate partitions");
    if (selftest.injection == SVM_INJECTION_NONE)
        refuse("neither V_IRQ nor EVENTINJ delivers an interrupt exactly once; this processor or emulator "
               "cannot run guests");
    interrupt_set_injection(selftest.injection);
    for (unsigned i = 1; i < CPU_MAX; i++)
        cpus[i] = *cpu; /* what has been found out holds for all; cpu_init() and equip() do the rest */
    log_line("self-test: nested paging in force, interrupts by %s; TSC %lu kHz",
             selftest.injection == SVM_INJECTION_V_IRQ ? "V_IRQ" : "EVENTINJ", cpu->tsc_khz);
}

void start_check_system(struct boot *boot) {
    boot->system.machine_cpus = boot->processors.count;
    system_check(&boot->system, boot->blob.data, boot->blob.size_bytes, &boot->layout.host, &boot->build.arena,
                 &report);
    if (report.errors)
        refuse("%u error%s, no partition is started", report.errors, report.errors == 1 ? "" : "s");
}

static void build_one(struct boot *boot, unsigned index) {
    const struct partition_config *config = &boot->system.config.partitions[index];
    struct partition *partition = &boot->partitions[index];

    for (unsigned i = 0; i < config->window_count; i++) {
        const struct window_config *w = &config->windows[i];

        log_line("partition %s: %lu KiB at 0x%lx is memory at 0x%lx%s%s", config->label, w->size_bytes / KIB,
                 w->gpa.value, w->hpa.value, w->writable ? "" : ", read-only", w->executable ? "" : ", no execute");
    }
    system_plan_image(&boot->system, config, &partition->plan, &report);
    if (!partition_build(partition, index, &boot->build))
        refuse("found too little memory for the tables of %s; want fewer or larger-aligned windows", config->path);
    partition_load(partition, UINT64_MAX);
}

static struct turn *turn_of(struct loop *loop, const struct boot *boot, unsigned partition) {
    for (unsigned i = 0; i < loop->runner_count; i++)
        if (loop->runners[i].partition == &boot->partitions[partition])
            return &loop->runners[i].turn;
    return NULL; /* CONFIG_NONE */
}

/*
 * A slot is switched to so long before its offset: time for an exit that is under way, and for the
 * switch, which the slot before pays for. What is left is waited for, so that slots start at their
 * offsets to the tick (docs/timing.md).
 */
#define LEAD_US        2
#define LEAD_TICKS_MIN 1200 /* where a tick is an instruction */

static uint64_t lead_ticks(void) {
    return higher(cpu_ticks(LEAD_US), LEAD_TICKS_MIN);
}

static struct plan build_plan(struct boot *boot, struct loop *loop, const struct plan_config *config) {
    struct slot *slots = alloc(boot, config->slot_count, sizeof(*slots));

    for (unsigned i = 0; i < config->slot_count; i++) {
        const struct slot_config *slot = &config->slots[i];

        slots[i] = (struct slot){
            .offset_ticks = cpu_ticks(slot->offset_us),
            .end_ticks = cpu_ticks(slot->offset_us + slot->duration_us),
            .start_ticks = lead_ticks() + cpu_ticks(slot->pad_us),
            .turn = turn_of(loop, boot, slot->partition),
            .background = turn_of(loop, boot, slot->background),
        };
    }
    return (struct plan){slots, config->slot_count};
}

static void build_loop(struct boot *boot, const struct cpu_config *config) {
    struct loop *loop = &boot->loops[config->number];
    struct plan *plans = alloc(boot, config->plan_count, sizeof(*plans));

    loop->runners = alloc(boot, config->member_count, sizeof(*loop->runners));
    loop->runner_count = config->member_count;
    for (unsigned i = 0; i < config->member_count; i++) {
        struct partition *partition = &boot->partitions[config->members[i]];
        struct vcpu *vcpu = partition->common.vcpus;

        while (vcpu->guest.cpu != &cpus[config->number])
            vcpu++;
        loop->runners[i] = (struct runner){.turn = {.wake_tsc = TURN_NEVER}, .partition = partition, .vcpu = vcpu};
    }
    for (unsigned i = 0; i < config->plan_count; i++)
        plans[i] = build_plan(boot, loop, &config->plans[i]);
    loop->schedule = (struct schedule){
        .is_cyclic = config->is_cyclic,
        .living = config->member_count,
        .round_robin = {.slot_ticks = cpu_ticks(config->slot_us)},
        .cyclic = {cpu_ticks(config->frame_us), plans, plans, &boot->agreement},
    };
}

/* The boot processor has a loop in any case: it waits for the others. */
void start_build(struct boot *boot) {
    const struct config *config = &boot->system.config;

    boot->partitions = alloc(boot, config->partition_count, sizeof(*boot->partitions));
    boot->build.config = config;
    boot->build.control = (struct control){&boot->agreement.wanted, config->plan_count,
                                           alloc(boot, config->vcpu_count, sizeof(void *)), config->vcpu_count};
    for (unsigned i = 0; i < config->partition_count; i++)
        build_one(boot, i);
    for (unsigned i = 0; i < config->cpu_count; i++)
        build_loop(boot, &config->cpus[i]);
    for (unsigned i = 0; i < CPU_MAX; i++) {
        struct loop *loop = &boot->loops[i];

        loop->cpu = i == 0 || loop->runners ? &cpus[i] : NULL;
        loop->idle_polls = boot->options.idle_polls;
        loop->end_ticks = boot->options.end_after_ms ? boot->options.end_after_ms * cpus[0].tsc_khz : INT64_MAX;
    }
    devices_show_screen(0);
    keys_init(boot->partitions, config->partition_count);
}

void start_announce(const struct boot *boot) {
    const struct config *config = &boot->system.config;

    for (unsigned i = 0; i < config->cpu_count; i++) {
        const struct cpu_config *cpu = &config->cpus[i];
        const char *plural = cpu->member_count == 1 ? "" : "s";

        if (cpu->is_cyclic)
            log_line("processor %u: %u partition%s in frames of %u us, %u plan%s", cpu->number, cpu->member_count,
                     plural, cpu->frame_us, cpu->plan_count, cpu->plan_count == 1 ? "" : "s");
        else
            log_line("processor %u: %u partition%s in turn, slots of %u us", cpu->number, cpu->member_count, plural,
                     cpu->slot_us);
    }
    log_line("%u partition%s, %u screen%s; %lu TSC ticks since entry, %lu of them for the audit",
             config->partition_count, config->partition_count == 1 ? "" : "s", devices_screen_count(),
             devices_screen_count() == 1 ? "" : "s", x86_rdtsc() - entry_tsc, boot->audit_ticks);
}

#define EPOCH_US 1000 /* until the first frame, so that every processor is in its loop by then */

void start_processors(struct boot *boot) {
    for (unsigned i = 1; i < CPU_MAX; i++) {
        if (!boot->loops[i].cpu)
            continue;
        equip(boot, &cpus[i]);
        const char *trouble = processors_start(boot->processors.apic_id[i], &boot->loops[i]);

        if (trouble)
            refuse("processor %u: %s", i, trouble);
    }
    uint64_t epoch_tsc = x86_rdtsc() + cpu_ticks(EPOCH_US);

    trace_set_epoch(epoch_tsc);
    for (unsigned i = 0; i < CPU_MAX; i++)
        boot->loops[i].schedule.cyclic.frame_tsc = epoch_tsc - lead_ticks();
    processors_go();
}

void start_summarize(const struct boot *boot) {
    report_summary(boot->loops, CPU_MAX, boot->partitions, boot->system.config.partition_count);
    if (boot->options.trace_print)
        trace_print();
}
