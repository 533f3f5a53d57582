/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition that runs: built once from its configuration, its placed memory and
 * its image. What can be wrong has been checked by then.
 */
#pragma once

#include "hv/dev/cmos.h"
#include "hv/dev/pci.h"
#include "hv/dev/pit.h"
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
    struct ioapic ioapic;
    uint8_t pci_address[PCI_ADDRESS_BYTES];
    struct pit pit;
    struct cmos cmos;
    enum partition_state state;
    struct vcpu *ended_by; /* whose doing the state is; NULL while the partition runs */
    struct image_plan plan;
    unsigned step; /* of loading it */
    uint64_t done; /* bytes of that step's */
};

/* What all partitions of a system are built with. */
struct partition_environment {
    struct control control; /* its vCPUs are filled in */
    struct arena arena;
    struct svm_facts svm;
    const struct config *config;
};

/*
 * Builds partition `index` of the configuration, but for what partition_load() does: nested page table, vCPUs,
 * devices. False when the arena is used up.
 */
bool partition_build(struct partition *partition, unsigned index, struct partition_environment *environment);

/*
 * Makes the partition start from its image, which is planned: memory cleared and loaded, vCPUs and devices as after
 * reset, the first vCPU at the entry point. It works until `until_tsc`, and a step longer; false when there is more to
 * do.
 */
bool partition_load(struct partition *partition, uint64_t until_tsc);

/* Where the byte at `gpa` lies, NULL outside the windows. What a window holds is contiguous. */
void *partition_memory(const struct partition_config *config, gpa_t gpa);
