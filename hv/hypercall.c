/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guests may call: a row a hypercall. The interface is hv/abi.h; everything in
 * the registers is the guest's choice and is checked here.
 */
#include "hv/cpu/x86.h"
#include "hv/exits.h"

typedef enum verdict call_fn(struct vcpu *vcpu, uint64_t first, uint64_t second);

static enum verdict answer(struct vcpu *vcpu, int64_t result) {
    vcpu->vmcb->save.rax = (uint64_t)result;
    return VERDICT_RESUME;
}

static enum verdict call_info(struct vcpu *vcpu, uint64_t field, uint64_t unused) {
    return answer(vcpu, field < SHIKIRI_INFO_COUNT ? (int64_t)vcpu->info[field] : SHIKIRI_ERROR_ARGUMENT);
}

static enum verdict call_yield(struct vcpu *vcpu, uint64_t first, uint64_t second) {
    answer(vcpu, 0);
    return VERDICT_YIELD;
}

/* No further than to the end of the page. A slot that ends ends the writing, too, behind the first byte at the
 * earliest. */
static enum verdict call_console_write(struct vcpu *vcpu, uint64_t gpa, uint64_t length_bytes) {
    const uint8_t *bytes = npt_memory(&vcpu->common->npt, GPA(gpa), REACH_READ);
    uint64_t end = lower(length_bytes, PAGE_BYTES - gpa % PAGE_BYTES), done = 0;

    if (length_bytes == 0)
        return answer(vcpu, 0);
    if (length_bytes > SHIKIRI_CONSOLE_WRITE_MAX || !bytes)
        return answer(vcpu, SHIKIRI_ERROR_ARGUMENT);
    do
        console_put(&vcpu->console, bytes[done++]);
    while (done < end && x86_rdtsc() < vcpu->guest.cpu->slot_end_tsc);
    return answer(vcpu, (int64_t)done);
}

static enum verdict call_shutdown(struct vcpu *vcpu, uint64_t status, uint64_t unused) {
    vcpu->status = status;
    return VERDICT_SHUTDOWN;
}

static enum verdict call_plan(struct vcpu *vcpu, uint64_t plan, uint64_t unused) {
    const struct control *control = vcpu->common->control;

    if (!control)
        return answer(vcpu, SHIKIRI_ERROR_DENIED);
    if (plan >= control->plan_count)
        return answer(vcpu, SHIKIRI_ERROR_ARGUMENT);
    __atomic_store_n(control->wanted_plan, (unsigned)plan, __ATOMIC_RELEASE);
    return answer(vcpu, 0);
}

static enum verdict call_start(struct vcpu *vcpu, uint64_t number, uint64_t entry) {
    struct common *common = vcpu->common;
    bool started = number < common->vcpu_count &&
                   vcpu_ask_start(&common->vcpus[number], entry, exit_operand(vcpu, REGISTER_RDX), false);

    return answer(vcpu, started ? 0 : SHIKIRI_ERROR_ARGUMENT);
}

#define EXITS(n)    SHIKIRI_STATISTIC_EXITS(0, n)
#define EXITS_CODES 0xffff00UL

/* The place of a statistic in its vCPU, NULL when there is none. */
static const uint64_t *find_statistic(const struct vcpu *vcpu, uint64_t statistic) {
    static const uint32_t offsets[SHIKIRI_STATISTIC_COUNT] = {
        [SHIKIRI_STATISTIC_PARTITION] = offsetof(struct vcpu, info[SHIKIRI_INFO_PARTITION]),
        [SHIKIRI_STATISTIC_RUN_TICKS] = offsetof(struct vcpu, times.run_ticks),
        [SHIKIRI_STATISTIC_STOLEN_TICKS] = offsetof(struct vcpu, times.stolen_ticks),
        [SHIKIRI_STATISTIC_SWITCHES] = offsetof(struct vcpu, info[SHIKIRI_INFO_SWITCHES]),
        [SHIKIRI_STATISTIC_STARTS] = offsetof(struct vcpu, times.starts),
        [SHIKIRI_STATISTIC_LATE_TICKS] = offsetof(struct vcpu, times.late_ticks),
        [SHIKIRI_STATISTIC_LATE_TICKS_MAX] = offsetof(struct vcpu, times.late_ticks_max),
    };
    const struct exit_cost *cost = &vcpu->costs[exit_row((statistic & EXITS_CODES) >> 8)];
    uint64_t n = statistic & ~EXITS_CODES;

    if (statistic < SHIKIRI_STATISTIC_COUNT)
        return (const uint64_t *)((const uint8_t *)vcpu + offsets[statistic]);
    if (n >= EXITS(0) && n < EXITS(ARRAY_LENGTH(cost->counts)))
        return &cost->counts[n - EXITS(0)];
    return n == SHIKIRI_STATISTIC_EXIT_TICKS_MAX(0) ? &cost->max_ticks : NULL;
}

/* Another processor may be counting. */
static enum verdict call_statistic(struct vcpu *vcpu, uint64_t number, uint64_t statistic) {
    const struct control *control = vcpu->common->control;

    if (!control)
        return answer(vcpu, SHIKIRI_ERROR_DENIED);
    const uint64_t *value = number < control->vcpu_count ? find_statistic(control->vcpus[number], statistic) : NULL;

    return answer(vcpu, value ? (int64_t)__atomic_load_n(value, __ATOMIC_RELAXED) : SHIKIRI_ERROR_ARGUMENT);
}

static call_fn *const calls[SHIKIRI_CALL_COUNT] = {
    [SHIKIRI_CALL_INFO] = call_info,
    [SHIKIRI_CALL_YIELD] = call_yield,
    [SHIKIRI_CALL_CONSOLE_WRITE] = call_console_write,
    [SHIKIRI_CALL_SHUTDOWN] = call_shutdown,
    [SHIKIRI_CALL_PLAN] = call_plan,
    [SHIKIRI_CALL_STATISTIC] = call_statistic,
    [SHIKIRI_CALL_START] = call_start,
};

enum verdict hypercall_exit(struct vcpu *vcpu) {
    struct vmcb_save *save = &vcpu->vmcb->save;
    uint32_t number = (uint32_t)save->rax;

    exit_advance(vcpu, LENGTH_VMMCALL);
    if (save->cpl != 0)
        return answer(vcpu, SHIKIRI_ERROR_DENIED);
    if (number >= SHIKIRI_CALL_COUNT)
        return answer(vcpu, SHIKIRI_ERROR_CALL);
    return calls[number](vcpu, exit_operand(vcpu, REGISTER_RDI), exit_operand(vcpu, REGISTER_RSI));
}
