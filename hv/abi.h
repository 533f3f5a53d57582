/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest may call and what it may expect: hypercall numbers, results,
 * fields of SHIKIRI_CALL_INFO, CPUID signature. The only header of the
 * hypervisor that guests include; usable from C and from assembly.
 *
 * Convention: VMMCALL with the number in EAX and the arguments in RDI, RSI and
 * RDX (EDI, ESI, EDX outside 64-bit mode); the result comes back in RAX. All
 * other registers are preserved. Only CPL 0 may call (docs/guest-interface.md).
 */
#ifndef SHIKIRI_HV_ABI_H
#define SHIKIRI_HV_ABI_H

/* Hypercall numbers. */
#define SHIKIRI_CALL_INFO          0 /* (field) -> value or error */
#define SHIKIRI_CALL_YIELD         1 /* () -> 0, after the others had their turn */
#define SHIKIRI_CALL_CONSOLE_WRITE 2 /* (gpa, length_bytes) -> bytes written, maybe fewer, or error */
#define SHIKIRI_CALL_SHUTDOWN      3 /* (status) does not return */
#define SHIKIRI_CALL_PLAN          4 /* (plan) -> 0 or error; from the next frame on, with "control" */
#define SHIKIRI_CALL_STATISTIC     5 /* (vcpu, statistic) -> value or error; with "control" */
#define SHIKIRI_CALL_START         6 /* (vcpu, entry, argument) -> 0 or error; a vCPU that never ran */
#define SHIKIRI_CALL_COUNT         7

/* Fields of SHIKIRI_CALL_INFO. */
#define SHIKIRI_INFO_ABI_VERSION     0 /* SHIKIRI_ABI_VERSION */
#define SHIKIRI_INFO_PARTITION       1 /* index of this partition, from 0 */
#define SHIKIRI_INFO_PARTITION_COUNT 2 /* partitions in the system */
#define SHIKIRI_INFO_TSC_KHZ         3 /* ticks of RDTSC a millisecond */
#define SHIKIRI_INFO_SLOT_US         4 /* length of a slot in microseconds; 0 in frames */
#define SHIKIRI_INFO_SWITCHES        5 /* times this vCPU was switched to */
#define SHIKIRI_INFO_SLOT_TSC        6 /* TSC at which the current slot of a frame was due */
#define SHIKIRI_INFO_PLAN            7 /* the plan of that slot */
#define SHIKIRI_INFO_VCPU            8 /* index of this vCPU in its partition, from 0 */
#define SHIKIRI_INFO_VCPU_COUNT      9 /* vCPUs of this partition */
#define SHIKIRI_INFO_COUNT           10

/* Statistics of the vCPUs of the system, which are counted through from 0; ticks are RDTSC's. */
#define SHIKIRI_STATISTIC_PARTITION      0 /* whose vCPU it is */
#define SHIKIRI_STATISTIC_RUN_TICKS      1 /* its turns together */
#define SHIKIRI_STATISTIC_STOLEN_TICKS   2 /* when it could have run, but others did */
#define SHIKIRI_STATISTIC_SWITCHES       3 /* times it was switched to */
#define SHIKIRI_STATISTIC_STARTS         4 /* slots of frames that it started */
#define SHIKIRI_STATISTIC_LATE_TICKS     5 /* how late these were, together */
#define SHIKIRI_STATISTIC_LATE_TICKS_MAX 6 /* and at most */
#define SHIKIRI_STATISTIC_COUNT          7
/* Of exits with a code (APM vol. 2, appendix C): how many took 2^n ticks or more, but less than 2^(n+1)... */
#define SHIKIRI_STATISTIC_EXITS(code, n) (0x1000000 | (code) << 8 | (n))
/* ... and how many ticks they took at most. */
#define SHIKIRI_STATISTIC_EXIT_TICKS_MAX(code) SHIKIRI_STATISTIC_EXITS(code, 32)

#define SHIKIRI_ABI_VERSION 1

/* Results below zero are errors. */
#define SHIKIRI_ERROR_CALL     (-1) /* no such hypercall */
#define SHIKIRI_ERROR_ARGUMENT (-2) /* an argument is out of range */
#define SHIKIRI_ERROR_DENIED   (-3) /* called from CPL > 0, or without "control" */

/* The most SHIKIRI_CALL_CONSOLE_WRITE takes at once. */
#define SHIKIRI_CONSOLE_WRITE_MAX 256

/* CPUID 0x40000000: EBX, ECX, EDX spell "ShikiriHyper"; EAX is the last leaf. */
#define SHIKIRI_CPUID_BASE 0x40000000
#define SHIKIRI_CPUID_EBX  0x6b696853 /* "Shik" */
#define SHIKIRI_CPUID_ECX  0x48697269 /* "iriH" */
#define SHIKIRI_CPUID_EDX  0x72657079 /* "yper" */

#endif
