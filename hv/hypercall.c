/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What guests may call: a row a hypercall. The interface is hv/abi.h; everything in
 * the registers is the guest's choice and is checked here.
 */
#include "hv/abi.h"
#include "hv/exits.h"
#include "hv/vcpu.h"

/* Sets *result, or leaves it alone where the call does not return. */
typedef enum verdict call_fn(struct vcpu *vcpu, uint64_t first, uint64_t second, int64_t *result);

static enum verdict call_info(struct vcpu *vcpu, uint64_t field, uint64_t unused, int64_t *result)
{
    (void)unused;
    *result = field < SHIKIRI_INFO_COUNT ? (int64_t)vcpu->info[field] : SHIKIRI_ERROR_ARGUMENT;
    return VERDICT_RESUME;
}

static enum verdict call_yield(struct vcpu *vcpu, uint64_t first, uint64_t second, int64_t *result)
{
    (void)vcpu;
    (void)first;
    (void)second;
    *result = 0;
    return VERDICT_YIELD;
}

/* Whether all of it leads somewhere; at most two pages, as CONSOLE_WRITE_MAX is less than one. */
static bool is_mapped(const struct npt *npt, uint64_t gpa, uint64_t length_bytes)
{
    hpa_t hpa;
    unsigned rights;

    return npt_lookup(npt, GPA(gpa), &hpa, &rights) && npt_lookup(npt, GPA(gpa + length_bytes - 1), &hpa, &rights);
}

static enum verdict call_console_write(struct vcpu *vcpu, uint64_t gpa, uint64_t length_bytes, int64_t *result)
{
    *result = SHIKIRI_ERROR_ARGUMENT;
    if (length_bytes > SHIKIRI_CONSOLE_WRITE_MAX || gpa >= NPT_GPA_LIMIT - SHIKIRI_CONSOLE_WRITE_MAX)
        return VERDICT_RESUME;
    if (length_bytes > 0 && !is_mapped(&vcpu->npt, gpa, length_bytes))
        return VERDICT_RESUME;
    for (uint64_t i = 0; i < length_bytes; i++) {
        hpa_t hpa;
        unsigned rights;

        npt_lookup(&vcpu->npt, GPA(gpa + i), &hpa, &rights);
        console_put(vcpu->console, *(const uint8_t *)(uintptr_t)hpa.value);
    }
    *result = (int64_t)length_bytes;
    return VERDICT_RESUME;
}

static enum verdict call_shutdown(struct vcpu *vcpu, uint64_t status, uint64_t unused, int64_t *result)
{
    (void)unused;
    (void)result;
    vcpu->status = status;
    return VERDICT_SHUTDOWN;
}

static call_fn *const calls[SHIKIRI_CALL_COUNT] = {
    [SHIKIRI_CALL_INFO] = call_info,
    [SHIKIRI_CALL_YIELD] = call_yield,
    [SHIKIRI_CALL_CONSOLE_WRITE] = call_console_write,
    [SHIKIRI_CALL_SHUTDOWN] = call_shutdown,
};

/* Arguments of a caller outside 64-bit mode have 32 bits. */
static uint64_t argument(const struct vcpu *vcpu, unsigned number)
{
    uint64_t value = vcpu->guest.registers[number];

    return (vcpu->vmcb->save.cs.attributes & SEGMENT_LONG) ? value : (uint32_t)value;
}

enum verdict hypercall_exit(struct vcpu *vcpu)
{
    struct vmcb_save *save = &vcpu->vmcb->save;
    uint32_t number = (uint32_t)save->rax;
    enum verdict verdict = VERDICT_RESUME;
    int64_t result = 0;

    if (save->cpl != 0)
        result = SHIKIRI_ERROR_DENIED;
    else if (number >= SHIKIRI_CALL_COUNT)
        result = SHIKIRI_ERROR_CALL;
    else
        verdict = calls[number](vcpu, argument(vcpu, REGISTER_RDI), argument(vcpu, REGISTER_RSI), &result);
    save->rax = (uint64_t)result;
    exit_advance(vcpu);
    return verdict;
}
