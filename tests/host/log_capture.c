/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as text: see log_capture.h.
 */
#include "tests/host/log_capture.h"

#include <string.h>

#include "hv/lib/log.h"
#include "tests/host/test.h"

static char logged[4096];
static unsigned length;

static log_take_fn *take;

/* Whole lines only. */
static uint64_t keep(const char *text, size_t size_bytes) {
    assert_true(size_bytes > 0 && text[size_bytes - 1] == '\n' && length + size_bytes < sizeof(logged));
    memcpy(logged + length, text, size_bytes);
    length += (unsigned)size_bytes;
    logged[length] = '\0';
    return length;
}

void log_capture(void) {
    length = 0;
    logged[0] = '\0';
    take = keep;
}

void log_capture_by(log_take_fn *fn) {
    take = fn;
}

uint64_t log_write(const char *text, size_t size_bytes) {
    return take ? take(text, size_bytes) : 0;
}

void log_expect(const char *text) {
    assert_string_equal(logged, text);
    log_capture();
}
