/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A text that came as a module against a certificate: only the certificate's own text is equal to it, with or without a
 * newline at its end. The input are changes of that text, four bytes each: where (two bytes), what, and a character;
 * one of them puts the rest of the input at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "partitions/certificate.h"
#include "tests/fuzz/invariants.h"

#define TEXT_BYTES 8192

static struct window_config windows[] = {
    {.size_bytes = 16 * MIB, .hpa = {2 * MIB}, .writable = true, .executable = true},
    {.gpa = {GIB}, .size_bytes = PAGE_BYTES, .hpa = {32 * MIB}},
};
static struct device_config devices[] = {{.kind = DEVICE_VGA_TEXT}, {.kind = DEVICE_UART, .port = 0x2f8}};
static struct partition_config partitions[] = {
    {.label = "a", .windows = windows, .window_count = 2, .devices = devices, .device_count = 2},
    {.label = "b", .windows = windows + 1, .window_count = 1},
};
static const struct config config = {.partitions = partitions, .partition_count = 2};

struct text {
    char chars[TEXT_BYTES];
    size_t length;
};

static struct text own;

static void insert(struct text *text, size_t at, const void *chars, size_t count) {
    if (count > sizeof(text->chars) - text->length)
        return;
    memmove(text->chars + at + count, text->chars + at, text->length - at);
    memcpy(text->chars + at, chars, count);
    text->length += count;
}

static void delete (struct text *text, size_t at) {
    if (at < text->length)
        memmove(text->chars + at, text->chars + at + 1, --text->length - at);
}

/* False when the change was the last one. */
static bool change(struct text *text, const uint8_t *data, size_t size_bytes) {
    enum { REPLACE, INSERT, DELETE, CUT, APPEND, KINDS };
    size_t at = (data[0] | data[1] << 8) % (text->length + 1);
    unsigned kind = data[2] % KINDS;

    if (kind == REPLACE || kind == DELETE)
        delete (text, at);
    if (kind == REPLACE || kind == INSERT)
        insert(text, at, data + 3, 1);
    if (kind == CUT)
        text->length = at;
    if (kind == APPEND)
        insert(text, text->length, data + 3, size_bytes - 3);
    return kind != APPEND;
}

static bool is_own(const char *text, size_t length) {
    return (length == own.length || length == own.length - 1) && memcmp(text, own.chars, length) == 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct certificate certificate = certificate_of_config(&config);
    char line[CERTIFICATE_LINE_MAX];

    (void)argc, (void)argv;
    while (certificate_next(&certificate, line)) {
        insert(&own, own.length, line, strlen(line));
        insert(&own, own.length, "\n", 1);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    static struct text changed;
    struct certificate_difference difference;

    changed = own;
    for (size_t at = 0; at + 4 <= size_bytes && change(&changed, data + at, size_bytes - at);)
        at += 4;
    char *text = malloc(changed.length ? changed.length : 1); /* exact, so that reading past it is seen */

    memcpy(text, changed.chars, changed.length);
    bool equal =
        certificate_compare(certificate_of_config(&config), certificate_of_text(text, changed.length), &difference);

    assert(equal == is_own(text, changed.length));
    if (equal)
        count_accepted();
    else
        assert(difference.line >= 1 && difference.partition <= config.partition_count);
    free(text);
    return 0;
}
