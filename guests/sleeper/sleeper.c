/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that sleeps nearly all the time. Bootargs: wakes= (then it ends), report=
 * (a line every so many wakes), uart=.
 */
#include "guests/lib/lib.h"

int main(const char *args) {
    uint32_t wakes = args_number(args, "wakes", 0);
    uint32_t report = args_number(args, "report", 0);

    print_to(args);
    for (uint32_t i = 1; wakes == 0 || i <= wakes; i++) {
        wait();
        if (report != 0 && i % report == 0)
            print("sleeper: %u wakes\n", i);
    }
    print("sleeper: done\n");
    return 0;
}
