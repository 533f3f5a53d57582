/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI's configuration mechanism: see pci.h. Nothing is writable but the address, bytes of which may come one by one.
 */
#include "hv/dev/pci.h"

#define DATA     PCI_ADDRESS_BYTES /* offset of the port */
#define ENABLE   0x80
#define REGISTER 0xfc
#define ABSENT   0xff

/* Vendor and device are nobody's. The class is a host bridge. */
static const uint8_t bridge[] = {'S', 'H', 'K', 'I', 0, 0, 0, 0, 0, 0, 0, 6};

uint8_t pci_read(void *device, unsigned offset) {
    const uint8_t *address = device;
    unsigned number = (address[0] & REGISTER) + offset - DATA;

    if (offset < DATA)
        return address[offset];
    if (address[3] != ENABLE || address[2] || address[1])
        return ABSENT;
    return number < sizeof(bridge) ? bridge[number] : 0;
}

enum verdict pci_write(void *device, unsigned offset, uint8_t value) {
    if (offset < DATA)
        ((uint8_t *)device)[offset] = value;
    return VERDICT_RESUME;
}
