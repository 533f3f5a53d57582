/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated I/O APIC: see ioapic.h. Several vCPUs of a partition may be here at once: what they write then is
 * theirs to sort out, and no index goes beyond the pins.
 */
#include "hv/dev/ioapic.h"

#define SELECT        0x00 /* offsets in the page */
#define WINDOW        0x10
#define ID            0x00 /* registers behind the window */
#define VERSION       0x01
#define REDIRECTION   0x10
#define ID_MASK       0x0f000000U
#define VERSION_VALUE (0x11U | (IOAPIC_PINS - 1) << 16)
#define MASKED        (1ULL << 16)
#define READ_ONLY     0x5000U /* delivery status, remote IRR */

void ioapic_reset(struct ioapic *ioapic) {
    ioapic->select = ioapic->id = ioapic->lines = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        ioapic->redirections[pin] = MASKED;
}

void ioapic_set(struct ioapic *ioapic, unsigned pin, bool up) {
    uint32_t bit = 1U << pin;

    if (!up)
        __atomic_fetch_and(&ioapic->lines, ~bit, __ATOMIC_SEQ_CST);
    else if (!(__atomic_fetch_or(&ioapic->lines, bit, __ATOMIC_SEQ_CST) & bit) && !(ioapic->redirections[pin] & MASKED))
        ioapic->deliver(ioapic->owner, ioapic->redirections[pin]);
}

/* Halves of entries, the lower first; NULL behind the last. */
static uint32_t *half(const struct ioapic *ioapic, uint32_t number) {
    return number - REDIRECTION < 2 * IOAPIC_PINS ? (uint32_t *)ioapic->redirections + (number - REDIRECTION) : NULL;
}

uint32_t ioapic_read(const struct ioapic *ioapic, unsigned offset) {
    uint32_t number = ioapic->select;
    const uint32_t *entry = half(ioapic, number);

    if (offset != WINDOW)
        return offset == SELECT ? number : 0;
    if (entry)
        return *entry;
    return number == VERSION ? VERSION_VALUE : number == ID ? ioapic->id : 0;
}

void ioapic_write(struct ioapic *ioapic, unsigned offset, uint32_t value) {
    uint32_t number = ioapic->select, *entry = half(ioapic, number);

    if (offset == SELECT)
        ioapic->select = value & 0xff;
    else if (offset == WINDOW && entry)
        *entry = (number & 1) ? value : value & ~READ_ONLY;
    else if (offset == WINDOW && number == ID)
        ioapic->id = value & ID_MASK;
}
