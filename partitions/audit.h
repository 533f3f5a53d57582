/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit of live tables: reads what the processor reads - the VMCBs, and from the addresses in
 * them the nested page tables and permission maps to the last entry - and compares it with
 * what the configuration grants. It writes nothing, so it may run at any time.
 */
#pragma once

#include "partitions/certificate.h"
#include "partitions/partition.h"

struct audit_finding {
    const char *label; /* of the partition */
    char text[240];    /* "found …, want …" */
};

/*
 * What later audits look at: the partitions that were built from `config`, and the memory `tables` that is
 * the hypervisor's own, where VMCBs, maps and tables have to lie.
 */
void audit_init(const struct partition *partitions, const struct config *config, struct range tables);

/* Whether the live tables are what the configuration says; false and the first difference. */
bool audit_run(struct audit_finding *finding);

/* The certificate as the live tables give it, once audit_run() has passed them. */
struct certificate audit_certificate(void);
