/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: see options.h.
 */
#include "boot/options.h"

#include "hv/lib/string.h"

#define WORD_MAX 64

static const struct {
    const char *word;
    enum machine_exit exit;
} ends[] = {
    {"on-end=halt", MACHINE_HALT},
    {"on-end=qemu-exit", MACHINE_QEMU_EXIT},
    {"on-end=bochs-shutdown", MACHINE_BOCHS_SHUTDOWN},
};

static void read_word(struct options *options, const char *word, struct report *report) {
    for (unsigned i = 0; i < ARRAY_LENGTH(ends); i++) {
        if (strcmp(word, ends[i].word) == 0) {
            options->on_end = ends[i].exit;
            return;
        }
    }
    options->trace_switches |= strcmp(word, "trace=switch") == 0;
    if (strcmp(word, "trace=switch") != 0)
        report_error(report, "command line", NULL, NULL,
                     "found %s, want on-end=halt, on-end=qemu-exit, on-end=bochs-shutdown or trace=switch", word);
}

void options_read(struct options *options, const char *command_line, struct report *report) {
    const char *at = command_line;

    *options = (struct options){0};
    for (bool first = true; *at != '\0'; first = false) {
        char word[WORD_MAX];
        size_t length = 0;

        while (*at == ' ')
            at++;
        for (; *at != '\0' && *at != ' '; at++)
            if (length < sizeof(word) - 1)
                word[length++] = *at;
        word[length] = '\0';
        if (length > 0 && (!first || strchr(word, '=')))
            read_word(options, word, report);
    }
}
