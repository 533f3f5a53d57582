/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated real-time clock: see cmos.h.
 */
#include "hv/dev/cmos.h"

#define INDEX       0 /* offset of the port */
#define INDEX_MASK  0x7f
#define A_RATE      0x26
#define B_24_HOURS  0x02
#define D_VALID     0x80
#define DAY_SECONDS 86400
#define DAYS_TO_ERA 9556 /* from the start of 1970 to March 1996, after a leap day */
#define ERA_YEAR    1996
#define FOUR_YEARS  1461 /* days */
#define THURSDAY    4    /* the first day of 1970; weeks begin with Sunday */

enum { SECOND, MINUTE = 2, HOUR = 4, WEEKDAY = 6, DAY, MONTH, YEAR, STATUS_A, STATUS_B, STATUS_D = 13, CENTURY = 50 };

static uint8_t bcd(uint64_t value) {
    return (uint8_t)(value / 10 << 4 | value % 10);
}

/* Years begin in March here, so that a leap day ends one, and each month begins so many fifths of a day after it. */
static uint8_t read_register(uint64_t seconds, unsigned number) {
    uint64_t days = seconds / DAY_SECONDS, left = days - DAYS_TO_ERA, years = (4 * left + 3) / FOUR_YEARS;
    uint64_t day = left - years * FOUR_YEARS / 4, month = (5 * day + 2) / 153, year = ERA_YEAR + years + (month >= 10);
    const uint8_t registers[] = {
        [SECOND] = bcd(seconds % 60),
        [MINUTE] = bcd(seconds / 60 % 60),
        [HOUR] = bcd(seconds / 3600 % 24),
        [WEEKDAY] = bcd((days + THURSDAY) % 7 + 1),
        [DAY] = bcd(day - (153 * month + 2) / 5 + 1),
        [MONTH] = bcd((month + 2) % 12 + 1),
        [YEAR] = bcd(year % 100),
        [STATUS_A] = A_RATE,
        [STATUS_B] = B_24_HOURS,
        [STATUS_D] = D_VALID,
        [CENTURY] = bcd(year / 100),
    };

    return number < sizeof(registers) ? registers[number] : 0;
}

/* That no update is under way, as register A says, holds until it is read again, for a second. */
uint8_t cmos_read(void *device, unsigned offset) {
    struct cmos *cmos = device;
    uint64_t now_seconds = cmos->now_seconds();

    if (offset == INDEX)
        return 0xff;
    if (cmos->index == STATUS_A || now_seconds - cmos->shown_seconds > 1)
        cmos->shown_seconds = now_seconds;
    return read_register(cmos->shown_seconds, cmos->index);
}

enum verdict cmos_write(void *device, unsigned offset, uint8_t value) {
    if (offset == INDEX)
        ((struct cmos *)device)->index = value & INDEX_MASK;
    return VERDICT_RESUME;
}
