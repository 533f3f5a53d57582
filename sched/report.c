/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports: see report.h.
 */
#include "sched/report.h"

#include "hv/cpu/panic.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/x86.h"
#include "hv/exits.h"
#include "hv/lib/format.h"
#include "hv/lib/log.h"
#include "partitions/audit.h"

#define NAME_MAX   24 /* characters */
#define POWERS_MAX 512

void report_stop(struct runner *runner) {
    const struct partition *partition = runner->partition;
    struct vcpu *vcpu = runner->vcpu;
    const char *label = partition->config->label;
    char by[16];

    console_flush(&vcpu->console);
    if (partition->ended_by != vcpu)
        return;
    format_string(by, sizeof(by), vcpu->common->vcpu_count > 1 ? ", by vCPU %lu" : "", vcpu->info[SHIKIRI_INFO_VCPU]);
    if (partition->state == PARTITION_HALTED)
        log_line("partition %s halted for ever: HLT with interrupts off at rip 0x%lx%s", label,
                 vcpu->vmcb->save.rip - 1, by);
    else if (partition->state == PARTITION_ENDED)
        log_line("partition %s ended with status %ld%s", label, (long)vcpu->status, by);
    else if (partition->state == PARTITION_FAULTED)
        log_line("partition %s faulted: exit %s at rip 0x%lx%s", label,
                 exit_entries[exit_row(vcpu->vmcb->control.exitcode)].name, vcpu->vmcb->save.rip, by);
}

void report_details(struct runner *runner) {
    if (runner->partition->ended_by != runner->vcpu || runner->partition->state != PARTITION_FAULTED)
        return;
    exit_describe(runner->vcpu);
    vcpu_dump(runner->vcpu);
}

/* In microseconds; the seconds a run lasts times the TSC's rate fit easily. */
static uint64_t to_us(uint64_t ticks) {
    return ticks * 1000 / cpus[0].tsc_khz;
}

/* The label, and the number behind it where a partition has several. */
static const char *name_vcpu(const struct partition *p, const struct vcpu *vcpu, char name[NAME_MAX]) {
    format_string(name, NAME_MAX, p->common.vcpu_count > 1 ? "%s/%lu" : "%s", p->config->label,
                  vcpu->info[SHIKIRI_INFO_VCPU]);
    return name;
}

static const char *const states[] = {"runs", "halted", "ended", "faulted"};

void report_partition(const struct partition *partition, char letter, uint64_t ticks) {
    const struct common *common = &partition->common;
    uint64_t run_ticks = 0;

    for (unsigned i = 0; i < common->vcpu_count; i++)
        run_ticks += common->vcpus[i].times.run_ticks;
    log_line("%s %-15s %-7s %3lu %% of a processor", (char[]){letter, '\0'}, partition->config->label,
             states[partition->state], run_ticks * 100 / ticks);
}

static void report_vcpu(const struct partition *p, const struct vcpu *vcpu) {
    char name[NAME_MAX];

    log_line("%-15s %-7s %12lu %12lu %9lu %14lu", name_vcpu(p, vcpu, name), states[p->state],
             to_us(vcpu->times.run_ticks), to_us(vcpu->times.stolen_ticks), vcpu->info[SHIKIRI_INFO_SWITCHES],
             vcpu->unowned);
}

/* Exits of one kind: how many, and the powers of two that their costs lie in. */
static void report_exit(const struct partition *p, const struct vcpu *vcpu, unsigned row) {
    const struct exit_cost *cost = &vcpu->costs[row];
    char name[NAME_MAX], powers[POWERS_MAX] = "";
    uint64_t count = 0;
    size_t at = 0;

    for (unsigned i = 0; i < ARRAY_LENGTH(cost->counts); i++) {
        if (cost->counts[i])
            at += format_string(powers + at, sizeof(powers) - at, " 2^%u %lu", i, cost->counts[i]);
        count += cost->counts[i];
    }
    if (count)
        log_line("%-15s %-11s %9lu %9lu %s", name_vcpu(p, vcpu, name), exit_entries[row].name, count, cost->max_ticks,
                 powers);
}

/* With frames also the slots that its vCPUs started. */
static void report_processor(const struct loop *loop) {
    uint64_t switches = 0, starts = 0, late_ticks = 0, late_ticks_max = 0;

    for (unsigned i = 0; i < loop->runner_count; i++) {
        const struct vcpu *vcpu = loop->runners[i].vcpu;

        switches += vcpu->info[SHIKIRI_INFO_SWITCHES];
        starts += vcpu->times.starts;
        late_ticks += vcpu->times.late_ticks;
        late_ticks_max = higher(late_ticks_max, vcpu->times.late_ticks_max);
    }
    log_line("processor %u: %lu switches, %lu us idle", loop->cpu->index, switches, to_us(loop->idle_ticks));
    if (loop->schedule.is_cyclic)
        log_line("processor %u: %lu frames, %lu slots started, %lu missed, %lu spent on output; late by %lu ticks at "
                 "most, %lu on average",
                 loop->cpu->index, loop->schedule.cyclic.frame + 1, starts, loop->schedule.cyclic.missed,
                 loop->output_slots, late_ticks_max, starts ? late_ticks / starts : 0);
}

void report_summary(const struct loop *loops, unsigned loop_count, const struct partition *partitions,
                    unsigned partition_count) {
    uint64_t total = x86_rdtsc() - loops[0].started_tsc;
    bool one_runs = false;

    for (unsigned i = 0; i < partition_count; i++)
        one_runs |= partitions[i].state == PARTITION_RUNS;
    log_line("%s after %lu us", one_runs ? "the run ended" : "all partitions stopped", to_us(total));
    for (unsigned i = 0; i < loop_count; i++)
        if (loops[i].cpu)
            report_processor(&loops[i]);
    if (trap_nmi_count)
        log_line("%lu NMI%s came, which nobody asked for", trap_nmi_count, trap_nmi_count == 1 ? "" : "s");
    log_line("%-15s %-7s %12s %12s %9s  unowned ports", "partition", "state", "run time us", "stolen us", "switches");
    for (unsigned i = 0; i < partition_count; i++)
        for (unsigned j = 0; j < partitions[i].common.vcpu_count; j++)
            report_vcpu(&partitions[i], &partitions[i].common.vcpus[j]);
    log_line("%-15s %-11s %9s %9s  ticks and how many exits took them", "partition", "exit", "count", "at most");
    for (unsigned i = 0; i < partition_count; i++)
        for (unsigned j = 0; j < partitions[i].common.vcpu_count; j++)
            for (unsigned row = 0; row < EXIT_ROWS; row++)
                report_exit(&partitions[i], &partitions[i].common.vcpus[j], row);
}

const char *report_certificate(void) {
    static char hash[SHA256_HEX_DIGITS + 1];
    struct audit_finding finding;

    if (!audit_run(&finding))
        panic("audit of partition %s: %s", finding.label, finding.text);
    certificate_hash(audit_certificate(), hash);
    log_line("certificate %s", hash);
    return hash;
}
