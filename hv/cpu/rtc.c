/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's real-time clock: see rtc.h.
 */
#include "hv/cpu/rtc.h"

#include "hv/cpu/x86.h"

#define INDEX_PORT  0x70
#define DATA_PORT   0x71
#define STATUS_A    0x0a
#define STATUS_B    0x0b
#define A_UPDATES   0x80
#define B_24_HOURS  0x02
#define B_BINARY    0x04
#define HOURS_PM    0x80U  /* never set in 24-hour mode */
#define LOOKS       100000 /* at an update under way, which takes 2 ms at most */
#define DAYS_TO_ERA 9556   /* from the start of 1970 to March 1996, after a leap day */
#define ERA_TO_2000 4      /* years */

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

static const uint8_t registers[FIELDS] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09};

static unsigned read(uint8_t number) {
    x86_outb(INDEX_PORT, number);
    return x86_inb(DATA_PORT);
}

/* All of one second, as they are in the registers. */
static void read_fields(unsigned fields[FIELDS]) {
    do {
        for (unsigned i = 0; i < LOOKS && (read(STATUS_A) & A_UPDATES); i++)
            ;
        for (unsigned i = 0; i < FIELDS; i++)
            fields[i] = read(registers[i]);
    } while (fields[SECOND] != read(registers[SECOND]));
}

/* Years begin in March here, so that a leap day ends one. */
static uint64_t days(unsigned year, unsigned month, unsigned day) {
    unsigned years = year + ERA_TO_2000 - (month < 3), months = (month + 9) % 12;

    return DAYS_TO_ERA + years * 365 + years / 4 + (months * 153 + 2) / 5 + day - 1;
}

uint64_t rtc_seconds(void) {
    unsigned fields[FIELDS], mode = read(STATUS_B), noon;

    read_fields(fields);
    noon = (fields[HOUR] & HOURS_PM) ? 12 : 0;
    fields[HOUR] &= ~HOURS_PM;
    for (unsigned i = 0; i < FIELDS && !(mode & B_BINARY); i++)
        fields[i] = (fields[i] >> 4) * 10 + (fields[i] & 15);
    if (!(mode & B_24_HOURS))
        fields[HOUR] = fields[HOUR] % 12 + noon;
    return ((days(fields[YEAR], fields[MONTH], fields[DAY]) * 24 + fields[HOUR]) * 60 + fields[MINUTE]) * 60 +
           fields[SECOND];
}
