/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit_report.c: what the user reads about a fault, word by word.
 */
#include <stdio.h>

#include "hv/svm/event.h"
#include "hv/exits.h"
#include "tests/host/log_capture.h"
#include "tests/host/test.h"

static struct common common;
static struct vcpu vcpu;
static struct vmcb vmcb;

const struct exit_entry exit_entries[EXIT_ROWS] = {
    {0, "other", NULL}, {EXIT_NPF, "NPF", NULL}, {EXIT_IOIO, "IOIO", NULL}, {EXIT_SHUTDOWN, "SHUTDOWN", NULL}};

unsigned exit_row(uint64_t exitcode) {
    for (unsigned row = 1; row < EXIT_ROWS; row++)
        if (exit_entries[row].code == exitcode)
            return row;
    return 0;
}

static int make(void **state) {
    (void)state;
    vmcb = (struct vmcb){.save.idtr.limit = 0xfff};
    vcpu = (struct vcpu){.vmcb = &vmcb, .common = &common};
    log_capture();
    return 0;
}

static void expect(uint64_t exitcode, uint64_t info1, uint64_t info2, const char *text) {
    vmcb.control.exitcode = exitcode;
    vmcb.control.exitinfo1 = info1;
    vmcb.control.exitinfo2 = info2;
    exit_describe(&vcpu);
    log_expect(text);
}

/* EXITINFO1: P bit 0, RW 1, US 2, ID 4, and 33 for a walk. */
static void test_npf(void **state) {
    static const struct {
        uint64_t info;
        const char *words;
    } cases[] = {
        {0x100000004, "read, page not present"},
        {0x100000006, "write, page not present"},
        {0x100000014, "instruction fetch, page not present"},
        {0x100000007, "write, the page is read-only"},
        {0x100000015, "instruction fetch, the page is no-execute"},
        {0x200000006, "write by a walk of the guest's page tables, page not present"},
        {0x200000007, "write by a walk of the guest's page tables, the page is read-only"},
    };
    char text[256];

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        vmcb.save.cpl = i % 2 ? 3 : 0;
        snprintf(text, sizeof(text),
                 "shikiri:   exit NPF (0x400), exitinfo1 0x%lx, exitinfo2 0xb8000\n"
                 "shikiri:   guest-physical address 0xb8000: %s, %s\n",
                 cases[i].info, cases[i].words, i % 2 ? "user" : "supervisor");
        expect(0x400, cases[i].info, 0xb8000, text);
    }
}

static void test_io(void **state) {
    (void)state;
    vcpu.fault = "a port that nobody owns";
    expect(0x7b, 0x00600011, 0x1002,
           "shikiri:   exit IOIO (0x7b), exitinfo1 0x600011, exitinfo2 0x1002: a port that nobody owns\n"
           "shikiri:   port 0x60: read of 1 byte\n");
    expect(0x7b, 0x0cf80040, 0x1002,
           "shikiri:   exit IOIO (0x7b), exitinfo1 0xcf80040, exitinfo2 0x1002: a port that nobody owns\n"
           "shikiri:   port 0xcf8: write of 4 bytes\n");
}

#define SHUTDOWN "shikiri:   exit SHUTDOWN (0x7f), exitinfo1 0x0, exitinfo2 0x0\n"

static void test_shutdown(void **state) {
    (void)state;
    expect(0x7f, 0, 0, SHUTDOWN "shikiri:   last injected: nothing\n");
    vmcb.save.rip = 0x101234;
    event_exception(&vmcb, VECTOR_GP);
    vmcb.save.rip = 0x105678; /* of the fault in the handler */
    event_requeue(&vmcb);
    expect(0x7f, 0, 0, SHUTDOWN "shikiri:   last injected: #GP at rip 0x101234\n");
    vmcb.save.idtr.limit = 0;
    event_exception(&vmcb, VECTOR_UD);
    expect(0x7f, 0, 0, SHUTDOWN "shikiri:   last injected: #UD at rip 0x105678\nshikiri:   the guest has no IDT\n");
}

static void test_other(void **state) {
    (void)state;
    expect(0x60, 1, 2, "shikiri:   exit other (0x60), exitinfo1 0x1, exitinfo2 0x2\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_npf, make),
        cmocka_unit_test_setup(test_io, make),
        cmocka_unit_test_setup(test_shutdown, make),
        cmocka_unit_test_setup(test_other, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
