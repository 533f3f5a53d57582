/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition that runs: built once from its configuration, its placed memory and
 * its image. What can be wrong has been checked by then.
 */
#pragma once

#include "hv/dev/uart.h"
#include "hv/dev/vga.h"
#include "hv/svm/svm.h"
#include "hv/vcpu.h"
#include "partitions/image.h"

enum partition_state {
    PARTITION_RUNS,
    PARTITION_HALTED,  /* for ever: HLT with interrupts off */
    PARTITION_ENDED,   /* by its own shutdown */
    PARTITION_FAULTED, /* stopped for what it did */
};

struct partition {
    struct common common; /* with the vCPUs */
    const struct partition_config *config;
    struct uart uart;
    struct vga vga;
    enum partition_state state;
    struct vcpu *ended_by; /* whose doing the state is; NULL while the partition runs */
};

/* What all partitions of a system are built with. */
struct partition_environment {
    struct control control; /* its vCPUs are filled in */
    struct arena arena;
    struct svm_facts svm;
    const struct config *config;
};

/*
 * Builds partition `index` of the configuration: memory cleared and loaded by `plan`,
 * nested page table, devices, first vCPU at the entry point. False when the arena is used up.
 */
bool partition_build(struct partition *partition, unsigned index, const struct image_plan *plan,
                     struct partition_environment *environment);

/* Where the byte at `gpa` lies, NULL outside the windows. What a window holds is contiguous. */
void *partition_memory(const struct partition_config *config, gpa_t gpa);
