/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of the start: see start.h.
 */
#include "boot/start.h"

#include "boot/modules.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/paging.h"
#include "hv/cpu/x86.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "hv/lib/string.h"
#include "hv/msr.h"
#include "hv/svm/selftest.h"

#define FDT_MAGIC_BYTES  "\xd0\x0d\xfe\xed"
#define FDT_MAGIC_LENGTH 4

__attribute__((noreturn, format(printf, 1, 2))) static void refuse(const char *format, ...) {
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    format_string_v(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_line("error: %s", text);
    machine_end(MACHINE_REFUSED);
}

static void emit(struct report *report, const struct finding *finding) {
    char line[512];

    (void)report;
    report_line(finding, line, sizeof(line));
    log_line("error: %s", line);
}

void start_read_options(struct boot *boot) {
    struct report report = {.emit = emit};

    options_read(&boot->options, boot->loader.command_line, &report);
    machine_set_exit(boot->options.on_end);
    if (report.errors)
        refuse("the command line has errors, no partition is started");
}

void start_check_processor(struct boot *boot) {
    svm_read_facts(&boot->svm);
    const char *missing = svm_missing(&boot->svm);

    if (missing)
        refuse("%s", missing);
    log_line("processor %s with SVM, nested paging, %u ASIDs%s", boot->svm.vendor, boot->svm.asid_count,
             boot->svm.nrip ? ", nRIP" : "");
}

static bool is_blob(const struct boot_module *module) {
    return module->range.size_bytes >= FDT_MAGIC_LENGTH &&
           memcmp((const void *)(uintptr_t)module->range.base, FDT_MAGIC_BYTES, FDT_MAGIC_LENGTH) == 0;
}

void start_place_modules(struct boot *boot) {
    struct boot_info *loader = &boot->loader;
    struct report report = {.emit = emit};

    if (!loader->has_memory_map)
        refuse("found no memory map in the boot loader's information, want one (Multiboot 1 flag 6, or the "
               "memory map tag of Multiboot 2)");
    if (loader->modules_dropped)
        refuse("found %u modules, want at most %u", loader->module_count + loader->modules_dropped, BOOT_MODULES_MAX);
    for (unsigned i = 0; i < loader->module_count; i++)
        if (!is_aligned(loader->modules[i].range.base, PAGE_BYTES))
            refuse("found module %s at 0x%lx, want it on a page boundary, as the Multiboot header asks",
                   loader->modules[i].name, loader->modules[i].range.base);
    layout_init(&boot->layout, loader->ram, loader->ram_count);
    if (!layout_place_modules(&boot->layout, modules_bytes(loader), &report))
        machine_end(MACHINE_REFUSED);
    modules_move(loader, boot->layout.modules);
}

void start_find_blob(struct boot *boot) {
    struct boot_info *loader = &boot->loader;

    for (unsigned i = 0; i < loader->module_count; i++) {
        if (!is_blob(&loader->modules[i]))
            continue;
        if (boot->blob)
            refuse("found two modules that are device trees, want one");
        boot->blob = &loader->modules[i];
    }
    if (!boot->blob)
        refuse("found no device tree among %u module%s, want one made by dtc from a .dts; in GRUB add \"module "
               "system.dtb\"",
               loader->module_count, loader->module_count == 1 ? "" : "s");
}

void start_find_memory(struct boot *boot) {
    struct report report = {.emit = emit};
    struct layout *layout = &boot->layout;

    if (!layout_place_arena(layout, (const void *)boot->blob->range.base, boot->blob->range.size_bytes, &report))
        machine_end(MACHINE_REFUSED);
    boot->arena.next = (uint8_t *)layout->arena.base;
    boot->arena.end = boot->arena.next + layout->arena.size_bytes;
}

void start_protect(struct boot *boot) {
    if (!paging_init(boot->loader.ram, boot->loader.ram_count, &boot->arena))
        refuse("found too little memory for the hypervisor's page tables");
}

void start_timer(struct cpu *cpu) {
    const char *missing = lapic_init(cpu);

    if (missing)
        refuse("%s", missing);
}

void start_svm(struct boot *boot, struct cpu *cpu) {
    void *host_save_area = arena_alloc(&boot->arena, PAGE_BYTES, PAGE_BYTES);
    struct selftest selftest;

    if (!host_save_area)
        refuse("found too little memory for the host save area");
    svm_enable(cpu, host_save_area);
    cpu->has_tsc_aux = msr_has_tsc_aux();
    cpu->has_ibpb = boot->svm.ibpb;
    if (!selftest_run(&selftest, cpu, &boot->arena))
        refuse("found too little memory for the self-test");
    if (!selftest.npt_in_force)
        refuse("nested paging is not in force while a guest's paging is off; this processor or emulator "
               "cannot isolate partitions");
    if (selftest.injection == SVM_INJECTION_NONE)
        refuse("neither V_IRQ nor EVENTINJ delivers an interrupt exactly once; this processor or emulator "
               "cannot run guests");
    log_line("self-test: nested paging in force, interrupts by %s; TSC %lu kHz",
             selftest.injection == SVM_INJECTION_V_IRQ ? "V_IRQ" : "EVENTINJ", cpu->tsc_khz);
}

static void list_files(struct boot *boot) {
    for (unsigned i = 0; i < boot->loader.module_count; i++) {
        const struct boot_module *module = &boot->loader.modules[i];

        if (module != boot->blob)
            boot->files[boot->system.file_count++] =
                (struct image_file){module->name, (const void *)module->range.base, module->range.size_bytes};
    }
    boot->system.files = boot->files;
}

void start_check_system(struct boot *boot) {
    struct report report = {.emit = emit};

    list_files(boot);
    system_check(&boot->system, (const void *)boot->blob->range.base, boot->blob->range.size_bytes, &boot->layout.host,
                 &boot->arena, &report);
    if (report.errors)
        refuse("%u error%s, no partition is started", report.errors, report.errors == 1 ? "" : "s");
}

static void log_windows(const struct partition_config *partition) {
    for (unsigned i = 0; i < partition->window_count; i++) {
        const struct window_config *w = &partition->windows[i];

        log_line("partition %s: %lu KiB at 0x%lx is memory at 0x%lx%s%s", partition->label, w->size_bytes / KIB,
                 w->gpa.value, w->hpa.value, w->writable ? "" : ", read-only", w->executable ? "" : ", no execute");
    }
}

static void build_one(struct boot *boot, struct loop *loop, unsigned index) {
    const struct partition_config *config = &boot->system.config.partitions[index];
    struct partition_environment environment = {loop->cpu, &boot->arena, &boot->svm, &boot->system.config};
    const struct image_file *file = system_find_image(&boot->system, config->image);
    struct report report = {.emit = emit};
    struct image_plan plan;

    log_windows(config);
    image_plan(&plan, file->data, file->size_bytes, config, &report);
    if (!partition_build(&loop->partitions[index], index, &plan, file->data, &environment))
        refuse("found too little memory for the tables of %s; want fewer or larger-aligned windows", config->path);
}

void start_build(struct boot *boot, struct loop *loop) {
    struct config *config = &boot->system.config;
    size_t align = sizeof(uint64_t);

    *loop = (struct loop){
        .cpu = &cpu_boot,
        .partition_count = config->partition_count,
        .partitions = arena_alloc(&boot->arena, config->partition_count * sizeof(struct partition), align),
        .turns = arena_alloc(&boot->arena, config->partition_count * sizeof(struct turn), align),
        .slot_ticks = config->slot_us * cpu_boot.tsc_khz / 1000,
        .trace_switches = boot->options.trace_switches,
    };
    if (!loop->partitions || !loop->turns)
        refuse("found too little memory for %u partitions", config->partition_count);
    for (unsigned i = 0; i < config->partition_count; i++)
        build_one(boot, loop, i);
    devices_show_screen(0);
}

void start_announce(const struct boot *boot) {
    const struct config *config = &boot->system.config;

    log_line("%u partition%s, %u screen%s, slots of %u us; %lu TSC ticks since entry, %lu of them for the audit",
             config->partition_count, config->partition_count == 1 ? "" : "s", devices_screen_count(),
             devices_screen_count() == 1 ? "" : "s", config->slot_us, x86_rdtsc() - entry_tsc, boot->audit_ticks);
}
