/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor's SVM: is it there, what can it do, switch it on (APM vol. 2,
 * "Enabling SVM").
 */
#pragma once

#include "hv/cpu/cpu.h"

/* What CPUID and VM_CR say, collected once so that checks on it are pure. */
struct svm_facts {
    char vendor[13];
    bool svm;            /* CPUID 0x80000001 ECX bit 2 */
    bool disabled;       /* VM_CR.SVMDIS */
    bool nested_paging;  /* CPUID 0x8000000a EDX bit 0 */
    bool nrip;           /* EDX bit 3: nRIP is saved on exits */
    bool no_execute;     /* CPUID 0x80000001 EDX bit 20 */
    bool gigabyte_pages; /* EDX bit 26 */
    bool tsc_aux;        /* EDX bit 27: RDTSCP, and with it TSC_AUX */
    bool ibpb;           /* CPUID 0x80000008 EBX bit 12 */
    uint32_t asid_count; /* ASIDs are 0 to asid_count - 1, and 0 is the host's */
};

/* How a virtual interrupt reaches a guest that has IF=1; found out by the self-test. */
enum svm_injection {
    SVM_INJECTION_NONE,
    SVM_INJECTION_V_IRQ,
    SVM_INJECTION_EVENTINJ,
};

void svm_read_facts(struct svm_facts *facts);

/* What is missing, as a sentence for the user; NULL when the processor has all that Shikiri needs. */
const char *svm_missing(const struct svm_facts *facts);

/* Sets EFER.SVME and this processor's host save area. */
void svm_enable(const struct cpu *cpu);
