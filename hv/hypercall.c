/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guests may call: a row a hypercall. The interface is hv/abi.h; everything in
 * the registers is the guest's choice and is checked here.
 */
#include "hv/abi.h"
#include "hv/exits.h"
#include "hv/vcpu.h"

typedef enum verdict call_fn(struct vcpu *vcpu, uint64_t first, uint64_t second);

static enum verdict answer(struct vcpu *vcpu, int64_t result) {
    vcpu->vmcb->save.rax = (uint64_t)result;
    return VERDICT_RESUME;
}

static enum verdict call_info(struct vcpu *vcpu, uint64_t field, uint64_t unused) {
    (void)unused;
    return answer(vcpu, field < SHIKIRI_INFO_COUNT ? (int64_t)vcpu->info[field] : SHIKIRI_ERROR_ARGUMENT);
}

static enum verdict call_yield(struct vcpu *vcpu, uint64_t first, uint64_t second) {
    (void)first;
    (void)second;
    answer(vcpu, 0);
    return VERDICT_YIELD;
}

/* Whether all of it leads somewhere; at most two pages, as CONSOLE_WRITE_MAX is less than one. */
static bool is_mapped(const struct npt *npt, uint64_t gpa, uint64_t length_bytes) {
    hpa_t hpa;
    unsigned rights;

    return npt_lookup(npt, GPA(gpa), &hpa, &rights) && npt_lookup(npt, GPA(gpa + length_bytes - 1), &hpa, &rights);
}

static enum verdict call_console_write(struct vcpu *vcpu, uint64_t gpa, uint64_t length_bytes) {
    if (length_bytes > SHIKIRI_CONSOLE_WRITE_MAX || gpa >= NPT_GPA_LIMIT - SHIKIRI_CONSOLE_WRITE_MAX ||
        (length_bytes > 0 && !is_mapped(&vcpu->npt, gpa, length_bytes)))
        return answer(vcpu, SHIKIRI_ERROR_ARGUMENT);
    for (uint64_t i = 0; i < length_bytes; i++) {
        hpa_t hpa;
        unsigned rights;

        npt_lookup(&vcpu->npt, GPA(gpa + i), &hpa, &rights);
        console_put(vcpu->console, *(const uint8_t *)(uintptr_t)hpa.value);
    }
    return answer(vcpu, (int64_t)length_bytes);
}

static enum verdict call_shutdown(struct vcpu *vcpu, uint64_t status, uint64_t unused) {
    (void)unused;
    vcpu->status = status;
    return VERDICT_SHUTDOWN;
}

static call_fn *const calls[SHIKIRI_CALL_COUNT] = {
    [SHIKIRI_CALL_INFO] = call_info,
    [SHIKIRI_CALL_YIELD] = call_yield,
    [SHIKIRI_CALL_CONSOLE_WRITE] = call_console_write,
    [SHIKIRI_CALL_SHUTDOWN] = call_shutdown,
};

enum verdict hypercall_exit(struct vcpu *vcpu) {
    struct vmcb_save *save = &vcpu->vmcb->save;
    uint32_t number = (uint32_t)save->rax;
    /* Arguments of a caller outside 64-bit mode have 32 bits. */
    uint64_t width = (save->cs.attributes & SEGMENT_LONG) ? UINT64_MAX : UINT32_MAX;

    exit_advance(vcpu, LENGTH_VMMCALL);
    if (save->cpl != 0)
        return answer(vcpu, SHIKIRI_ERROR_DENIED);
    if (number >= SHIKIRI_CALL_COUNT)
        return answer(vcpu, SHIKIRI_ERROR_CALL);
    return calls[number](vcpu, vcpu->guest.registers[REGISTER_RDI] & width,
                         vcpu->guest.registers[REGISTER_RSI] & width);
}
