/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A control loop that measures itself: in each slot of a frame it looks how late it is, works, and halts
 * until the next. Bootargs: slots= (then it ends; 0: never), work= (turns of a loop a slot), report= (a line every
 * so many slots), plan-every= and plans= (asks for the next plan every so many slots; needs "control"), tell-plans=1 (a
 * line with the TSC of the first slot in each plan), uart=.
 */
#include "guests/lib/lib.h"

/* In TSC ticks. */
struct record {
    uint32_t slots;
    uint32_t late_min, late_max; /* from when the slot was due to its first instruction */
    uint64_t due, period;        /* of the slot before; from there to this one */
    uint32_t irregular;          /* slots that came after another time than the one before */
};

static void note(struct record *record, uint64_t now, uint64_t due) {
    uint32_t late = (uint32_t)(now - due);
    uint64_t period = due - record->due;

    record->slots++;
    record->late_min = late < record->late_min ? late : record->late_min;
    record->late_max = late > record->late_max ? late : record->late_max;
    record->irregular += record->slots > 2 && period != record->period;
    record->period = period;
    record->due = due;
}

static void tell(const struct record *record) {
    print("beat: slots %u late %u to %u period %u irregular %u\n", record->slots, record->late_min, record->late_max,
          (unsigned)record->period, record->irregular);
}

/* The plan of the current slot; a change is told, if that is wanted. */
static uint32_t look_at_plan(uint32_t before, uint64_t due, bool tells) {
    uint32_t plan = (uint32_t)hypercall(SHIKIRI_CALL_INFO, SHIKIRI_INFO_PLAN, 0);

    if (tells && plan != before)
        print("beat: plan %u at %llx\n", plan, (unsigned long long)due);
    return plan;
}

static void work(uint32_t turns) {
    for (volatile uint32_t i = 0; i < turns; i++)
        ;
}

int main(const char *args) {
    uint32_t slots = args_number(args, "slots", 0), report = args_number(args, "report", 0);
    uint32_t plan_every = args_number(args, "plan-every", 0), plans = args_number(args, "plans", 2);
    uint32_t turns = args_number(args, "work", 1000), plan = 0;
    bool tells = args_number(args, "tell-plans", 0) != 0;
    struct record record = {.late_min = UINT32_MAX};

    print_to(args);
    while (slots == 0 || record.slots < slots) {
        wait();
        uint64_t now = rdtsc();

        note(&record, now, (uint64_t)hypercall(SHIKIRI_CALL_INFO, SHIKIRI_INFO_SLOT_TSC, 0));
        plan = look_at_plan(plan, record.due, tells);
        work(turns);
        if (report != 0 && record.slots % report == 0)
            tell(&record);
        if (plan_every != 0 && record.slots % plan_every == 0 &&
            hypercall(SHIKIRI_CALL_PLAN, record.slots / plan_every % plans, 0) != 0)
            return 1;
    }
    tell(&record);
    return 0;
}
