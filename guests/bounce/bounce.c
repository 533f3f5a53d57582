/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An animation: a box bounces on the screen under the guest's name. Bootargs: name=,
 * colour= (a VGA attribute), frames= (then it ends), pace=halt (default: gives its time
 * away between frames) or pace=spin (waits busily).
 */
#include "guests/lib/lib.h"

#define FRAMES_PER_SECOND 30
#define BOX_ROWS          3
#define BOX_COLUMNS       8
#define FIRST_ROW         2
#define BLANK             0x07

struct ball {
    int at, step, last; /* position, direction, the last position there is */
};

static void move(struct ball *ball) {
    if (ball->at + ball->step < 0 || ball->at + ball->step > ball->last)
        ball->step = -ball->step;
    ball->at += ball->step;
}

static void wait_until(uint64_t tsc, bool halt) {
    while (rdtsc() < tsc) {
        if (halt)
            wait();
    }
}

static void title(const char *name, uint8_t colour, uint32_t frame) {
    char digits[11];

    screen_fill(0, 0, 1, SCREEN_COLUMNS, colour, ' ');
    screen_write(0, 1, colour, name);
    screen_write(0, 20, colour, "frame");
    screen_write(0, 26, colour, to_decimal(frame, digits));
}

int main(const char *args) {
    char name[16], pace[8];
    uint8_t colour = (uint8_t)args_number(args, "colour", 0x1f);
    uint32_t frames = args_number(args, "frames", 0);
    uint64_t ticks =
        (uint64_t)(uint32_t)hypercall(SHIKIRI_CALL_INFO, SHIKIRI_INFO_TSC_KHZ, 0) * 1000 / FRAMES_PER_SECOND;
    uint64_t next = rdtsc();
    struct ball row = {0, 1, SCREEN_ROWS - FIRST_ROW - BOX_ROWS};
    struct ball column = {0, 1, SCREEN_COLUMNS - BOX_COLUMNS};

    args_string(args, "name", name, sizeof(name), "bounce");
    args_string(args, "pace", pace, sizeof(pace), "halt");
    screen_fill(0, 0, SCREEN_ROWS, SCREEN_COLUMNS, BLANK, ' ');
    for (uint32_t frame = 1; frames == 0 || frame <= frames; frame++) {
        title(name, colour, frame);
        screen_fill(FIRST_ROW + row.at, column.at, BOX_ROWS, BOX_COLUMNS, BLANK, ' ');
        move(&row);
        move(&column);
        screen_fill(FIRST_ROW + row.at, column.at, BOX_ROWS, BOX_COLUMNS, colour, '\xdb');
        next += ticks;
        wait_until(next, equal(pace, "halt"));
    }
    return 0;
}
