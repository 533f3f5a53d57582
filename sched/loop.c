/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop: see loop.h. GIF is 0 all the time but while a pending interrupt is taken
 * or the processor sleeps, and IF stays 1, as VMRUN wants it (APM vol. 2, "Global
 * Interrupt Flag").
 */
#include "sched/loop.h"

#include "hv/cpu/lapic.h"
#include "hv/cpu/serial.h"
#include "hv/cpu/trace.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/x86.h"
#include "hv/interrupt.h"
#include "hv/lib/log.h"
#include "sched/keys.h"
#include "sched/report.h"

#define KEYS_CPU       0     /* the processor that looks at keys */
#define POLL_US        10000 /* from one look to the next */
#define POLL_SOON_US   500   /* while somebody types */
#define CHORE_US       10    /* what has to be left of an idle time for a chore, and of a turn for a step of loading */
#define LOAD_TICKS_MIN 4000  /* for the latter, where a tick is an instruction or less */
#define DETAILS_US     100   /* and for the details of a fault */
#define SPINS          64    /* of a processor that polls, between two PAUSEs */

static unsigned loops_over; /* of all processors */

/* In the trace: it began at `from_tsc` and is over now. */
static uint64_t note(const struct loop *loop, uint64_t from_tsc, unsigned event, unsigned subject) {
    uint64_t now_tsc = x86_rdtsc();

    trace_put(loop->cpu, now_tsc, now_tsc - from_tsc, event, subject);
    return now_tsc - from_tsc;
}

/* Only here does state move that a plain exit leaves alone. */
static void switch_to(struct loop *loop, struct runner *runner) {
    struct vcpu *vcpu = runner->vcpu;

    if (loop->loaded == runner)
        return;
    uint64_t from_tsc = x86_rdtsc();

    if (loop->loaded)
        vcpu_save(loop->loaded->vcpu);
    vcpu_load(vcpu);
    loop->loaded = runner;
    note(loop, from_tsc, TRACE_SWITCH, vcpu->subject);
    vcpu->info[SHIKIRI_INFO_SWITCHES]++;
}

/* A slot starts at its due time to the tick, unless something made it late. */
static void start_slot(struct loop *loop, struct vcpu *vcpu, uint64_t due_tsc) {
    struct vcpu_times *times = &vcpu->times;

    while (x86_rdtsc() < due_tsc)
        ;
    uint64_t late_ticks = note(loop, due_tsc, TRACE_TURN, vcpu->subject);

    vcpu->info[SHIKIRI_INFO_SLOT_TSC] = due_tsc;
    vcpu->info[SHIKIRI_INFO_PLAN] = (uint64_t)(loop->schedule.cyclic.plan - loop->schedule.cyclic.plans);
    times->starts++;
    times->late_ticks += late_ticks;
    times->late_ticks_max = higher(times->late_ticks_max, late_ticks);
}

/* A partition that is restarted is loaded in the turns of its first vCPU. */
__attribute__((cold)) static enum verdict load_guest(struct loop *loop, struct runner *runner, uint64_t until_tsc) {
    uint64_t step_ticks = higher(cpu_ticks(CHORE_US), LOAD_TICKS_MIN), now_tsc;

    loop->loaded = NULL; /* what it is made of may be reset by now */
    while ((now_tsc = x86_rdtsc()) + step_ticks < until_tsc &&
           __atomic_load_n(&loop->cpu->attend_tsc, __ATOMIC_ACQUIRE)) {
        if (!partition_load(runner->partition, lower(now_tsc + step_ticks, until_tsc - step_ticks)))
            continue;
        runner->state = RUNNER_RUNS;
        log_line("partition %s starts anew", runner->partition->config->label);
        __atomic_store_n(&runner->vcpu->common->console.position, serial_written(), __ATOMIC_RELAXED);
        break;
    }
    return VERDICT_PREEMPT;
}

/* What the partition printed goes out in its own time, before it goes on. */
static enum verdict run(struct loop *loop, struct runner *runner, const struct decision *decision) {
    struct vcpu *vcpu = runner->vcpu;

    loop->cpu->slot_end_tsc = decision->until_tsc;
    __atomic_store_n(&loop->cpu->turn_of, ((struct runner *)decision->owner)->vcpu, __ATOMIC_SEQ_CST);
    if (!serial_send(vcpu->common->console.position, decision->until_tsc)) {
        loop->output_slots += decision->due_tsc != 0;
        return VERDICT_PREEMPT;
    }
    if (runner->state == RUNNER_LOADS)
        return load_guest(loop, runner, decision->until_tsc);
    interrupt_arm(vcpu);
    if (decision->due_tsc != 0)
        start_slot(loop, vcpu, decision->due_tsc);
    else
        trace_put(loop->cpu, x86_rdtsc(), 0, TRACE_TURN, vcpu->subject);
    return vcpu_run(vcpu);
}

static void retire(struct loop *loop, struct runner *runner) {
    runner->state = RUNNER_STOPPED;
    loop->unreported++;
}

/* It stops by its own doing, and the first vCPU to do so ends its partition. */
__attribute__((cold)) static enum turn_end stop(struct loop *loop, struct runner *runner, enum partition_state state) {
    struct vcpu *nobody = NULL, *vcpu = runner->vcpu;

    if (state == PARTITION_FAULTED)
        trace_put(loop->cpu, x86_rdtsc(), 0, TRACE_FAULT, vcpu->subject);
    if (__atomic_compare_exchange_n(&runner->partition->ended_by, &nobody, vcpu, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
        runner->partition->state = state;
        vcpu_end_all(vcpu->common);
    }
    vcpu_save(vcpu); /* by the time of the report another one may be loaded */
    retire(loop, runner);
    return TURN_STOPS;
}

/* With interrupts off a vCPU waits for nothing but another start. When all do, none can come. */
__attribute__((cold)) static enum turn_end halt_for_ever(struct loop *loop, struct runner *runner) {
    if (__atomic_sub_fetch(&runner->vcpu->common->awake, 1, __ATOMIC_RELAXED) == 0)
        return stop(loop, runner, PARTITION_HALTED);
    loop->loaded = NULL;
    vcpu_reset(runner->vcpu); /* for that start, but in the own time */
    runner->state = RUNNER_WAITS;
    __atomic_store_n(&runner->vcpu->start.state, START_HALTED, __ATOMIC_RELEASE);
    return TURN_HALTS;
}

/* What a verdict means. */
static enum turn_end judge(struct loop *loop, struct runner *runner, enum verdict verdict) {
    switch (verdict) {
    case VERDICT_RESUME:
    case VERDICT_PREEMPT:
        return TURN_SPENT;
    case VERDICT_YIELD:
        return TURN_YIELDS;
    case VERDICT_HALT:
        return (runner->vcpu->vmcb->save.rflags & RFLAGS_IF) ? TURN_HALTS : halt_for_ever(loop, runner);
    case VERDICT_RESTART:
        vcpu_ask_restart(runner->vcpu->common);
        return TURN_SPENT;
    case VERDICT_SHUTDOWN:
        return stop(loop, runner, PARTITION_ENDED);
    case VERDICT_FAULT:
        return stop(loop, runner, PARTITION_FAULTED);
    }
    return TURN_STOPS;
}

static bool is_left(uint64_t until_tsc, uint64_t us) {
    return x86_rdtsc() + cpu_ticks(us) < until_tsc;
}

/* One step of a report that there is time for; false when there is none. */
__attribute__((cold)) static bool report_next(struct loop *loop, uint64_t until_tsc) {
    for (unsigned i = 0; i < loop->runner_count; i++) {
        struct runner *runner = &loop->runners[i];
        bool is_new = runner->state == RUNNER_STOPPED;

        if ((is_new || runner->state == RUNNER_TOLD) && is_left(until_tsc, is_new ? CHORE_US : DETAILS_US)) {
            (is_new ? report_stop : report_details)(runner);
            loop->unreported -= ++runner->state == RUNNER_OVER;
            return true;
        }
    }
    return false;
}

/* What is done in time that is nobody's, until `until_tsc`: reports, keys, and output that is still to be sent. */
static void do_chores(struct loop *loop, uint64_t now_tsc, uint64_t until_tsc) {
    while (loop->unreported > 0 && report_next(loop, until_tsc))
        ;
    if (loop->cpu->index != KEYS_CPU || now_tsc < loop->next_poll_tsc || !is_left(until_tsc, 2UL * CHORE_US))
        return;
    loop->next_poll_tsc = now_tsc + cpu_ticks(keys_poll() ? POLL_SOON_US : POLL_US);
    serial_send(serial_written(), now_tsc + cpu_ticks(2UL * CHORE_US));
}

/* With IF=0 an interrupt that came while GIF was 0 still waits, and STI lets none in before HLT. */
static void halt(struct loop *loop, uint64_t until_tsc) {
    lapic_arm(loop->cpu, until_tsc);
    x86_cli();
    x86_stgi();
    x86_sti_hlt();
    x86_clgi();
}

/* PAUSE gives other processors their turn where an emulator runs one after the other, which takes it long. */
static void poll(struct loop *loop, uint64_t until_tsc) {
    for (unsigned i = 1; x86_rdtsc() < until_tsc && __atomic_load_n(&loop->cpu->attend_tsc, __ATOMIC_ACQUIRE); i++)
        if (i % SPINS == 0)
            x86_pause();
    x86_open_gif();
}

__attribute__((cold)) static void idle(struct loop *loop, uint64_t from_tsc, uint64_t until_tsc) {
    loop->cpu->slot_end_tsc = until_tsc;
    do_chores(loop, from_tsc, until_tsc);
    serial_send(serial_written(), until_tsc);
    __atomic_store_n(&loop->cpu->turn_of, NULL, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&loop->cpu->attend_tsc, __ATOMIC_SEQ_CST) == 0) /* from now on they send an interrupt, too */
        return;
    if (loop->idle_polls)
        poll(loop, until_tsc);
    else
        halt(loop, until_tsc);
    loop->idle_ticks += note(loop, from_tsc, TRACE_IDLE, 0);
}

static void take_turn(struct loop *loop, uint64_t now_tsc, const struct decision *decision) {
    struct runner *runner = (struct runner *)decision->turn;
    struct vcpu *vcpu = runner->vcpu;
    struct vcpu_times *times = &vcpu->times;
    uint64_t busy_ticks = now_tsc - loop->idle_ticks; /* others steal no time that was idle */

    if (times->waits_since)
        times->stolen_ticks += busy_ticks - times->waits_since;
    switch_to(loop, runner);
    enum turn_end end = judge(loop, runner, run(loop, runner, decision));

    if (runner->state == RUNNER_WAITS)
        runner->turn.wake_tsc = TURN_NEVER;
    else if (end == TURN_HALTS)
        runner->turn.wake_tsc = vcpu->common->has_apic ? interrupt_alarm_tsc(vcpu) : decision->until_tsc;
    uint64_t run_ticks = note(loop, now_tsc, TRACE_TURN_END + end, vcpu->subject);

    times->run_ticks += run_ticks;
    times->waits_since = end == TURN_SPENT ? busy_ticks + run_ticks : 0;
    schedule_return(&loop->schedule, decision, end);
}

/* For its partition's restart. What the processor holds of its state is nobody's. */
__attribute__((cold)) static void leave(struct loop *loop, struct runner *runner) {
    schedule_halt(&loop->schedule, &runner->turn);
    if (loop->loaded == runner)
        loop->loaded = NULL;
    runner->state = RUNNER_WAITS;
    runner->restarts++;
    runner->vcpu->times.waits_since = 0;
    vcpu_leave(runner->vcpu->common);
}

/*
 * Does what other processors have asked for: to start vCPUs, to stop them as their partition ends, or to wake them for
 * an interrupt. They can have it look once a decision at most. The first vCPU of a partition starts at the first look.
 * False when the run is over.
 */
static bool attend(struct loop *loop, uint64_t now_tsc) {
    uint64_t end_tsc = loop->started_tsc + loop->end_ticks;

    (void)__atomic_exchange_n(&loop->cpu->attend_tsc, end_tsc, __ATOMIC_ACQ_REL); /* before it looks */
    for (unsigned i = 0; i < loop->runner_count; i++) {
        struct runner *runner = &loop->runners[i];

        if (runner->state > RUNNER_RUNS)
            continue;
        if (__atomic_load_n(&runner->vcpu->common->ends, __ATOMIC_ACQUIRE)) {
            schedule_stop(&loop->schedule, &runner->turn);
            retire(loop, runner);
        } else if (runner->restarts != __atomic_load_n(&runner->vcpu->common->restarts, __ATOMIC_ACQUIRE)) {
            leave(loop, runner);
        } else if (runner->state == RUNNER_WAITS && vcpu_take_start(runner->vcpu)) {
            schedule_wake(&loop->schedule, &runner->turn);
            runner->state = runner->restarts != __atomic_load_n(&runner->vcpu->common->loads, __ATOMIC_ACQUIRE)
                                ? RUNNER_LOADS /* which cannot have ended before this one left */
                                : RUNNER_RUNS;
        } else if (runner->state == RUNNER_RUNS && x2apic_pending(&runner->vcpu->apic)) {
            schedule_wake(&loop->schedule, &runner->turn);
        }
    }
    return now_tsc < end_tsc && loop->schedule.living > 0;
}

void loop_run(struct loop *loop) {
    const struct cyclic *cyclic = &loop->schedule.cyclic;

    trap_leave_tss();
    loop->started_tsc = x86_rdtsc();
    x86_clgi();
    x86_sti();
    while (loop->schedule.living > 0) {
        uint64_t now_tsc = x86_rdtsc();

        if (now_tsc >= __atomic_load_n(&loop->cpu->attend_tsc, __ATOMIC_RELAXED) && !attend(loop, now_tsc))
            break;
        if (!loop->schedule.is_cyclic) /* in a frame, only idle time is nobody's */
            do_chores(loop, now_tsc, UINT64_MAX);
        struct decision decision = schedule_next(&loop->schedule, now_tsc);

        if (loop->schedule.is_cyclic && cyclic->frame_tsc != loop->frame_tsc) {
            loop->frame_tsc = cyclic->frame_tsc;
            trace_put(loop->cpu, x86_rdtsc(), (uint64_t)(cyclic->plan - cyclic->plans), TRACE_FRAME, 0);
        }
        if (decision.turn)
            take_turn(loop, now_tsc, &decision);
        else
            idle(loop, now_tsc, decision.until_tsc);
    }
    do_chores(loop, x86_rdtsc(), UINT64_MAX);
    __atomic_fetch_add(&loops_over, 1, __ATOMIC_ACQ_REL);
    while (loop->cpu->index == KEYS_CPU && __atomic_load_n(&loops_over, __ATOMIC_ACQUIRE) < cpu_count)
        idle(loop, x86_rdtsc(), x86_rdtsc() + cpu_ticks(POLL_US));
    x86_cli();
    x86_stgi();
    loop->cpu->slot_end_tsc = 0;
}
