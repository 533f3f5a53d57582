/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: see options.h. A row an option and value.
 */
#include "boot/options.h"

#include "hv/lib/string.h"

#define WORD_MAX 64

static void on_end_halt(struct options *options) {
    options->on_end = MACHINE_HALT;
}

static void on_end_qemu(struct options *options) {
    options->on_end = MACHINE_QEMU_EXIT;
}

static void on_end_bochs(struct options *options) {
    options->on_end = MACHINE_BOCHS_SHUTDOWN;
}

static void trace_switch(struct options *options) {
    options->trace_switches = true;
}

static const struct {
    const char *word;
    void (*set)(struct options *options);
} known[] = {
    {"on-end=halt", on_end_halt},
    {"on-end=qemu-exit", on_end_qemu},
    {"on-end=bochs-shutdown", on_end_bochs},
    {"trace=switch", trace_switch},
};

static void read_word(struct options *options, const char *word, struct report *report) {
    for (unsigned i = 0; i < ARRAY_LENGTH(known); i++) {
        if (strcmp(word, known[i].word) == 0) {
            known[i].set(options);
            return;
        }
    }
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
