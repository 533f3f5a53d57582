/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that notices any register it loses at a switch. Each round it fills nearly
 * all registers with values that depend on its seed, works on them for a while,
 * and compares what comes out with what plain arithmetic says. System registers keep
 * values of the seed all the time. Bootargs: seed=, spin= (length of a round), rounds=
 * or switches= (then it ends), report= (a line every so many rounds; else one a second). With several vCPUs each
 * does so, with the seeds from there on; they are started after late= naps.
 */
#include "guests/counter/system.h"
#include "guests/lib/lib.h"

#define MXCSR_RESET 0x1f80
#define FCW_RESET   0x037f

#define STACK_BYTES 16384

/* What a vCPU has to do; and in `finished`, the vCPUs that have done so, in `wrong` those that lost something. */
static struct task { uint32_t seed, spin, rounds, switches, report; } task;

static unsigned finished, wrong;

/* The bits of a whole number as an IEEE 754 double. */
static uint64_t to_double(uint32_t n) {
    unsigned exponent = n ? 31 - (unsigned)__builtin_clz(n) : 0;

    return n ? ((uint64_t)(1023 + exponent) << 52 | (((uint64_t)n << (52 - exponent)) & 0xfffffffffffffULL)) : 0;
}

/* The state after `done` times round the loop; 0 for the one to start from. */
static void fill(struct state *s, uint32_t seed, uint32_t round, uint32_t spin, uint32_t done, bool wide) {
    uint32_t base = (seed & 0xff) * 65536 + (round & 0xffff);

    for (unsigned i = 0; i < 4; i++)
        s->ones[i] = to_double(1);
    for (unsigned i = 0; i < STATE_VECTORS; i++)
        for (unsigned lane = 0; lane < (wide ? 4 : 2); lane++)
            s->ymm[i][lane] = to_double(base + i * 4 + lane + done);
    for (unsigned i = 0; i < 8; i++)
        s->st[i] = to_double(base + 64 + i + done / 8);
    for (unsigned i = 0; i < STATE_GPRS; i++)
        s->gpr[i] = base + 128 + i + (uint64_t)done * (2 * i + 1);
    s->mxcsr = MXCSR_RESET | (seed & 3) << 13; /* rounding mode */
    s->fcw = (uint16_t)(FCW_RESET | (seed & 3) << 10);
    s->spin = spin;
    s->wide = wide;
}

static bool same(const char *name, unsigned number, unsigned long long is, unsigned long long should_be) {
    if (is != should_be)
        print("counter: WRONG: %s%u is %llx, want %llx\n", name, number, is, should_be);
    return is == should_be;
}

static bool compare(const struct state *found, const struct state *wanted, bool wide) {
    bool ok = same("mxcsr", 0, found->mxcsr & ~0x3fU, wanted->mxcsr) && same("fcw", 0, found->fcw, wanted->fcw);

    for (unsigned i = 0; i < STATE_VECTORS; i++)
        for (unsigned lane = 0; lane < (wide ? 4 : 2); lane++)
            ok = ok && same(lane < 2 ? "xmm" : "ymm", i, found->ymm[i][lane], wanted->ymm[i][lane]);
    for (unsigned i = 0; i < 8; i++)
        ok = ok && same("st", i, found->st[i], wanted->st[i]);
    for (unsigned i = 0; i < STATE_GPRS; i++)
        ok = ok && same("gpr", i, found->gpr[i], wanted->gpr[i]);
    return ok;
}

static uint32_t mix(uint32_t sum, uint64_t value) {
    return (sum << 1 | sum >> 31) ^ (uint32_t)value ^ (uint32_t)(value >> 32);
}

/* Over what every processor has, so that it depends on seed and rounds alone. */
static uint32_t checksum(uint32_t sum, const struct state *found) {
    for (unsigned i = 0; i < 8; i++)
        sum = mix(mix(mix(sum, found->ymm[i][0]), found->ymm[i][1]), found->st[i]);
    for (unsigned i = 0; i < 5; i++)
        sum = mix(sum, found->gpr[i]);
    return sum;
}

/* Whether it is time for a line. */
static bool is_due(uint32_t report, uint32_t round, uint64_t *next, uint64_t second) {
    if (report != 0)
        return round % report == 0;
    if (rdtsc() < *next)
        return false;
    *next = rdtsc() + second;
    return true;
}

/* Whether nothing was lost by the end. */
static bool count(uint32_t seed) {
    uint64_t second = (uint64_t)info(SHIKIRI_INFO_TSC_KHZ) * 1000, next = rdtsc();
    bool wide = system_enable_vectors();
    struct state found = {0}, wanted = {0};
    uint32_t sum = seed;

    interrupts_on(); /* none will come; Bochs preempts only a guest that would take one */
    system_fill(seed);
    for (uint32_t round = 1;; round++) {
        fill(&found, seed, round, task.spin, 0, wide);
        fill(&wanted, seed, round, task.spin, task.spin, wide);
        work(&found);
        sum = checksum(sum, &found);
        if (!compare(&found, &wanted, wide) || !system_compare(seed)) {
            print("counter: seed %u round %u WRONG\n", seed, round);
            return false;
        }
        if ((task.rounds != 0 && round == task.rounds) ||
            (task.switches != 0 && info(SHIKIRI_INFO_SWITCHES) >= task.switches)) {
            print("counter: seed %u rounds %u switches %u checksum %x ok\n", seed, round, info(SHIKIRI_INFO_SWITCHES),
                  sum);
            return true;
        }
        if (is_due(task.report, round, &next, second))
            print("counter: seed %u round %u checksum %x\n", seed, round, sum);
    }
}

/* On every vCPU. */
static void take_part(uintptr_t number) {
    if (!count(task.seed + (uint32_t)number))
        __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

int main(const char *args) {
    static uint8_t stacks[VCPUS_MAX][STACK_BYTES] __attribute__((aligned(16)));
    uint32_t vcpus = info(SHIKIRI_INFO_VCPU_COUNT);

    task = (struct task){
        .seed = args_number(args, "seed", 1),
        .spin = args_number(args, "spin", 2000) & ~7U,
        .rounds = args_number(args, "rounds", 0),
        .switches = args_number(args, "switches", 0),
        .report = args_number(args, "report", 0),
    };
    print_to(args);
    for (uint32_t naps = args_number(args, "late", 0); naps > 0; naps--)
        wait();
    for (uint32_t i = 1; i < vcpus && i < VCPUS_MAX; i++)
        if (vcpu_start(i, stacks[i] + STACK_BYTES, take_part, i) != 0)
            return 1;
    take_part(0);
    while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < vcpus)
        wait();
    return wrong != 0;
}
