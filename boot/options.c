/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: see options.h.
 */
#include "boot/options.h"

#include "hv/lib/string.h"

#define WORD_MAX         128
#define CERTIFICATE      "certificate="
#define END_AFTER        "end-after-ms="
#define END_AFTER_MS_MAX 86400000U /* a day */

/* Capital letters will do: they differ from small ones in a bit that digits have set. */
static void read_certificate(struct options *options, const char *hash, struct report *report) {
    size_t length = 0;

    for (; hash[length] != '\0' && strchr("0123456789abcdefABCDEF", hash[length]); length++)
        if (length < SHA256_HEX_DIGITS)
            options->certificate[length] = (char)(hash[length] | 0x20);
    if (length == SHA256_HEX_DIGITS && hash[length] == '\0')
        return;
    options->certificate[0] = '\0';
    report_error(report, "command line", "certificate", "it is what sha256sum prints of a certificate",
                 "found \"%s\", want %d digits of 0 to 9 and a to f", hash, SHA256_HEX_DIGITS);
}

static void read_end_after(struct options *options, const char *number, struct report *report) {
    uint32_t ms = 0;
    const char *at = number;

    while (*at >= '0' && *at <= '9' && ms <= END_AFTER_MS_MAX)
        ms = ms * 10 + (uint32_t)(*at++ - '0');
    if (*at == '\0' && ms >= 1 && ms <= END_AFTER_MS_MAX)
        options->end_after_ms = ms;
    else
        report_error(report, "command line", "end-after-ms", NULL, "found \"%s\", want 1 to %u", number,
                     END_AFTER_MS_MAX);
}

static void read_word(struct options *options, const char *word, struct report *report) {
    if (strcmp(word, "on-end=halt") == 0)
        options->on_end = MACHINE_HALT;
    else if (strcmp(word, "on-end=qemu-exit") == 0)
        options->on_end = MACHINE_QEMU_EXIT;
    else if (strcmp(word, "on-end=bochs-shutdown") == 0)
        options->on_end = MACHINE_BOCHS_SHUTDOWN;
    else if (strcmp(word, "trace=print") == 0)
        options->trace_print = true;
    else if (strcmp(word, "idle=poll") == 0)
        options->idle_polls = true;
    else if (strncmp(word, CERTIFICATE, strlen(CERTIFICATE)) == 0)
        read_certificate(options, word + strlen(CERTIFICATE), report);
    else if (strncmp(word, END_AFTER, strlen(END_AFTER)) == 0)
        read_end_after(options, word + strlen(END_AFTER), report);
    else
        report_error(report, "command line", NULL, NULL,
                     "found %s, want on-end=halt, =qemu-exit or =bochs-shutdown, end-after-ms=N, idle=poll, "
                     "trace=print or certificate=HASH",
                     word);
}

void options_read(struct options *options, const char *command_line, struct report *report) {
    bool is_first = true;

    *options = (struct options){0};
    for (const char *at = command_line, *end; *at != '\0'; at = *end == ' ' ? end + 1 : end) {
        char word[WORD_MAX] = {0};

        end = strchrnul(at, ' ');
        memcpy(word, at, lower(end - at, sizeof(word) - 1));
        if (word[0] != '\0' && (!is_first || strchr(word, '=')))
            read_word(options, word, report);
        is_first &= word[0] == '\0';
    }
}
