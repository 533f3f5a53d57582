/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system that was checked, as the parts that show it need it.
 */
#pragma once

#include "partitions/layout.h"
#include "partitions/system.h"
#include "tools/checker/board.h"
#include "tools/checker/problems.h"

struct checked {
    const struct board *board;
    struct layout layout;
    struct system system;
};

/* A piece of the machine's memory and whose it is. */
struct piece {
    struct range range;
    const char *name;
    int partition;                      /* its number, -1 for the hypervisor's own, -2 for RAM that nobody has */
    const struct window_config *window; /* NULL where it is none */
};

#define PIECE_HYPERVISOR (-1)
#define PIECE_FREE       (-2)

/* All RAM of the board as pieces in order of address, free ones between; returns their number. */
unsigned checked_pieces(const struct checked *checked, struct piece **pieces);

#define CHECKED_SIZE_CHARS 24

/* "384 KiB", "16 MiB", "203.7 MiB": exact where that is short. */
const char *checked_size(uint64_t size_bytes, char text[CHECKED_SIZE_CHARS]);

/* The name of a partition's vCPU on a processor: the label, and behind it /NUMBER where there are several. */
const char *checked_vcpu(const struct partition_config *partition, const struct cpu_config *cpu);

/* A device of the partition of that number, in words. */
const char *checked_device(const struct config *config, unsigned partition, const struct device_config *device);

/* Part of its processor's time that a partition has, by the first plan or in turn. */
double checked_share(const struct cpu_config *cpu, unsigned partition);

/* What is legal but odd; and what of it is about schedules. */
void checked_warn(const struct checked *checked, struct problems *problems);
void checked_warn_time(const struct checked *checked, struct problems *problems);

typedef void checked_show_fn(const struct checked *checked, FILE *to);

/* How much of each processor is used, and by whom; nothing where that is one processor in turn. */
void checked_print_shares(const struct config *config, FILE *to);

/* The system as tables: partitions, memory, devices, schedule. */
checked_show_fn checked_print;

/* The memory map and the schedule as a picture. */
checked_show_fn checked_draw;

/* All of it as one JSON object; `certificate` is the system's hash, or NULL where there is none. */
void checked_print_json(const struct checked *checked, const struct problems *problems, const char *certificate,
                        FILE *to);
