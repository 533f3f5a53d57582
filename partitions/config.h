/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as plain structs: what config_parse() makes of a device-tree
 * blob. Nothing in here points into the blob.
 */
#pragma once

#include "hv/lib/arena.h"
#include "hv/lib/range.h"
#include "hv/lib/report.h"

#define CONFIG_SLOT_US_MIN     50
#define CONFIG_SLOT_US_MAX     1000000
#define CONFIG_DURATION_US_MIN 20 /* of a slot in a frame */
#define CONFIG_FRAME_US_MIN    100
#define CONFIG_FRAME_US_MAX    10000000
#define CONFIG_PAD_US_MAX      100
#define CONFIG_PLANS_MAX       8
#define CONFIG_SLOTS_MAX       64 /* per plan */
#define CONFIG_CPUS_MAX        16
#define CONFIG_NONE            UINT32_MAX
#define CONFIG_PARTITIONS_MAX  256
#define CONFIG_WINDOWS_MAX     16   /* per partition */
#define CONFIG_LABEL_MAX       15   /* characters */
#define CONFIG_IMAGE_MAX       63   /* characters */
#define CONFIG_MODULES_MAX     4    /* per partition */
#define CONFIG_BOOTARGS_MAX    2047 /* characters */
#define CONFIG_VGA_SCREENS_MAX 8
#define CONFIG_CONSOLE_PORT    0x3f8 /* where a shikiri,console sits */
#define CONFIG_UART_PORTS      8
#define CONFIG_GPA_LIMIT       (1UL << 39) /* what one PML4 entry of the nested page table covers */

#define LARGE_PAGE (2 * MIB) /* what windows of that size and more are placed and mapped by */

/* The page that a partition's screen takes in its guest-physical memory. */
#define VGA_TEXT_RANGE ((struct range){0xb8000, PAGE_BYTES})

struct window_config {
    const char *path; /* of the memory node */
    gpa_t gpa;
    uint64_t size_bytes; /* 0 where something about it was reported */
    hpa_t hpa;           /* given when `fixed`, else set by memory_place() */
    bool fixed;          /* the node has host-address */
    bool placed;         /* memory_place() has found a place */
    bool writable;       /* the node lacks read-only */
    bool executable;     /* the node lacks no-execute */
};

enum device_kind {
    DEVICE_CONSOLE,  /* shikiri,console: an emulated 16550A on the multiplexer */
    DEVICE_UART,     /* ns16550a: the machine's own, passed through */
    DEVICE_VGA_TEXT, /* shikiri,vga-text */
    DEVICE_X2APIC,   /* shikiri,x2apic: a local APIC for each vCPU */
    DEVICE_PIT,      /* only of shikiri,pc, as the next */
    DEVICE_CMOS,
    DEVICE_KINDS
};

struct device_config {
    const char *path;
    enum device_kind kind;
    uint16_t port; /* of a DEVICE_UART: the first of CONFIG_UART_PORTS */
};

struct cpu_config;

struct partition_config {
    const char *path;
    const char *label;
    const char *image;                       /* name of the Multiboot module */
    const char *modules[CONFIG_MODULES_MAX]; /* the same */
    unsigned module_count;
    const char *bootargs; /* "" where the node has none */
    struct window_config *windows;
    unsigned window_count;
    struct device_config *devices;
    unsigned device_count;
    bool fault_on_unowned_port;
    bool control;                    /* it may switch plans and read statistics */
    uint32_t phandle;                /* 0 where nothing refers to it */
    unsigned vcpu_count;             /* 0 where something about it was reported */
    unsigned first_vcpu;             /* number of its first one among all of the system */
    const struct cpu_config **homes; /* of each vCPU, by their numbers */
};

/* A stretch of the major frame in which one partition runs. */
struct slot_config {
    const char *path;
    uint32_t offset_us, duration_us;
    uint32_t pad_us;     /* it starts exactly so long after its offset; 0: as soon as it can */
    unsigned partition;  /* numbers count as in config.partitions */
    unsigned background; /* what runs while the partition idles, or CONFIG_NONE: nobody */
};

struct plan_config {
    const char *path;
    struct slot_config *slots; /* by offset, without overlaps */
    unsigned slot_count;
};

/* One processor and its schedule. */
struct cpu_config {
    const char *path; /* of the schedule's node */
    uint32_t number;  /* 0 is the boot processor */
    bool is_cyclic;
    uint32_t slot_us;  /* round robin */
    uint32_t frame_us; /* cyclic */
    struct plan_config *plans;
    unsigned plan_count;
    unsigned *members; /* the partitions that the schedule names, each once */
    unsigned member_count;
};

struct config {
    const char *model; /* "" where the root has none */
    struct cpu_config *cpus;
    unsigned cpu_count;
    struct partition_config *partitions;
    unsigned partition_count;
    unsigned vcpu_count; /* of all partitions */
    unsigned plan_count; /* on every processor with frames; 0 without any */
};

/* Where the window lies in guest-physical memory. */
static inline struct range config_range(const struct window_config *window) {
    return (struct range){window->gpa.value, window->size_bytes};
}

/* The window that holds all of a range, or NULL. */
const struct window_config *config_window(const struct partition_config *partition, struct range range);

/* The partition's screen, whose page replaces its RAM, or NULL. */
const struct device_config *config_vga(const struct partition_config *partition);

/*
 * Checks the blob of `size_bytes` at `blob` and fills `config`, with all strings and
 * arrays from `arena`. Every problem goes to `report`; `config` may be used only when
 * none was reported. Running out of the arena is reported too.
 */
void config_parse(struct config *config, const void *blob, size_t size_bytes, struct arena *arena,
                  struct report *report);
