/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices.c: what each device gives a partition, and whose screen is shown. Screens are numbered
 * over the whole system, so that these tests follow one another.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/clock.h"
#include "hv/dev/power.h"
#include "hv/interrupt.h"
#include "hv/svm/iopm.h"
#include "partitions/devices.h"
#include "tests/host/fake_screen.h"
#include "tests/host/log_capture.h"
#include "tests/host/npt_lookup.h"
#include "tests/host/test.h"

#define ARENA_PAGES 16
#define COM2        0x2f8

static struct partition partitions[SCREEN_PAGES];
static struct device_config vga_only = {.path = "/vga", .kind = DEVICE_VGA_TEXT};
static const struct partition_config with_vga = {.devices = &vga_only, .device_count = 1};

static uint8_t *memory;
static uint8_t iopm[IOPM_BYTES];
static struct arena arena;
static struct vcpu vcpus[2];

/* A partition with nothing but an empty nested page table, whose arena has `pages`. */
static struct partition *make(unsigned index, const struct partition_config *config, unsigned pages) {
    struct partition *partition = &partitions[index];

    free(memory);
    memory = aligned_alloc(PAGE_BYTES, ARENA_PAGES * PAGE_BYTES);
    arena = (struct arena){.next = memory, .end = memory + pages * PAGE_BYTES};
    *partition = (struct partition){.config = config, .common = {.iopm = iopm, .vcpus = vcpus, .vcpu_count = 2}};
    for (unsigned i = 0; i < 2; i++)
        console_init(&vcpus[i].console, i ? "b" : "a", 1, &partition->common.console);
    memset(iopm, 0xff, IOPM_BYTES);
    assert_true(npt_init(&partition->common.npt, &arena, true));
    return partition;
}

/* As a partition is loaded. */
static void reset(struct partition *partition) {
    for (unsigned i = 0; i < partition->common.vcpu_count; i++)
        console_flush(&partition->common.vcpus[i].console);
    for (unsigned piece = 0; piece < SCREEN_PIECES; piece++)
        devices_clear_screen(partition, piece);
    devices_reset(partition);
}

static const struct io_range *range_of(const struct partition *partition, uint16_t port) {
    return io_find(&partition->common.io, port);
}

static void test_none(void **state) {
    const struct partition_config config = {.fault_on_unowned_port = true}, ignoring = {0};
    struct partition *partition = make(0, &config, ARENA_PAGES);

    (void)state;
    assert_true(devices_attach(partition));
    assert_true(partition->common.io.fault_on_unowned);
    assert_int_equal(partition->common.io.range_count, 0);
    partition = make(0, &ignoring, ARENA_PAGES);
    assert_true(devices_attach(partition));
    reset(partition);
    assert_false(partition->common.io.fault_on_unowned);
    assert_null(partition->uart.line); /* so that it is no console that can be in focus (keys.c) */
    assert_int_equal(devices_screen_count(), 0);
    devices_show_screen(0); /* there is none */
    assert_int_equal(fake_screen.shows, 0);
}

static void test_serial(void **state) {
    struct device_config devices[] = {{"/uart", DEVICE_UART, COM2}, {"/console", DEVICE_CONSOLE, 0x3f8}};
    const struct partition_config config = {.devices = devices, .device_count = 2};
    struct partition *partition = make(0, &config, ARENA_PAGES);

    (void)state;
    assert_true(devices_attach(partition));
    for (uint32_t port = 0; port < 0x10000; port++)
        assert_int_equal(iopm_intercepts(iopm, port), port < COM2 || port >= COM2 + 8);
    assert_null(range_of(partition, COM2));
    assert_null(range_of(partition, 0x3f7));
    assert_null(range_of(partition, 0x400));
    for (uint16_t port = 0x3f8; port < 0x400; port++) {
        assert_ptr_equal(range_of(partition, port)->device, &partition->uart);
        assert_int_equal(range_of(partition, port)->first, 0x3f8);
    }
    reset(partition);
    assert_ptr_equal(partition->uart.line, &vcpus[0].console);
    assert_null(partition->common.ioapic); /* without local APICs nobody reaches it, and all its pins stay masked */
    assert_int_equal(devices_screen_count(), 0);
}

/* The partition has local APICs, an I/O APIC, whose messages go to all of them, and the registers for power and PCI. */
static void test_x2apic(void **state) {
    struct device_config device = {.path = "/interrupt-controller", .kind = DEVICE_X2APIC};
    const struct partition_config config = {.devices = &device, .device_count = 1}, without = {0};
    struct partition *partition = make(0, &without, ARENA_PAGES);

    (void)state;
    assert_true(devices_attach(partition));
    assert_false(partition->common.has_apic);
    assert_null(partition->common.ioapic);
    partition = make(0, &config, ARENA_PAGES);
    assert_true(devices_attach(partition));
    reset(partition);
    assert_true(partition->common.has_apic);
    assert_ptr_equal(partition->common.ioapic, &partition->ioapic);
    assert_ptr_equal(partition->ioapic.deliver, interrupt_deliver);
    assert_ptr_equal(partition->ioapic.owner, &partition->common);
    assert_null(partition->uart.line);
    assert_int_equal(partition->common.io.range_count, 2);
    for (uint16_t port = 0x600; port < 0x603; port++)
        assert_ptr_equal(range_of(partition, port)->write, power_write);
    assert_null(range_of(partition, 0x5ff));
    assert_null(range_of(partition, 0x603));
    for (uint16_t port = 0xcf8; port < 0xd00; port++) {
        assert_ptr_equal(range_of(partition, port)->read, pci_read);
        assert_ptr_equal(range_of(partition, port)->write, pci_write);
        assert_ptr_equal(range_of(partition, port)->device, partition->pci_address);
        assert_int_equal(range_of(partition, port)->first, 0xcf8);
    }
    assert_null(range_of(partition, 0xcf7));
    assert_null(range_of(partition, 0xd00));
}

static void write_port(const struct partition *partition, uint16_t port, uint8_t value) {
    const struct io_range *range = range_of(partition, port);

    assert_int_equal(range->write(range->device, port - range->first, value), VERDICT_RESUME);
}

static uint8_t read_port(const struct partition *partition, uint16_t port) {
    const struct io_range *range = range_of(partition, port);

    return range->read(range->device, port - range->first);
}

/* Ports of `device`, one range from `first` on, of the device at `of`. */
static void expect_ports(const struct partition *partition, uint16_t first, unsigned count, const void *of) {
    for (uint16_t port = first; port < first + count; port++) {
        assert_ptr_equal(range_of(partition, port)->device, of);
        assert_int_equal(range_of(partition, port)->first, first);
        assert_int_equal(range_of(partition, port)->count, count);
        assert_true(iopm_intercepts(iopm, port));
    }
}

static struct device_config of_pc[] = {{.path = "/pc", .kind = DEVICE_CONSOLE},
                                       {.path = "/pc", .kind = DEVICE_X2APIC},
                                       {.path = "/pc", .kind = DEVICE_PIT},
                                       {.path = "/pc", .kind = DEVICE_CMOS}};

/* All of a PC: its ports, and no others. */
static void test_pc(void **state) {
    const struct partition_config config = {.devices = of_pc, .device_count = ARRAY_LENGTH(of_pc)};
    struct partition *partition = make(0, &config, ARENA_PAGES);
    unsigned owned = 0;

    (void)state;
    assert_true(devices_attach(partition));
    reset(partition);
    expect_ports(partition, 0x40, 4, &partition->pit);
    expect_ports(partition, 0x61, 1, &partition->pit);
    expect_ports(partition, 0x70, 2, &partition->cmos);
    expect_ports(partition, 0x3f8, 8, &partition->uart);
    expect_ports(partition, 0xcf8, 8, partition->pci_address);
    for (uint32_t port = 0; port < 0x10000; port++)
        owned += range_of(partition, (uint16_t)port) != NULL;
    assert_int_equal(owned, 4 + 1 + 2 + 8 + 8 + POWER_PORTS);
    assert_true(partition->common.has_apic);
    assert_int_equal(partition->pit.now_ticks(), PIT_HZ); /* as fake_rtc.c has it */
    assert_ptr_equal(partition->cmos.now_seconds, clock_seconds);
    assert_int_equal(clock_seconds(), 1);
}

/* A machine with all of them once has room for their ports. */
static void test_most_ports(void **state) {
    struct device_config devices[ARRAY_LENGTH(of_pc) + 1];
    const struct partition_config config = {.devices = devices, .device_count = ARRAY_LENGTH(devices)};
    struct partition *partition = make(0, &config, ARENA_PAGES);

    (void)state;
    memcpy(devices, of_pc, sizeof(of_pc));
    devices[ARRAY_LENGTH(of_pc)] = (struct device_config){.path = "/uart", .kind = DEVICE_UART, COM2};
    assert_true(devices_attach(partition));
    assert_int_equal(partition->common.io.range_count, 6);
    assert_false(iopm_intercepts(iopm, COM2));
}

/* Each of the devices has its own ports alone. */
static void test_kinds(void **state) {
    const unsigned ports[] = {8, POWER_PORTS + 8, 4 + 1, 2};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(of_pc); i++) {
        const struct partition_config config = {.devices = &of_pc[i], .device_count = 1};
        struct partition *partition = make(0, &config, ARENA_PAGES);
        unsigned owned = 0;

        assert_true(devices_attach(partition));
        for (uint32_t port = 0; port < 0x10000; port++)
            owned += range_of(partition, (uint16_t)port) != NULL;
        assert_int_equal(owned, ports[i]);
        assert_int_equal(partition->uart.line != NULL, of_pc[i].kind == DEVICE_CONSOLE);
    }
}

/* Counters, gate, index: nothing is left of them after a restart. */
static void test_reset_pc(void **state) {
    const struct partition_config config = {.devices = of_pc, .device_count = ARRAY_LENGTH(of_pc)};
    struct partition *partition = make(0, &config, ARENA_PAGES);
    static struct pit pit;
    static struct cmos cmos;

    (void)state;
    assert_true(devices_attach(partition));
    reset(partition);
    pit = partition->pit;
    cmos = partition->cmos;
    assert_int_equal(read_port(partition, 0x61) & 0x0f, 0);
    write_port(partition, 0x61, 0x03);
    for (unsigned number = 0; number < 3; number++) {
        write_port(partition, 0x43, (uint8_t)(number << 6 | 0x36));
        write_port(partition, (uint16_t)(0x40 + number), 0x12);
        write_port(partition, (uint16_t)(0x40 + number), 0x34);
        write_port(partition, (uint16_t)(0x40 + number), 0x56);
        write_port(partition, 0x43, (uint8_t)(0xc0 | 2 << number));
    }
    write_port(partition, 0x70, 0x0d);
    assert_int_equal(read_port(partition, 0x71), 0x80);
    reset(partition);
    assert_memory_equal(&partition->pit, &pit, sizeof(pit));
    assert_memory_equal(&partition->cmos, &cmos, sizeof(cmos));
}

/* In whichever order they are in the configuration, the console interrupts by pin 4: ISA's IRQ of COM1. */
static void test_interrupt(void **state) {
    struct device_config devices[] = {{"/console", DEVICE_CONSOLE, 0x3f8},
                                      {.path = "/interrupt-controller", .kind = DEVICE_X2APIC},
                                      {"/console", DEVICE_CONSOLE, 0x3f8}};

    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        const struct partition_config config = {.devices = devices + first, .device_count = 2};
        struct partition *partition = make(0, &config, ARENA_PAGES);

        assert_true(devices_attach(partition));
        reset(partition);
        write_port(partition, 0x3f9, 1); /* IER: received data */
        uart_receive(&partition->uart, 'x');
        assert_int_equal(partition->ioapic.lines, 1 << 4);
        assert_int_equal(read_port(partition, 0x3f8), 'x');
        assert_int_equal(partition->ioapic.lines, 0);
    }
}

/* For a restart: nothing of what the guest has written is left, and what it has printed of lines goes out. */
static void test_reset(void **state) {
    struct device_config devices[] = {{.path = "/interrupt-controller", .kind = DEVICE_X2APIC},
                                      {"/console", DEVICE_CONSOLE, 0x3f8}};
    const struct partition_config config = {.devices = devices, .device_count = 2};
    struct partition *partition = make(0, &config, ARENA_PAGES);
    static struct uart uart;
    static struct ioapic ioapic;

    (void)state;
    log_capture();
    assert_true(devices_attach(partition));
    reset(partition);
    log_expect("");
    uart = partition->uart;
    ioapic = partition->ioapic;
    for (uint16_t port = 0x3f9; port < 0x400; port++)
        write_port(partition, port, 0x4e); /* without loopback and DLAB */
    write_port(partition, 0x3f8, 'c');
    console_put(&vcpus[0].console, 'd');
    console_put(&vcpus[1].console, 'e');
    for (uint16_t port = 0xcf8; port < 0xcfc; port++)
        write_port(partition, port, 0x80);
    ioapic_write(&partition->ioapic, 0x00, 0x18);
    ioapic_write(&partition->ioapic, 0x10, 0x31);
    ioapic_set(&partition->ioapic, 9, true);
    log_expect("");
    reset(partition);
    log_expect("a | cd\nb | e\n");
    assert_memory_equal(&partition->uart, &uart, sizeof(uart));
    assert_memory_equal(&partition->ioapic, &ioapic, sizeof(ioapic));
    for (uint16_t port = 0xcf8; port < 0xcfc; port++)
        assert_int_equal(read_port(partition, port), 0);
    for (unsigned i = 0; i < SCREEN_PAGES; i++)
        assert_false(fake_screen.cleared[i]); /* it has none */
    reset(partition);
    log_expect(""); /* once */
}

static void expect_screen(const struct partition *partition, unsigned page) {
    unsigned rights;
    hpa_t hpa;

    assert_int_equal(partition->vga.page, page);
    assert_true(npt_lookup(&partition->common.npt, GPA(0xb8000), &hpa, &rights));
    assert_int_equal(hpa.value, SCREEN_BASE + page * PAGE_BYTES);
    assert_int_equal(rights, REACH_READ | REACH_WRITE);
    assert_false(npt_lookup(&partition->common.npt, GPA(0xb7fff), &hpa, &rights));
    assert_false(npt_lookup(&partition->common.npt, GPA(0xb9000), &hpa, &rights));
    assert_ptr_equal(range_of(partition, 0x3d4)->device, &partition->vga);
    assert_ptr_equal(range_of(partition, 0x3d5)->read, vga_crtc_read);
    assert_ptr_equal(range_of(partition, 0x3da)->read, vga_status_read);
    assert_null(range_of(partition, 0x3d3));
    assert_null(range_of(partition, 0x3d6));
    assert_null(range_of(partition, 0x3db));
    assert_true(iopm_intercepts(iopm, 0x3d4));
}

/* No table for the screen's page: the start ends here, and nobody asks for the number of screens again. */
static void test_no_memory(void **state) {
    struct partition *partition = make(0, &with_vga, 3);

    (void)state;
    assert_false(devices_attach(partition));
    assert_int_equal(devices_screen_count(), 1);
}

static void test_screens(void **state) {
    (void)state;
    for (unsigned i = 1; i < SCREEN_PAGES; i++) {
        struct partition *partition = make(i, &with_vga, ARENA_PAGES);

        assert_false(fake_screen.cleared[i]);
        assert_true(devices_attach(partition));
        assert_int_equal(devices_screen_count(), i + 1);
        reset(partition);
        assert_true(fake_screen.cleared[i]);
        assert_int_equal(devices_screen_count(), i + 1);
        expect_screen(partition, i);
    }
    assert_int_equal(fake_screen.shows, 0);
}

static void set_cursor(struct vga *vga, uint8_t index, uint8_t value) {
    vga_crtc_write(vga, 0, index);
    vga_crtc_write(vga, 1, value);
}

static void test_show(void **state) {
    (void)state;
    devices_show_screen(3);
    assert_int_equal(fake_screen.shows, 1);
    assert_int_equal(fake_screen.page, 3);
    assert_int_equal(fake_screen.cell, 0);
    devices_show_screen(SCREEN_PAGES);
    devices_show_screen(~0U);
    assert_int_equal(fake_screen.shows, 1);

    /* The cursor of the screen that is shown moves at the next refresh; another's is kept until it is shown. */
    devices_refresh_screen();
    assert_int_equal(fake_screen.shows, 1);
    set_cursor(&partitions[3].vga, VGA_CURSOR_LOW, 80);
    assert_int_equal(fake_screen.shows, 1);
    devices_refresh_screen();
    assert_int_equal(fake_screen.shows, 2);
    assert_int_equal(fake_screen.cell, 80);
    set_cursor(&partitions[5].vga, VGA_CURSOR_HIGH, 1);
    set_cursor(&partitions[5].vga, VGA_CURSOR_START, 2);
    set_cursor(&partitions[5].vga, VGA_CURSOR_END, 7);
    devices_refresh_screen();
    assert_int_equal(fake_screen.shows, 2);
    devices_show_screen(5);
    assert_int_equal(fake_screen.shows, 3);
    assert_int_equal(fake_screen.page, 5);
    assert_int_equal(fake_screen.cell, 256);
    assert_int_equal(fake_screen.cursor_start, 2);
    assert_int_equal(fake_screen.cursor_end, 7);
    set_cursor(&partitions[3].vga, VGA_CURSOR_LOW, 81);
    devices_refresh_screen();
    assert_int_equal(fake_screen.shows, 3);
}

/* A restart clears its own screen, and the cursor is where it was at first, be it shown or not. */
static void test_reset_screen(void **state) {
    static struct vga vga;

    (void)state;
    for (unsigned number = 3; number < 6; number += 2) { /* of which 5 is shown */
        unsigned shows = fake_screen.shows;

        memset(fake_screen.cleared, true, sizeof(fake_screen.cleared));
        vga_init(&vga, number);
        for (unsigned i = 0; i < VGA_CRTC_REGISTERS; i++)
            set_cursor(&partitions[number].vga, (uint8_t)i, 0x11);
        (void)vga_status_read(&partitions[number].vga, 0);
        devices_refresh_screen();
        memset(fake_screen.cleared, 0, sizeof(fake_screen.cleared));
        reset(&partitions[number]);
        for (unsigned i = 0; i < SCREEN_PAGES; i++)
            assert_int_equal(fake_screen.cleared[i], i == number);
        assert_memory_equal(&partitions[number].vga, &vga, sizeof(vga));
        devices_refresh_screen();
        assert_int_equal(fake_screen.shows, number == 5 ? shows + 2 : shows);
    }
    assert_int_equal(fake_screen.page, 5);
    assert_int_equal(fake_screen.cell, 0);
    assert_int_equal(fake_screen.cursor_start, 0x0d);
    assert_int_equal(fake_screen.cursor_end, 0x0e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),         cmocka_unit_test(test_serial),    cmocka_unit_test(test_x2apic),
        cmocka_unit_test(test_pc),           cmocka_unit_test(test_kinds),     cmocka_unit_test(test_most_ports),
        cmocka_unit_test(test_reset_pc),     cmocka_unit_test(test_interrupt), cmocka_unit_test(test_reset),
        cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_screens),   cmocka_unit_test(test_show),
        cmocka_unit_test(test_reset_screen),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(memory);
    return failed;
}
