/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The steps of boot/main.c. Each leaves its results in struct boot for the next; one
 * that finds something missing says so and ends the run.
 */
#pragma once

#include "boot/acpi.h"
#include "boot/multiboot.h"
#include "boot/options.h"
#include "partitions/devices.h"
#include "partitions/layout.h"
#include "partitions/system.h"
#include "sched/loop.h"

struct boot {
    struct boot_info loader;
    struct options options;
    struct image_file blob; /* the module that is a device tree */
    struct layout layout;
    struct system system;
    struct processors processors;
    struct partition *partitions;
    struct partition_environment build;
    struct agreement agreement; /* on the plan in force */
    struct loop loops[CPU_MAX]; /* by processor number; without a cpu where the configuration names none */
    uint64_t audit_ticks;       /* what certify_system() took */
};

/* When all this began; set by boot/entry.S. */
extern uint64_t entry_tsc;

void start_read_loader(struct boot *boot, uint32_t magic, const void *info);
void start_read_options(struct boot *boot);
void start_check_processors(struct boot *boot);
void start_place_modules(struct boot *boot);
void start_find_blob(struct boot *boot);
void start_find_memory(struct boot *boot);
void start_protect(struct boot *boot);
void start_timer(struct cpu *cpu);
void start_svm(struct boot *boot, struct cpu *cpu);
void start_check_system(struct boot *boot);

/* Builds the partitions, and the processors' loops with what they need to run them. */
void start_build(struct boot *boot);

/* The last lines before the first guest runs: how much there is, and how long the start took. */
void start_announce(const struct boot *boot);

/* Starts the other processors. From then on all of them run. */
void start_processors(struct boot *boot);

void start_summarize(const struct boot *boot);

/*
 * Audits what start_build() has made and prints the certificate's hash. A certificate that is not the one the
 * user gave ends the run before any partition has started.
 */
void certify_system(struct boot *boot);
