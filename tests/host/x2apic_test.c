/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x2apic.c: each register as APM vol. 2, "x2APIC", and the Intel SDM, vol. 3, "Extended XAPIC (x2APIC)", have it.
 */
#include "hv/dev/x2apic.h"
#include "tests/host/test.h"

#define MASKED   0x10000U
#define ONE_SHOT 0U
#define PERIODIC 0x20000U
#define DEADLINE 0x40000U
#define VECTOR   0x40U
#define NOW      1000000ULL
#define BY_1     0xbU /* of DIVIDE */

enum {
    ID = 0x02,
    VERSION = 0x03,
    TPR = 0x08,
    PPR = 0x0a,
    EOI = 0x0b,
    LDR = 0x0d,
    SVR = 0x0f,
    ISR = 0x10,
    TMR = 0x18,
    IRR = 0x20,
    ESR = 0x28,
    ICR = 0x30,
    LVT_TIMER = 0x32,
    LVT_ERROR = 0x37,
    INITIAL_COUNT = 0x38,
    CURRENT_COUNT = 0x39,
    DIVIDE = 0x3e,
    SELF_IPI = 0x3f,
};

static struct x2apic apic;

/* One that software has enabled; the reset state has tests of its own. */
static int make(void **state) {
    (void)state;
    x2apic_init(&apic, 0);
    assert_int_equal(x2apic_write(&apic, SVR, NOW, 0x1ff), X2APIC_TIMER);
    return 0;
}

static uint64_t read_at(uint64_t now, uint32_t number) {
    uint64_t value = 0;

    if (!x2apic_read(&apic, number, now, &value))
        fail_msg("register %x cannot be read", number);
    return value;
}

static uint64_t read(uint32_t number) {
    return read_at(NOW, number);
}

static void write_at(uint64_t now, uint32_t number, uint64_t value) {
    if (x2apic_write(&apic, number, now, value) == X2APIC_REFUSED)
        fail_msg("register %x does not take %lx", number, value);
}

static void write(uint32_t number, uint64_t value) {
    write_at(NOW, number, value);
}

/* The guest takes it. */
static void take(unsigned vector) {
    x2apic_take_out(&apic, vector);
    x2apic_serve(&apic, vector);
}

/* By a guest whose TSC is the processor's. */
static void set_deadline(uint64_t deadline) {
    x2apic_set_deadline(&apic, deadline, deadline);
}

static void refuse(uint32_t number, uint64_t value) {
    struct x2apic before = apic;

    if (x2apic_write(&apic, number, NOW, value) != X2APIC_REFUSED)
        fail_msg("register %x takes %lx", number, value);
    assert_memory_equal(&apic, &before, sizeof(apic));
}

/* What each register may have written to it, and reads after reset with id 0. */
static const struct {
    uint32_t first, last;
    bool readable, is_written;
    uint64_t writable, reset;
} map[] = {
    {ID, ID, true, false, 0, 0},
    {VERSION, VERSION, true, false, 0, 0x50014},
    {TPR, TPR, true, true, 0xff, 0},
    {PPR, PPR, true, false, 0, 0},
    {EOI, EOI, false, true, 0, 0},
    {LDR, LDR, true, false, 0, 1},
    {SVR, SVR, true, true, 0x3ff, 0xff},
    {ISR, ISR + 7, true, false, 0, 0},
    {TMR, TMR + 7, true, false, 0, 0},
    {IRR, IRR + 7, true, false, 0, 0},
    {ESR, ESR, true, true, 0, 0},
    {ICR, ICR, true, true, 0xffffffff000ccfff, 0},
    {LVT_TIMER, LVT_TIMER, true, true, 0x700ff, MASKED},
    {0x33, 0x34, true, true, 0x107ff, MASKED}, /* thermal sensor, performance counters */
    {0x35, 0x36, true, true, 0x1a7ff, MASKED}, /* LINT0, LINT1 */
    {LVT_ERROR, LVT_ERROR, true, true, 0x100ff, MASKED},
    {INITIAL_COUNT, INITIAL_COUNT, true, true, 0xffffffff, 0},
    {CURRENT_COUNT, CURRENT_COUNT, true, false, 0, 0},
    {DIVIDE, DIVIDE, true, true, 0xb, 0},
    {SELF_IPI, SELF_IPI, false, true, 0xff, 0},
};

static unsigned row_of(uint32_t number) {
    unsigned row = 0;

    while (row < ARRAY_LENGTH(map) && (number < map[row].first || number > map[row].last))
        row++;
    return row;
}

/* Every number: those without a row exist no more than EOI can be read or ISR be written. */
static void test_numbers(void **state) {
    (void)state;
    for (uint32_t number = 0; number < X2APIC_MSR_COUNT; number++) {
        unsigned row = row_of(number);
        uint64_t value = 0;
        bool exists = row < ARRAY_LENGTH(map);

        x2apic_init(&apic, 0);
        assert_int_equal(x2apic_read(&apic, number, NOW, &value), exists && map[row].readable);
        if (exists && map[row].readable)
            assert_int_equal(value, map[row].reset);
        if (!exists || !map[row].is_written)
            refuse(number, 0);
        else
            write(number, 0);
    }
}

/* Each bit alone: what is kept reads back, what is reserved is #GP. */
static void test_bits(void **state) {
    (void)state;
    for (unsigned row = 0; row < ARRAY_LENGTH(map); row++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            uint64_t value = 1ULL << bit;

            make(NULL);
            if (!map[row].is_written || !(value & map[row].writable)) {
                refuse(map[row].first, value);
            } else {
                write(map[row].first, value);
                if (map[row].readable)
                    assert_int_equal(read(map[row].first), value);
            }
        }
    }
}

static void test_effects(void **state) {
    static const struct {
        uint32_t number;
        uint64_t value;
        enum x2apic_effect effect;
    } cases[] = {
        {TPR, 0x20, X2APIC_PRIORITY}, {EOI, 0, X2APIC_PENDING},          {SELF_IPI, VECTOR, X2APIC_PENDING},
        {ICR, 0x40, X2APIC_SEND},     {LVT_TIMER, VECTOR, X2APIC_TIMER}, {INITIAL_COUNT, 5, X2APIC_TIMER},
        {DIVIDE, BY_1, X2APIC_TIMER}, {SVR, 0x1ff, X2APIC_TIMER},        {ESR, 0, X2APIC_DONE},
        {0x35, 0x700, X2APIC_TIMER},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(x2apic_write(&apic, cases[i].number, NOW, cases[i].value), cases[i].effect);
}

/* The id is all 32 bits; the logical one is the cluster of 16 and the place in it. */
static void test_ids(void **state) {
    static const uint32_t ids[][2] = {{0, 1},        {1, 2},          {15, 0x8000},
                                      {16, 0x10001}, {0x23, 0x20008}, {0xfffe, 0x0fff4000}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++) {
        x2apic_init(&apic, ids[i][0]);
        assert_int_equal(read(ID), ids[i][0]);
        assert_int_equal(read(LDR), ids[i][1]);
    }
}

/* While software has the APIC disabled the LVTs are masked, and stay so when it is enabled again. */
static void test_svr(void **state) {
    (void)state;
    for (uint32_t lvt = LVT_TIMER; lvt <= LVT_ERROR; lvt++)
        write(lvt, VECTOR);
    write(SVR, 0xff);
    for (uint32_t lvt = LVT_TIMER; lvt <= LVT_ERROR; lvt++) {
        assert_int_equal(read(lvt), MASKED | VECTOR);
        write(lvt, VECTOR + 1);
        assert_int_equal(read(lvt), MASKED | (VECTOR + 1));
    }
    write(SVR, 0x1ff);
    for (uint32_t lvt = LVT_TIMER; lvt <= LVT_ERROR; lvt++) {
        assert_int_equal(read(lvt), MASKED | (VECTOR + 1));
        write(lvt, VECTOR);
        assert_int_equal(read(lvt), VECTOR);
    }
}

/* What is pending when it is disabled is held. */
static void test_svr_holds(void **state) {
    (void)state;
    x2apic_post(&apic, 0x50);
    take(0x50);
    x2apic_post(&apic, 0x60);
    write(SVR, 0xff);
    assert_int_equal(read(ISR + 2), 1U << 16);
    assert_int_equal(read(IRR + 3), 1);
}

/* Nothing more is accepted while it is disabled, as after reset, be it from itself, its timer or others. */
static void test_svr_refuses(void **state) {
    (void)state;
    x2apic_init(&apic, 0);
    x2apic_post(&apic, 0x50);
    write(SELF_IPI, 0x60);
    x2apic_post(&apic, 3);
    assert_int_equal(x2apic_pending(&apic), 0);
    write(SVR, 0x1ff);
    assert_int_equal(x2apic_pending(&apic), 0);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0);
    x2apic_post(&apic, 0x50);
    assert_int_equal(x2apic_pending(&apic), 0x50);
}

/* An illegal vector that is sent is bit 5; one that is received, bit 6. */
static void test_esr_sent(void **state) {
    (void)state;
    write(ICR, 1ULL << 32 | 15);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0x20);
    write(SELF_IPI, 0);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0x60);
    write(ICR, 1ULL << 32 | 16);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0);
}

static void test_esr(void **state) {
    (void)state;
    x2apic_post(&apic, 3);
    assert_int_equal(read(ESR), 0); /* not before it is written */
    refuse(ESR, 1);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0x40);
    assert_int_equal(read(ESR), 0x40);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0);
}

/* Vectors below 16 go nowhere but to ESR. */
static void test_illegal_vectors(void **state) {
    (void)state;
    for (unsigned vector = 0; vector < 256; vector++) {
        make(NULL);
        write(SELF_IPI, vector);
        write(ESR, 0);
        assert_int_equal(read(ESR) & 0x40, vector < 16 ? 0x40 : 0);
        assert_int_equal(x2apic_pending(&apic), vector < 16 ? 0 : vector);
        for (uint32_t word = 0; word < 8; word++)
            assert_int_equal(read(IRR + word), vector >= 16 && word == vector / 32 ? 1U << vector % 32 : 0);
    }
    make(NULL);
    write(DIVIDE, BY_1);
    write(LVT_TIMER, 15);
    write(INITIAL_COUNT, 10);
    x2apic_tick(&apic, NOW + 10);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0x40);
}

/* What is on its way is in neither; put back, it is as if it had never left, and one that came meanwhile the same. */
static void test_take_out(void **state) {
    (void)state;
    for (unsigned vector = 16; vector < 256; vector++) {
        uint32_t word = vector / 32, bit = 1U << vector % 32;

        make(NULL);
        x2apic_post(&apic, vector ^ 1);
        x2apic_post(&apic, vector);
        x2apic_take_out(&apic, vector);
        assert_int_equal(read(IRR + word), 1U << (vector ^ 1) % 32);
        assert_int_equal(read(ISR + word), 0);
        assert_int_equal(x2apic_pending(&apic), vector ^ 1);
        x2apic_post(&apic, vector);
        x2apic_put_back(&apic, vector);
        x2apic_take_out(&apic, vector ^ 1);
        assert_int_equal(read(IRR + word), bit);
        assert_int_equal(x2apic_pending(&apic), vector);
        x2apic_take_out(&apic, vector);
        assert_int_equal(x2apic_pending(&apic), 0);
    }
}

/* Taken, it moves from IRR to ISR, and EOI ends it. */
static void test_every_vector(void **state) {
    (void)state;
    for (unsigned vector = 16; vector < 256; vector++) {
        uint32_t word = vector / 32, bit = 1U << vector % 32;

        x2apic_post(&apic, vector);
        assert_int_equal(x2apic_pending(&apic), vector);
        take(vector);
        assert_int_equal(read(IRR + word), 0);
        assert_int_equal(read(ISR + word), bit);
        assert_int_equal(read(TMR + word), 0);
        assert_int_equal(read(PPR), vector & 0xf0);
        x2apic_post(&apic, vector); /* again, while it is in service */
        assert_int_equal(read(IRR + word), bit);
        assert_int_equal(x2apic_pending(&apic), 0);
        refuse(EOI, 1);
        write(EOI, 0);
        assert_int_equal(read(ISR + word), 0);
        assert_int_equal(x2apic_pending(&apic), vector);
        take(vector);
        write(EOI, 0);
        assert_int_equal(read(PPR), 0);
        assert_int_equal(x2apic_pending(&apic), 0);
    }
    write(EOI, 0); /* with nothing in service */
    for (uint32_t word = 0; word < 8; word++)
        assert_int_equal(read(ISR + word) | read(IRR + word), 0);
}

/* All at once: they go by their vectors, however deeply nested. */
static void test_order(void **state) {
    (void)state;
    for (unsigned vector = 16; vector < 256; vector++)
        x2apic_post(&apic, vector);
    for (uint32_t word = 0; word < 8; word++)
        assert_int_equal(read(IRR + word), word ? 0xffffffff : 0xffff0000);
    for (unsigned vector = 255; vector >= 16; vector--) {
        assert_int_equal(x2apic_pending(&apic), vector);
        take(vector);
        assert_int_equal(x2apic_pending(&apic), 0); /* it holds its own class, too */
        write(EOI, 0);
    }
}

/* One of a higher class comes between; EOI ends the highest first. */
static void test_nesting(void **state) {
    (void)state;
    x2apic_post(&apic, 0x31);
    take(x2apic_pending(&apic));
    x2apic_post(&apic, 0x3f);
    assert_int_equal(x2apic_pending(&apic), 0);
    x2apic_post(&apic, 0x40);
    assert_int_equal(x2apic_pending(&apic), 0x40);
    take(0x40);
    x2apic_post(&apic, 0xf3);
    take(x2apic_pending(&apic));
    assert_int_equal(read(PPR), 0xf0);
    write(EOI, 0);
    assert_int_equal(read(ISR + 7), 0);
    assert_int_equal(read(PPR), 0x40);
    assert_int_equal(x2apic_pending(&apic), 0);
    write(EOI, 0);
    assert_int_equal(read(ISR + 2), 0);
    assert_int_equal(read(PPR), 0x30);
    assert_int_equal(x2apic_pending(&apic), 0);
    write(EOI, 0);
    assert_int_equal(x2apic_pending(&apic), 0x3f);
}

/* An interrupt has to be of a higher class than TPR; PPR is the higher of TPR and the class in service. */
static void test_priorities(void **state) {
    (void)state;
    for (unsigned tpr = 0; tpr < 256; tpr++) {
        make(NULL);
        write(TPR, tpr);
        assert_int_equal(read(TPR), tpr);
        assert_int_equal(read(PPR), tpr);
        for (unsigned vector = 16; vector < 256; vector += 15) {
            make(NULL);
            write(TPR, tpr);
            x2apic_post(&apic, vector);
            assert_int_equal(x2apic_pending(&apic), vector >> 4 > tpr >> 4 ? vector : 0);
            take(vector);
            assert_int_equal(read(PPR), tpr >> 4 >= vector >> 4 ? tpr : (vector & 0xf0));
        }
    }
}

static unsigned fired(uint64_t now) {
    unsigned vector;

    x2apic_tick(&apic, now);
    vector = x2apic_pending(&apic);
    if (vector) {
        take(vector);
        write_at(now, EOI, 0);
    }
    assert_int_equal(x2apic_pending(&apic), 0); /* never two */
    return vector;
}

static void start(uint32_t mode, uint32_t divide, uint32_t count) {
    write(LVT_TIMER, mode | VECTOR);
    write(DIVIDE, divide);
    write(INITIAL_COUNT, count);
}

static void test_one_shot(void **state) {
    (void)state;
    start(ONE_SHOT, BY_1, 500);
    assert_int_equal(apic.fires_tsc, NOW + 500);
    assert_int_equal(read(CURRENT_COUNT), 500);
    assert_int_equal(read_at(NOW + 1, CURRENT_COUNT), 499);
    assert_int_equal(fired(NOW + 499), 0);
    assert_int_equal(fired(NOW + 500), VECTOR);
    assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
    assert_int_equal(read_at(NOW + 501, CURRENT_COUNT), 0);
    assert_int_equal(read(INITIAL_COUNT), 500);
    assert_int_equal(fired(NOW + 5000), 0);
    write(INITIAL_COUNT, 500);
    write_at(NOW + 100, INITIAL_COUNT, 500); /* starts anew */
    assert_int_equal(fired(NOW + 599), 0);
    assert_int_equal(fired(NOW + 600), VECTOR);
    write(INITIAL_COUNT, 500);
    write(INITIAL_COUNT, 0); /* stops it */
    assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
    assert_int_equal(read(CURRENT_COUNT), 0);
    assert_int_equal(fired(NOW + 1000000), 0);
    write(INITIAL_COUNT, UINT32_MAX);
    assert_int_equal(read(CURRENT_COUNT), UINT32_MAX);
    assert_int_equal(fired(NOW + UINT32_MAX - 1), 0);
    assert_int_equal(fired(NOW + UINT32_MAX), VECTOR);
}

/* However late somebody looks, it is one interrupt, and the next comes when it would have come anyway. */
static void test_periodic(void **state) {
    (void)state;
    start(PERIODIC, BY_1, 100);
    for (uint64_t at = NOW + 100; at < NOW + 1000; at += 100) {
        assert_int_equal(fired(at - 1), 0);
        assert_int_equal(fired(at), VECTOR);
        assert_int_equal(read_at(at, CURRENT_COUNT), 100);
        assert_int_equal(read_at(at + 99, CURRENT_COUNT), 1);
    }
    assert_int_equal(fired(NOW + 1234), VECTOR); /* three are due */
    assert_int_equal(apic.fires_tsc, NOW + 1300);
    assert_int_equal(read_at(NOW + 1234, CURRENT_COUNT), 66);
    assert_int_equal(fired(NOW + 1299), 0);
    assert_int_equal(fired(NOW + 1300), VECTOR);
    assert_int_equal(fired(NOW + 1400 + 100ULL * UINT32_MAX), VECTOR);
    assert_int_equal(apic.fires_tsc, NOW + 1500 + 100ULL * UINT32_MAX);
    write(INITIAL_COUNT, 0);
    assert_int_equal(fired(NOW + 1000ULL * UINT32_MAX), 0);
}

/* A count goes on when the mode changes between one-shot and periodic. */
static void test_count_goes_on(void **state) {
    (void)state;
    start(ONE_SHOT, BY_1, 100);
    write_at(NOW + 30, LVT_TIMER, PERIODIC | VECTOR);
    assert_int_equal(read_at(NOW + 30, CURRENT_COUNT), 70);
    assert_int_equal(fired(NOW + 100), VECTOR);
    assert_int_equal(fired(NOW + 200), VECTOR);
    write_at(NOW + 230, LVT_TIMER, ONE_SHOT | VECTOR);
    assert_int_equal(fired(NOW + 299), 0);
    assert_int_equal(fired(NOW + 300), VECTOR);
    assert_int_equal(fired(NOW + 400), 0);
    write_at(NOW + 400, LVT_TIMER, PERIODIC | VECTOR); /* one that has ended does not start by it */
    assert_int_equal(fired(NOW + 600), 0);
}

static void test_masked(void **state) {
    (void)state;
    assert_int_equal(x2apic_due_tsc(&apic), X2APIC_NEVER);
    start(PERIODIC | MASKED, BY_1, 100);
    assert_int_equal(x2apic_due_tsc(&apic), X2APIC_NEVER); /* though it counts */
    assert_int_equal(read_at(NOW + 40, CURRENT_COUNT), 60);
    assert_int_equal(fired(NOW + 350), 0);
    assert_int_equal(read_at(NOW + 350, CURRENT_COUNT), 50);
    write_at(NOW + 350, LVT_TIMER, PERIODIC | VECTOR);
    assert_int_equal(x2apic_due_tsc(&apic), NOW + 400);
    assert_int_equal(fired(NOW + 399), 0);
    assert_int_equal(fired(NOW + 400), VECTOR);
    write_at(NOW + 410, LVT_TIMER, PERIODIC | MASKED | VECTOR);
    assert_int_equal(fired(NOW + 500), 0);
    write_at(NOW + 510, LVT_TIMER, PERIODIC | VECTOR);
    assert_int_equal(x2apic_due_tsc(&apic), NOW + 600);
    write_at(NOW + 510, SVR, 0xff);
    assert_int_equal(x2apic_due_tsc(&apic), X2APIC_NEVER);
    assert_int_equal(fired(NOW + 700), 0);
    write_at(NOW + 710, SVR, 0x1ff); /* is still masked */
    assert_int_equal(x2apic_due_tsc(&apic), X2APIC_NEVER);
    assert_int_equal(fired(NOW + 900), 0);
}

/* As after reset: a count whose LVT was never written brings nothing, not even an illegal vector. */
static void test_masked_by_reset(void **state) {
    (void)state;
    write(DIVIDE, BY_1);
    write(INITIAL_COUNT, 100);
    assert_int_equal(read(CURRENT_COUNT), 100);
    assert_int_equal(x2apic_due_tsc(&apic), X2APIC_NEVER);
    assert_int_equal(fired(NOW + 100), 0);
    write(ESR, 0);
    assert_int_equal(read(ESR), 0);
}

/* The vector is that of the time when it fires. */
static void test_vector(void **state) {
    (void)state;
    start(ONE_SHOT, BY_1, 100);
    write_at(NOW + 50, LVT_TIMER, ONE_SHOT | 0x81);
    assert_int_equal(fired(NOW + 100), 0x81);
}

static void test_dividers(void **state) {
    static const uint32_t dividers[][2] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xa, 128}, {0xb, 1}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(dividers); i++) {
        uint32_t by = dividers[i][1];

        make(NULL);
        start(PERIODIC, dividers[i][0], 10);
        assert_int_equal(read(DIVIDE), dividers[i][0]);
        assert_int_equal(apic.fires_tsc, NOW + 10 * by);
        assert_int_equal(read(CURRENT_COUNT), 10);
        assert_int_equal(read_at(NOW + 3 * by, CURRENT_COUNT), 7);
        assert_int_equal(fired(NOW + 10 * by - 1), 0);
        assert_int_equal(fired(NOW + 10 * by), VECTOR);
        assert_int_equal(fired(NOW + 20 * by), VECTOR);
        write(INITIAL_COUNT, UINT32_MAX);
        assert_int_equal(apic.fires_tsc, NOW + (uint64_t)UINT32_MAX * by);
    }
}

static void test_deadline(void **state) {
    (void)state;
    assert_int_equal(apic.deadline, 0);
    set_deadline(NOW + 5); /* means nothing in the other modes */
    assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
    assert_int_equal(apic.deadline, 0);
    write(LVT_TIMER, DEADLINE | VECTOR);
    assert_int_equal(fired(NOW), 0);
    set_deadline(NOW + 100);
    assert_int_equal(apic.deadline, NOW + 100);
    assert_int_equal(read(CURRENT_COUNT), 0);
    assert_int_equal(fired(NOW + 99), 0);
    assert_int_equal(fired(NOW + 100), VECTOR);
    assert_int_equal(apic.deadline, 0); /* it is over */
    assert_int_equal(fired(NOW + 1000), 0);
    set_deadline(NOW + 100);
    set_deadline(0); /* disarms */
    assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
    assert_int_equal(fired(NOW + 1000), 0);
    set_deadline(1); /* has passed long ago */
    assert_int_equal(fired(NOW), VECTOR);
    assert_int_equal(fired(NOW), 0);
    write(INITIAL_COUNT, 10); /* is ignored in this mode */
    assert_int_equal(read(INITIAL_COUNT), 0);
    assert_int_equal(fired(NOW + 1000), 0);
    set_deadline(NOW + 100);
    write(LVT_TIMER, DEADLINE | MASKED | VECTOR); /* the mode stays: so does the deadline */
    assert_int_equal(apic.deadline, NOW + 100);
    assert_int_equal(fired(NOW + 100), 0);
    assert_int_equal(apic.deadline, 0);
}

/* Whatever was armed is not any more when TSC-deadline mode comes or goes; both mode bits together are reserved. */
static void test_deadline_modes(void **state) {
    (void)state;
    refuse(LVT_TIMER, DEADLINE | PERIODIC | VECTOR);
    for (uint32_t mode = ONE_SHOT; mode <= PERIODIC; mode += PERIODIC) {
        start(mode, BY_1, 100);
        write(LVT_TIMER, DEADLINE | VECTOR);
        assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
        assert_int_equal(fired(NOW + 1000), 0);
        set_deadline(NOW + 100);
        write(LVT_TIMER, mode | VECTOR);
        assert_int_equal(apic.deadline, 0);
        assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
        assert_int_equal(read(CURRENT_COUNT), 0);
        assert_int_equal(fired(NOW + 1000), 0);
        set_deadline(NOW + 50); /* as if the mode had never been */
        assert_int_equal(apic.deadline, 0);
        start(mode, BY_1, 100);
        assert_int_equal(read(CURRENT_COUNT), 100);
        assert_int_equal(fired(NOW + 99), 0);
        assert_int_equal(fired(NOW + 100), VECTOR);
    }
    write(LVT_TIMER, DEADLINE | VECTOR);
    set_deadline(NOW + 100);
    assert_int_equal(fired(NOW + 350), VECTOR); /* a period of before is forgotten */
    assert_int_equal(fired(NOW + 1000), 0);
}

/* What it reads is the guest's time, and when it fires the processor's; 0 disarms it whatever the latter is. */
static void test_deadline_offset(void **state) {
    (void)state;
    write(LVT_TIMER, DEADLINE | VECTOR);
    x2apic_set_deadline(&apic, 7, NOW + 100);
    assert_int_equal(apic.deadline, 7);
    assert_int_equal(x2apic_due_tsc(&apic), NOW + 100);
    assert_int_equal(fired(NOW + 99), 0);
    assert_int_equal(apic.deadline, 7);
    assert_int_equal(fired(NOW + 100), VECTOR);
    assert_int_equal(apic.deadline, 0);
    x2apic_set_deadline(&apic, NOW + 1000000, NOW); /* has passed: at once */
    assert_int_equal(fired(NOW), VECTOR);
    x2apic_set_deadline(&apic, 7, NOW + 100);
    x2apic_set_deadline(&apic, 0, NOW + 100);
    assert_int_equal(apic.deadline, 0);
    assert_int_equal(fired(NOW + 1000), 0);
}

/* A write that comes after the time when the timer fires, ahead of anybody who looks, changes nothing about that. */
static void test_due_at_write(void **state) {
    static const struct {
        uint32_t number, value;
    } writes[] = {
        {LVT_TIMER, MASKED | VECTOR},
        {LVT_TIMER, 0x81},
        {LVT_TIMER, DEADLINE | 0x81},
        {INITIAL_COUNT, 0},
        {INITIAL_COUNT, 1000000},
        {SVR, 0xff},
        {DIVIDE, 0},
        {TPR, 0x10},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(writes); i++) {
        make(NULL);
        start(ONE_SHOT, BY_1, 100);
        write_at(NOW + 99, DIVIDE, BY_1);
        assert_int_equal(x2apic_pending(&apic), 0);
        write_at(NOW + 100, writes[i].number, writes[i].value);
        assert_int_equal(x2apic_pending(&apic), VECTOR);
        assert_int_equal(fired(NOW + 100), VECTOR);
        assert_int_equal(fired(NOW + 101), 0);
    }
}

/* Reset takes back everything, but gives an id. */
static void test_init(void **state) {
    struct x2apic fresh;

    (void)state;
    start(PERIODIC, BY_1, 100);
    x2apic_post(&apic, 3);
    x2apic_post(&apic, 0x99);
    write(ICR, 0x40);
    x2apic_init(&apic, 5);
    x2apic_init(&fresh, 5);
    assert_memory_equal(&apic, &fresh, sizeof(apic));
    assert_int_equal(apic.fires_tsc, X2APIC_NEVER);
    assert_int_equal(apic.deadline, 0);
    assert_int_equal(x2apic_pending(&apic), 0);
}

#define TO(id)   ((uint64_t)(id) << 32)
#define LOGICAL  0x800ULL
#define SELF     0x40000ULL
#define ALL      0x80000ULL
#define OTHERS   0xc0000ULL
#define APICS    40
#define NOBODY   0
#define EVERYONE ((1ULL << APICS) - 1)

/* Of 40 APICs, those that a command of number 5 names. */
static void test_is_named(void **state) {
    static struct x2apic apics[APICS];
    static const struct {
        uint64_t icr, named;
    } cases[] = {
        {TO(0), 1ULL << 0},
        {TO(5), 1ULL << 5},
        {TO(17) | 0x4051, 1ULL << 17},
        {TO(40), NOBODY},
        {TO(0xff), NOBODY}, /* that is a broadcast in xAPIC mode alone */
        {TO(0x10001), NOBODY},
        {TO(0xffffffff), EVERYONE},
        {TO(0xffffffff) | LOGICAL, EVERYONE},
        {TO(0) | LOGICAL, NOBODY},
        {TO(0x00000001) | LOGICAL, 1ULL << 0},
        {TO(0x00000021) | LOGICAL, 1ULL << 0 | 1ULL << 5},
        {TO(0x0000ffff) | LOGICAL, 0xffffULL},
        {TO(0x00010002) | LOGICAL, 1ULL << 17},
        {TO(0x00018001) | LOGICAL, 1ULL << 16 | 1ULL << 31},
        {TO(0x000200ff) | LOGICAL, 0xffULL << 32},
        {TO(0x00020100) | LOGICAL, NOBODY},
        {TO(0x0003ffff) | LOGICAL, NOBODY},
        {TO(7) | SELF, 1ULL << 5}, /* with a shorthand the destination does not count */
        {TO(7) | SELF | LOGICAL, 1ULL << 5},
        {TO(7) | ALL, EVERYONE},
        {TO(7) | OTHERS, EVERYONE & ~(1ULL << 5)},
        {TO(0xffffffff) | OTHERS, EVERYONE & ~(1ULL << 5)},
    };

    (void)state;
    for (unsigned i = 0; i < APICS; i++)
        x2apic_init(&apics[i], i);
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t named = 0;

        for (unsigned to = 0; to < APICS; to++)
            named |= (uint64_t)x2apic_is_named(&apics[to], &apics[5], cases[i].icr) << to;
        if (named != cases[i].named)
            fail_msg("command %lx: found %lx named, want %lx", cases[i].icr, named, cases[i].named);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_numbers, make),
        cmocka_unit_test_setup(test_bits, make),
        cmocka_unit_test_setup(test_effects, make),
        cmocka_unit_test_setup(test_ids, make),
        cmocka_unit_test_setup(test_svr, make),
        cmocka_unit_test_setup(test_svr_holds, make),
        cmocka_unit_test_setup(test_svr_refuses, make),
        cmocka_unit_test_setup(test_esr_sent, make),
        cmocka_unit_test_setup(test_esr, make),
        cmocka_unit_test_setup(test_illegal_vectors, make),
        cmocka_unit_test_setup(test_take_out, make),
        cmocka_unit_test_setup(test_every_vector, make),
        cmocka_unit_test_setup(test_order, make),
        cmocka_unit_test_setup(test_nesting, make),
        cmocka_unit_test_setup(test_priorities, make),
        cmocka_unit_test_setup(test_one_shot, make),
        cmocka_unit_test_setup(test_periodic, make),
        cmocka_unit_test_setup(test_count_goes_on, make),
        cmocka_unit_test_setup(test_masked, make),
        cmocka_unit_test_setup(test_masked_by_reset, make),
        cmocka_unit_test_setup(test_vector, make),
        cmocka_unit_test_setup(test_dividers, make),
        cmocka_unit_test_setup(test_deadline, make),
        cmocka_unit_test_setup(test_deadline_modes, make),
        cmocka_unit_test_setup(test_deadline_offset, make),
        cmocka_unit_test_setup(test_due_at_write, make),
        cmocka_unit_test_setup(test_init, make),
        cmocka_unit_test_setup(test_is_named, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
