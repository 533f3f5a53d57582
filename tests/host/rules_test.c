/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.c: limits and alignment of windows, places of UARTs, and what several nodes may
 * not have in common.
 */
#include <stdio.h>
#include <string.h>

#include "tests/host/dts.h"
#include "tests/host/test.h"

#define P0 "/partitions/partition@0"
#define P1 "/partitions/partition@1"

/* The second window of the second partition, and what else may stand there. */
#define WINDOW      "memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x10000>"
#define AT(at, reg) "memory@" at " { device_type = \"memory\"; reg = <" reg ">"
#define HOST        "<0 0x8000000>"

/* The first window of the first partition, which has a screen. */
#define FIRST "memory@0 { device_type = \"memory\"; reg = <0 0 0 0x1000000>;"

#define REG_WANT ", want multiples of 0x1000, not 0 bytes, and the end at 0x8000000000 at most; pages have 4 KiB\n"
#define FIRST_WANT                                                                                                     \
    ", want at least 0x9000, the end at 0x100000000 at most; the start area lies at the end of a partition's first "   \
    "window\n"
#define HOST_HINT "; pages have 4 KiB, those of windows of 2 MiB and more 2 MiB\n"

static const struct dts_case window_cases[] = {
    {"size 0", "0 0x10000>", "0 0>", P1 "/memory@40000000/reg: found 0x0 bytes at 0x40000000" REG_WANT},
    {"one page", "0 0x10000>", "0 0x1000>", ""},
    {"base", WINDOW, AT("40000800", "0 0x40000800 0 0x10000"),
     P1 "/memory@40000800/reg: found 0x10000 bytes at 0x40000800" REG_WANT},
    {"size", "0 0x10000>", "0 0x10001>", P1 "/memory@40000000/reg: found 0x10001 bytes at 0x40000000" REG_WANT},
    {"last page", WINDOW, AT("7fffff0000", "0x7f 0xffff0000 0 0x10000"), ""},
    {"past the last page", WINDOW, AT("7fffff0000", "0x7f 0xffff0000 0 0x11000"),
     P1 "/memory@7fffff0000/reg: found 0x11000 bytes at 0x7fffff0000" REG_WANT},
    {"base outside", WINDOW, AT("8000000000", "0x80 0 0 0x1000"),
     P1 "/memory@8000000000/reg: found 0x1000 bytes at 0x8000000000" REG_WANT},
    {"size wraps", WINDOW, AT("40000000", "0 0x40000000 0xffffffff 0xfffff000"),
     P1 "/memory@40000000/reg: found 0xfffffffffffff000 bytes at 0x40000000" REG_WANT},
    {"host-address", HOST, "<0 0x8000010>",
     P1
     "/memory@40000000/host-address: found 0x8000010 for base 0x40000000, want the same remainder by 0x1000" HOST_HINT},
    {"host-address of a large window", "0 0x200000>;", "0 0x200000>; host-address = <0 0x4200000>;",
     P1
     "/memory@100000/host-address: found 0x4200000 for base 0x100000, want the same remainder by 0x200000" HOST_HINT},
    {"host-address of a large window that fits", "0 0x200000>;", "0 0x200000>; host-address = <0 0x4300000>;", ""},
    {"windows overlap", WINDOW, AT("2ff000", "0 0x2ff000 0 0x2000"),
     P1 "/memory@2ff000/reg: found 0x2000 bytes at 0x2ff000, want them apart from " P1
        "/memory@100000, 0x200000 bytes at 0x100000\n"},
    {"window inside another", WINDOW, AT("200000", "0 0x200000 0 0x1000"),
     P1 "/memory@200000/reg: found 0x1000 bytes at 0x200000, want them apart from " P1
        "/memory@100000, 0x200000 bytes at 0x100000\n"},
    {"windows touch", WINDOW, AT("300000", "0 0x300000 0 0x1000"), ""},
    {"windows touch below", WINDOW, AT("ff000", "0 0xff000 0 0x1000"), ""},
};

static const struct dts_case first_window_cases[] = {
    {"read-only", FIRST, FIRST " read-only;",
     P0 "/memory@0/read-only: found it in a partition's first window, want that writable; put another window first\n"},
    {"no-execute", FIRST, FIRST " no-execute;", ""},
    {"shortest", "0 0x1000000>", "0 0x9000>", ""},
    {"too short", "0 0x1000000>", "0 0x6000>", P0 "/memory@0/reg: found 0x6000 bytes that end at 0x6000" FIRST_WANT},
    {"4 GiB", "0 0x1000000>", "1 0>", ""},
    {"more than 4 GiB", "0 0x1000000>", "1 0x1000>",
     P0 "/memory@0/reg: found 0x100001000 bytes that end at 0x100001000" FIRST_WANT},
    {"start area below the screen", "0 0x1000000>", "0 0xb8000>", ""},
    {"start area above the screen", "0 0x1000000>", "0 0xc2000>", ""},
    {"start area ends in the screen", "0 0x1000000>", "0 0xb9000>",
     P0 "/memory@0/reg: found the start area at 0xb0000, want it apart from the VGA text page at 0xb8000; "
        "make the window longer or shorter\n"},
    {"start area begins at the screen", "0 0x1000000>", "0 0xc1000>",
     P0 "/memory@0/reg: found the start area at 0xb8000, want it apart from the VGA text page at 0xb8000; "
        "make the window longer or shorter\n"},
    {"no screen there", "0 0x1000000>; };\nvga { compatible = \"shikiri,vga-text\"; };", "0 0xbf000>; };", ""},
};

#define CONSOLE       "serial@3f8 { compatible = \"shikiri,console\"; reg = <1 0x3f8 8>; };"
#define UART          "serial@2f8 { compatible = \"ns16550a\"; reg = <1 0x2f8 8>; };"
#define UART_AT(port) "serial@" port " { compatible = \"ns16550a\"; reg = <1 0x" port " 8>; };"
#define VGA           "vga { compatible = \"shikiri,vga-text\"; };"

#define PC             "pc { compatible = \"shikiri,pc\"; };"
#define APIC           "interrupt-controller { compatible = \"shikiri,x2apic\"; };"
#define IN_TWO         "memory@100000 {" /* the second partition, which has the machine's COM2 */
#define ISA_OF_ONE     "isa { compatible = \"isa\"; #address-cells = <2>; #size-cells = <1>;\n" CONSOLE "\n};"
#define ONCE           ", want such a device once; leave one of them away\n"
#define PC_AND_APIC    P0 "/pc: found it beside " P0 "/interrupt-controller" ONCE
#define CONSOLE_AND_PC P0 "/isa/serial@3f8: found it beside " P0 "/pc" ONCE

#define PORTS                                                                                                          \
    ", want <1 0x3f8 8> for shikiri,console, or <1 PORT 8> with PORT 0x2f8, 0x3e8 or 0x2e8 for ns16550a; "             \
    "COM1 belongs to the hypervisor; compatible = \"shikiri,console\" is an emulated UART on it\n"

static const struct dts_case device_cases[] = {
    {"console elsewhere", CONSOLE, "serial@3e8 { compatible = \"shikiri,console\"; reg = <1 0x3e8 8>; };",
     P0 "/isa/serial@3e8/reg: found <1 0x3e8 8>" PORTS},
    {"COM3", UART, UART_AT("3e8"), ""},
    {"COM4", UART, UART_AT("2e8"), ""},
    {"COM1", UART, UART_AT("3f8"), P1 "/isa/serial@3f8/reg: found <1 0x3f8 8>" PORTS},
    {"another port", UART, UART_AT("60"), P1 "/isa/serial@60/reg: found <1 0x60 8>" PORTS},
    {"two UARTs", UART, UART UART_AT("3e8"), ""},
    {"UART has an owner", CONSOLE, UART, P1 "/isa/serial@2f8: found it beside " P0 "/isa/serial@2f8" ONCE},
    {"console in both", UART, CONSOLE, ""},
    {"PC and a UART of the machine", IN_TWO, PC IN_TWO, ""},
    {"PC and a screen", ISA_OF_ONE, PC, ""},
    {"APIC and console", VGA, VGA APIC, ""},
    {"PC and APIC", ISA_OF_ONE, PC APIC, PC_AND_APIC},
    {"PC and console", VGA, VGA PC, CONSOLE_AND_PC},
    {"PC, APIC and console", VGA, PC APIC, PC_AND_APIC CONSOLE_AND_PC},
    {"label taken", "\"two\"", "\"one\"", P1 "/label: found \"one\", want another than that of " P0 "\n"},
    {"label in capitals", "\"two\"", "\"One\"", ""},
    {"image shared", "\"two.elf\"", "\"one.elf\"", ""},
};

static void test_window(void **state) {
    (void)state;
    dts_check(window_cases, ARRAY_LENGTH(window_cases));
}

static void test_first_window(void **state) {
    (void)state;
    dts_check(first_window_cases, ARRAY_LENGTH(first_window_cases));
}

static void test_devices(void **state) {
    (void)state;
    dts_check(device_cases, ARRAY_LENGTH(device_cases));
}

/* The good system has one screen. */
static void check_screens(unsigned more, const char *lines) {
    char text[8192];
    size_t length = 0;

    for (unsigned i = 2; i < 2 + more; i++)
        length += (size_t)sprintf(text + length,
                                  "partition@%x { compatible = \"shikiri,partition\"; reg = <%u>; label = \"s%u\"; "
                                  "image = \"i\"; #address-cells = <2>; #size-cells = <2>; " FIRST " }; " VGA " };\n",
                                  i, i, i);
    strcpy(text + length, "partition@0 {");
    dts_check(&(struct dts_case){"screens", "partition@0 {", text, lines}, 1);
}

static void test_screens(void **state) {
    (void)state;
    check_screens(7, "");
    check_screens(8, P0 "/vga: found screen number 9, want at most 8 in a system; "
                        "VGA text memory has eight pages; use shikiri,console\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_first_window),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_screens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
