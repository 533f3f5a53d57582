/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI's configuration mechanism 1 (PCI Local Bus Specification 3.0, "Configuration Space") of a bus with nothing but
 * its host bridge: what an operating system looks for before it believes that there is no device.
 */
#pragma once

#include "hv/io.h"

#define PCI_PORT  0xcf8 /* address, data */
#define PCI_PORTS 8

#define PCI_ADDRESS_BYTES 4

/* The device is its address register, PCI_ADDRESS_BYTES. */
io_read_fn pci_read;
io_write_fn pci_write;
