/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log as text: see log_capture.h.
 */
#include "tests/host/log_capture.h"

#include "hv/lib/log.h"
#include "tests/host/test.h"

static char logged[4096];
static unsigned length;

static void keep(char c) {
    assert_true(length + 1 < sizeof(logged));
    logged[length++] = c;
    logged[length] = '\0';
}

void log_capture(void) {
    length = 0;
    logged[0] = '\0';
    log_set_sink(keep);
}

void log_expect(const char *text) {
    assert_string_equal(logged, text);
    log_capture();
}
