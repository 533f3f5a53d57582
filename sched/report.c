/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports: see report.h.
 */
#include "sched/report.h"

#include "hv/cpu/panic.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/x86.h"
#include "hv/lib/log.h"
#include "partitions/audit.h"

void report_stop(const struct partition *partition) {
    const struct vcpu *vcpu = &partition->vcpu;
    const char *label = partition->config->label;

    switch (partition->state) {
    case PARTITION_HALTED:
        log_line("partition %s halted for ever: HLT with interrupts off at rip 0x%lx", label, vcpu->vmcb->save.rip - 1);
        break;
    case PARTITION_ENDED:
        log_line("partition %s ended with status %ld", label, (long)vcpu->status);
        break;
    case PARTITION_FAULTED:
        log_line("partition %s faulted: exit %s at rip 0x%lx", label, exit_name(exit_row(vcpu->vmcb->control.exitcode)),
                 vcpu->vmcb->save.rip);
        exit_describe(vcpu);
        vcpu_dump(vcpu);
        break;
    case PARTITION_RUNS:
        break;
    }
}

static const char *state_name(enum partition_state state) {
    static const char *const names[] = {"runs", "halted", "ended", "faulted"};

    return names[state];
}

static void print_exits(const struct vcpu *vcpu) {
    for (unsigned row = 0; row < EXIT_ROWS; row++)
        if (vcpu->exits[row])
            log_print(" %s %lu", exit_name(row), vcpu->exits[row]);
    if (vcpu->io.unowned)
        log_print(" (ports nobody owns: %lu)", vcpu->io.unowned);
    log_print("\n");
}

/* In microseconds; the seconds a run lasts times the TSC's rate fit easily. */
static uint64_t to_us(const struct loop *loop, uint64_t ticks) {
    return ticks * 1000 / loop->cpu->tsc_khz;
}

void report_summary(const struct loop *loop) {
    uint64_t total = x86_rdtsc() - loop->started_tsc;

    log_line("all partitions stopped after %lu us, %lu switch%s, %lu us idle", to_us(loop, total), loop->switches,
             loop->switches == 1 ? "" : "es", to_us(loop, loop->idle_ticks));
    log_line("%-15s %-7s %12s %9s  exits", "partition", "state", "run time us", "switches");
    if (trap_nmi_count)
        log_line("%lu NMI%s came, which nobody asked for", trap_nmi_count, trap_nmi_count == 1 ? "" : "s");
    for (unsigned i = 0; i < loop->partition_count; i++) {
        const struct partition *p = &loop->partitions[i];

        log_print("shikiri: %-15s %-7s %12lu %9lu ", p->config->label, state_name(p->state), to_us(loop, p->run_ticks),
                  p->vcpu.info[SHIKIRI_INFO_SWITCHES]);
        print_exits(&p->vcpu);
    }
}

void report_certificate(char hash[SHA256_HEX_DIGITS + 1]) {
    struct audit_finding finding;

    if (!audit_run(&finding))
        panic("audit of partition %s: %s", finding.label, finding.text);
    certificate_hash(audit_certificate(), hash);
    log_line("certificate %s", hash);
}
