/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Further vCPUs: see lib.h.
 */
#include "guests/lib/lib.h"

extern const char vcpu_entry[]; /* vcpu_32.S, vcpu_64.S */

long vcpu_start(unsigned number, void *stack_end, void (*act)(uintptr_t argument), uintptr_t argument) {
    uintptr_t *stack = (uintptr_t *)stack_end - 2;

    stack[0] = (uintptr_t)act;
    stack[1] = argument;
    return hypercall_with_3(SHIKIRI_CALL_START, number, (uintptr_t)vcpu_entry, (uintptr_t)stack);
}

uint32_t info(uint32_t field) {
    return (uint32_t)hypercall(SHIKIRI_CALL_INFO, field, 0);
}
