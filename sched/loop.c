/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop: see loop.h. GIF is 0 all the time but while a pending interrupt is taken
 * or the processor sleeps, and IF stays 1, as VMRUN wants it (APM vol. 2, "Global
 * Interrupt Flag").
 */
#include "sched/loop.h"

#include "hv/cpu/lapic.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/x86.h"
#include "hv/lib/log.h"
#include "sched/keys.h"
#include "sched/report.h"

#define POLLS_PER_SECOND 100

/* Only here does state move that a plain exit leaves alone. */
static void switch_to(struct loop *loop, struct partition *partition) {
    if (loop->loaded == partition)
        return;
    if (loop->loaded)
        vcpu_save(&loop->loaded->vcpu);
    vcpu_load(&partition->vcpu);
    loop->loaded = partition;
    loop->switches++;
    partition->vcpu.info[SHIKIRI_INFO_SWITCHES]++;
    if (loop->trace_switches)
        log_line("switch %lu tsc %lu to %s", loop->switches, x86_rdtsc(), partition->config->label);
}

/* A timer that fires a tick early, or one left over from the slot before, ends nothing. */
static enum verdict run_until(struct loop *loop, struct partition *partition, uint64_t until_tsc) {
    enum verdict verdict;

    do {
        lapic_arm(loop->cpu, until_tsc);
        verdict = vcpu_run(&partition->vcpu);
    } while (verdict == VERDICT_PREEMPT && x86_rdtsc() < until_tsc);
    return verdict;
}

static void stop(struct partition *partition, enum partition_state state) {
    partition->state = state;
    console_flush(&partition->console);
    report_stop(partition);
}

/* A guest that halts with interrupts off waits for nothing that can come. */
static bool halts_for_ever(const struct partition *partition) {
    return !(partition->vcpu.vmcb->save.rflags & RFLAGS_IF);
}

static void act(struct loop *loop, struct turn *turn, enum verdict verdict, uint64_t slot_end_tsc) {
    struct partition *partition = &loop->partitions[turn - loop->turns];

    switch (verdict) {
    case VERDICT_RESUME:
    case VERDICT_PREEMPT:
    case VERDICT_YIELD:
        schedule_add(&loop->schedule, turn);
        break;
    case VERDICT_HALT:
        if (halts_for_ever(partition))
            stop(partition, PARTITION_HALTED);
        else
            schedule_halt(&loop->schedule, turn, slot_end_tsc);
        break;
    case VERDICT_SHUTDOWN:
        stop(partition, PARTITION_ENDED);
        break;
    case VERDICT_FAULT:
        stop(partition, PARTITION_FAULTED);
        break;
    }
}

/* With IF=0 an interrupt that came while GIF was 0 still waits, and STI lets none in before HLT. */
static void sleep_until(struct loop *loop, uint64_t until_tsc) {
    uint64_t from = x86_rdtsc();

    lapic_arm(loop->cpu, until_tsc);
    x86_cli();
    x86_stgi();
    x86_sti_hlt();
    x86_clgi();
    loop->idle_ticks += x86_rdtsc() - from;
}

static void poll_keys(struct loop *loop, uint64_t now_tsc) {
    if (now_tsc < loop->next_poll_tsc)
        return;
    loop->next_poll_tsc = now_tsc + loop->cpu->tsc_khz * 1000 / POLLS_PER_SECOND;
    keys_poll();
}

void loop_run(struct loop *loop) {
    trap_leave_tss();
    schedule_init(&loop->schedule, loop->slot_ticks);
    for (unsigned i = 0; i < loop->partition_count; i++)
        schedule_add(&loop->schedule, &loop->turns[i]);
    loop->started_tsc = x86_rdtsc();
    x86_clgi();
    x86_sti();
    for (;;) {
        poll_keys(loop, x86_rdtsc());

        uint64_t now_tsc = x86_rdtsc();
        uint64_t until_tsc;
        struct turn *turn;
        enum schedule_state state = schedule_next(&loop->schedule, now_tsc, &turn, &until_tsc);

        if (state == SCHEDULE_OVER)
            break;
        if (state == SCHEDULE_IDLE) {
            sleep_until(loop, until_tsc);
            continue;
        }
        struct partition *partition = &loop->partitions[turn - loop->turns];

        switch_to(loop, partition);
        enum verdict verdict = run_until(loop, partition, until_tsc);

        partition->run_ticks += x86_rdtsc() - now_tsc;
        act(loop, turn, verdict, until_tsc);
    }
    x86_cli();
    x86_stgi();
}
