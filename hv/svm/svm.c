/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Detecting and enabling SVM: see svm.h.
 */
#include "hv/svm/svm.h"

#include "hv/cpu/x86.h"
#include "hv/lib/string.h"

#define VM_CR_SVMDIS (1ULL << 4)

#define CPUID_EXTENDED  0x80000001 /* is there: boot/entry.S has looked */
#define CPUID_ADDRESSES 0x80000008
#define CPUID_SVM       0x8000000a

void svm_read_facts(struct svm_facts *facts) {
    struct cpuid_result vendor = x86_cpuid(0, 0);

    *facts = (struct svm_facts){0};
    memcpy(facts->vendor + 0, &vendor.ebx, 4);
    memcpy(facts->vendor + 4, &vendor.edx, 4);
    memcpy(facts->vendor + 8, &vendor.ecx, 4);

    struct cpuid_result extended = x86_cpuid(CPUID_EXTENDED, 0);

    facts->svm = extended.ecx >> 2 & 1;
    facts->no_execute = extended.edx >> 20 & 1;
    facts->gigabyte_pages = extended.edx >> 26 & 1;
    facts->tsc_aux = extended.edx >> 27 & 1;
    if (!facts->svm)
        return;

    struct cpuid_result svm = x86_cpuid(CPUID_SVM, 0);

    facts->ibpb = x86_cpuid(CPUID_ADDRESSES, 0).ebx >> 12 & 1;
    facts->disabled = x86_rdmsr(MSR_VM_CR) & VM_CR_SVMDIS;
    facts->asid_count = svm.ebx;
    facts->nested_paging = svm.edx & 1;
    facts->nrip = svm.edx >> 3 & 1;
}

const char *svm_missing(const struct svm_facts *facts) {
    if (!facts->svm)
        return "this processor has no SVM (CPUID 0x80000001, ECX bit 2); want an AMD processor with AMD-V; "
               "in QEMU use -cpu max or -cpu EPYC";
    if (facts->disabled)
        return "SVM is switched off (VM_CR.SVMDIS is set); enable \"SVM mode\" or \"AMD-V\" in the "
               "firmware's set-up";
    if (!facts->nested_paging)
        return "this processor has no nested paging (CPUID 0x8000000a, EDX bit 0); in QEMU add +npt to -cpu";
    if (!facts->no_execute)
        return "this processor has no NX (CPUID 0x80000001, EDX bit 20); in QEMU add +nx to -cpu";
    if (facts->asid_count < 2)
        return "this processor has no ASID for a guest (CPUID 0x8000000a, EBX); want at least 2";
    return NULL;
}

void svm_enable(const struct cpu *cpu) {
    x86_wrmsr(MSR_EFER, x86_rdmsr(MSR_EFER) | EFER_SVME);
    x86_wrmsr(MSR_VM_HSAVE_PA, (uintptr_t)cpu->host_save_area);
}
