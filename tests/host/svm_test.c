/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of hv/svm/svm.c: each missing prerequisite has a message of its own. VM_CR.SVMDIS and a processor
 * without ASIDs can be had in no emulator.
 */
#include "tests/host/test.h"

#include "hv/svm/svm.h"

static const struct svm_facts complete = {
    .vendor = "AuthenticAMD", .svm = true, .nested_paging = true, .no_execute = true, .asid_count = 2};

static void complete_processor_lacks_nothing(void **state) {
    (void)state;
    assert_null(svm_missing(&complete));
}

static void each_lack_has_its_message(void **state) {
    struct svm_facts disabled = complete, no_npt = complete, no_nx = complete, no_asids = complete;

    (void)state;
    disabled.disabled = true;
    no_npt.nested_paging = false;
    no_nx.no_execute = false;
    no_asids.asid_count = 1;
    assert_string_equal(svm_missing(&(struct svm_facts){.vendor = "GenuineIntel"}),
                        "this processor has no SVM (CPUID 0x80000001, ECX bit 2); want an AMD processor with AMD-V; "
                        "in QEMU use -cpu max or -cpu EPYC");
    assert_string_equal(svm_missing(&disabled), "SVM is switched off (VM_CR.SVMDIS is set); enable \"SVM mode\" or "
                                                "\"AMD-V\" in the firmware's set-up");
    assert_string_equal(svm_missing(&no_npt), "this processor has no nested paging (CPUID 0x8000000a, EDX bit 0); in "
                                              "QEMU add +npt to -cpu");
    assert_string_equal(svm_missing(&no_nx),
                        "this processor has no NX (CPUID 0x80000001, EDX bit 20); in QEMU add +nx to -cpu");
    assert_string_equal(svm_missing(&no_asids),
                        "this processor has no ASID for a guest (CPUID 0x8000000a, EBX); want at least 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_processor_lacks_nothing),
        cmocka_unit_test(each_lack_has_its_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
