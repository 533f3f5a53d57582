/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the device tree to plain structs: a function a kind of node, each with the
 * names it knows. What involves several nodes is in rules.c.
 */
#include "partitions/config.h"

#include <libfdt.h>

#include "hv/lib/string.h"
#include "partitions/fdt.h"
#include "partitions/rules.h"
#include "partitions/timing.h"

#define ISA_IO_SPACE 1

#define LABEL_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* A copy of the text, or "" of none. */
static const char *keep(struct dt *dt, const char *text) {
    return text ? arena_string(dt->arena, text) : "";
}

static void parse_memory(struct dt *dt, int node, struct window_config *window) {
    uint32_t reg[4], host[2];

    window->path = dt_keep_path(dt, node);
    dt_check_names(dt, node, "device_type reg host-address read-only no-execute", "");
    dt_choice(dt, node, "device_type", "memory");
    window->writable = !dt_flag(dt, node, "read-only");
    window->executable = !dt_flag(dt, node, "no-execute");
    window->fixed = dt_has(dt, node, "host-address");
    if (window->fixed && dt_cells(dt, node, "host-address", host, 2))
        window->hpa = HPA(dt_join(host));
    if (!dt_cells(dt, node, "reg", reg, 4))
        return;
    window->gpa = GPA(dt_join(reg));
    window->size_bytes = dt_join(reg + 2);
    dt_check_unit_address(dt, node, window->gpa.value);
    if (!rules_check_window(dt->report, window))
        window->size_bytes = 0; /* takes part in no further check */
}

/* A copy of the label; NULL of a wrong one, which takes part in no further check. */
static const char *check_label(const struct dt *dt, int node, const char *label) {
    size_t length = label ? strlen(label) : 0;
    bool plain = length >= 1 && length <= CONFIG_LABEL_MAX && strcmp(label, "shikiri") != 0;

    for (size_t i = 0; i < length; i++)
        plain &= strchr(LABEL_CHARACTERS, label[i]) != NULL;
    if (label && !plain)
        dt_error(dt, node, "label", "it stands in front of every line the partition prints",
                 "found \"%s\", want 1 to %d letters, digits, '.', '_' or '-', and not our own \"shikiri\"", label,
                 CONFIG_LABEL_MAX);
    return plain ? arena_string(dt->arena, label) : NULL;
}

/* Where each kind of UART may sit. */
static bool is_serial_port(int kind, uint32_t port) {
    if (kind == DEVICE_CONSOLE)
        return port == CONFIG_CONSOLE_PORT;
    return port == 0x2f8 || port == 0x3e8 || port == 0x2e8;
}

static void parse_serial(struct dt *dt, int node, struct device_config *device) {
    uint32_t reg[3];

    device->path = dt_keep_path(dt, node);
    dt_check_names(dt, node, "compatible reg", "");
    int kind = dt_choice(dt, node, "compatible", "shikiri,console ns16550a"); /* as in enum device_kind */

    if (!dt_cells(dt, node, "reg", reg, 3))
        return;
    dt_check_unit_address(dt, node, reg[1]);
    device->port = (uint16_t)reg[1];
    device->kind = (enum device_kind)kind;
    if (kind >= 0 && (reg[0] != ISA_IO_SPACE || !is_serial_port(kind, reg[1]) || reg[2] != CONFIG_UART_PORTS))
        dt_error(dt, node, "reg",
                 "COM1 belongs to the hypervisor; compatible = \"shikiri,console\" is an emulated UART on it",
                 "found <%u 0x%x %u>, want <1 0x3f8 8> for shikiri,console, or <1 PORT 8> with PORT 0x2f8, 0x3e8 or "
                 "0x2e8 for ns16550a",
                 reg[0], reg[1], reg[2]);
}

static void parse_isa(struct dt *dt, int node, struct partition_config *partition) {
    dt_check_names(dt, node, "compatible #address-cells #size-cells", "serial@");
    dt_choice(dt, node, "compatible", "isa");
    dt_expect_cells(dt, node, 2, 1);
    for (int child = -1; (child = dt_next(dt, node, "serial@", child)) >= 0;)
        parse_serial(dt, child, &partition->devices[partition->device_count++]);
}

/* Nodes that are nowhere on a bus: the name, the only compatible there is for it, and a bit for each device it means.
 */
static const struct {
    const char *name, *compatible;
    unsigned kinds;
} fixed[] = {
    {"vga", "shikiri,vga-text", 1U << DEVICE_VGA_TEXT},
    {"interrupt-controller", "shikiri,x2apic", 1U << DEVICE_X2APIC},
    {"pc", "shikiri,pc", 1U << DEVICE_X2APIC | 1U << DEVICE_CONSOLE | 1U << DEVICE_PIT | 1U << DEVICE_CMOS},
};

static void parse_fixed(struct dt *dt, int parent, struct partition_config *partition) {
    for (unsigned i = 0; i < ARRAY_LENGTH(fixed); i++) {
        int node = dt_find(dt, parent, fixed[i].name);

        if (node < 0)
            continue;
        dt_check_names(dt, node, "compatible", "");
        dt_choice(dt, node, "compatible", fixed[i].compatible);
        for (unsigned kind = 0; kind < DEVICE_KINDS; kind++)
            if (fixed[i].kinds & 1U << kind)
                partition->devices[partition->device_count++] =
                    (struct device_config){.path = dt_keep_path(dt, node), .kind = (enum device_kind)kind};
    }
}

/* A second node of a name is an error already. */
static void parse_children(struct dt *dt, int node, struct partition_config *partition) {
    int isa = dt_find(dt, node, "isa");
    unsigned devices = DEVICE_KINDS * ARRAY_LENGTH(fixed) + (isa < 0 ? 0 : dt_count(dt, isa, "serial@"));

    partition->windows =
        dt_alloc_children(dt, node, 2, 2, "memory@", "memory nodes", CONFIG_WINDOWS_MAX, sizeof(*partition->windows));
    partition->devices = dt_alloc(dt, devices, sizeof(*partition->devices));
    if (!partition->windows || !partition->devices)
        return;
    for (int child = -1; (child = dt_next(dt, node, "memory@", child)) >= 0;)
        parse_memory(dt, child, &partition->windows[partition->window_count++]);
    parse_fixed(dt, node, partition);
    if (isa >= 0)
        parse_isa(dt, isa, partition);
}

/* The name of a file, which has been read from a property. */
static const char *check_file(struct dt *dt, int node, const char *property, const char *name) {
    if (name && (*name == '\0' || strlen(name) > CONFIG_IMAGE_MAX || strchr(name, '/') || strchr(name, ' ')))
        dt_error(dt, node, property, "name the file without its folder",
                 "found \"%s\", want the name of a module, 1 to %d characters without '/' and spaces", name,
                 CONFIG_IMAGE_MAX);
    return keep(dt, name);
}

static void parse_modules(struct dt *dt, int node, struct partition_config *partition) {
    int count = fdt_stringlist_count(dt->blob, node, "modules");

    if (count == -FDT_ERR_NOTFOUND)
        return;
    if (count < 1 || count > CONFIG_MODULES_MAX) {
        dt_error(dt, node, "modules", NULL, "found %d strings, want 1 to %d", count < 0 ? 0 : count,
                 CONFIG_MODULES_MAX);
        return;
    }
    partition->module_count = (unsigned)count;
    for (int i = 0; i < count; i++)
        partition->modules[i] = check_file(dt, node, "modules", fdt_stringlist_get(dt->blob, node, "modules", i, NULL));
}

static void parse_bootargs(struct dt *dt, int node, struct partition_config *partition) {
    const char *bootargs = dt_optional_string(dt, node, "bootargs");
    size_t length = bootargs ? strlen(bootargs) : 0;

    if (length > CONFIG_BOOTARGS_MAX)
        dt_error(dt, node, "bootargs", NULL, "found %lu characters, want at most %d", length, CONFIG_BOOTARGS_MAX);
    partition->bootargs = keep(dt, length <= CONFIG_BOOTARGS_MAX ? bootargs : NULL);
}

static void parse_partition(struct dt *dt, int node, struct partition_config *partition) {
    partition->path = dt_keep_path(dt, node);
    partition->phandle = fdt_get_phandle(dt->blob, node);
    partition->control = dt_flag(dt, node, "control");
    dt_check_names(dt, node,
                   "compatible reg label image modules bootargs unowned-ports control vcpus #address-cells #size-cells",
                   "memory@ vga interrupt-controller pc isa");
    dt_choice(dt, node, "compatible", "shikiri,partition");
    dt_cell(dt, node, "reg", 0, UINT32_MAX, NULL, NULL);
    partition->label = check_label(dt, node, dt_string(dt, node, "label"));
    partition->image = check_file(dt, node, "image", dt_string(dt, node, "image"));
    parse_modules(dt, node, partition);
    parse_bootargs(dt, node, partition);
    if (dt_has(dt, node, "unowned-ports"))
        partition->fault_on_unowned_port = dt_choice(dt, node, "unowned-ports", "ignore fault") == 1;
    partition->vcpu_count = dt_has(dt, node, "vcpus") ? 0 : 1;
    if (partition->vcpu_count == 0)
        dt_cell(dt, node, "vcpus", 1, CONFIG_CPUS_MAX, "each has a processor of its own", &partition->vcpu_count);
    parse_children(dt, node, partition);
    rules_check_partition(dt->report, partition);
}

static void parse_partitions(struct dt *dt, int node, struct config *config) {
    dt_check_names(dt, node, "#address-cells #size-cells", "partition@");
    config->partitions = dt_alloc_children(dt, node, 1, 0, "partition@", "partitions", CONFIG_PARTITIONS_MAX,
                                           sizeof(*config->partitions));
    for (int child = -1; config->partitions && (child = dt_next(dt, node, "partition@", child)) >= 0;)
        parse_partition(dt, child, &config->partitions[config->partition_count++]);
}

void config_parse(struct config *config, const void *blob, size_t size_bytes, struct arena *arena,
                  struct report *report) {
    struct dt dt = {.arena = arena, .report = report};
    const int root = 0;

    *config = (struct config){.model = ""};
    if (!dt_open(&dt, blob, size_bytes))
        return;
    dt_check_names(&dt, root, "compatible model #address-cells #size-cells", "cpus schedule partitions __symbols__");
    dt_choice(&dt, root, "compatible", "shikiri,system");
    config->model = keep(&dt, dt_optional_string(&dt, root, "model"));
    int partitions = dt_child(&dt, root, "partitions");

    if (partitions >= 0)
        parse_partitions(&dt, partitions, config);
    timing_parse(&dt, root, config);
    rules_check_system(report, config);
    if (arena->used_up) /* strings and arrays may be missing */
        report_error(report, "device tree", NULL, "use fewer nodes",
                     "found too little memory for the configuration, want more");
}

const struct device_config *config_vga(const struct partition_config *partition) {
    for (unsigned i = 0; i < partition->device_count; i++)
        if (partition->devices[i].kind == DEVICE_VGA_TEXT)
            return &partition->devices[i];
    return NULL;
}

const struct window_config *config_window(const struct partition_config *partition, struct range range) {
    for (unsigned i = 0; i < partition->window_count; i++)
        if (range_contains(config_range(&partition->windows[i]), range))
            return &partition->windows[i];
    return NULL;
}
