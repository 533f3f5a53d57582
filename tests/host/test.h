/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every unit test includes: cmocka, with the headers it wants in front.
 */
#ifndef SHIKIRI_TESTS_HOST_TEST_H
#define SHIKIRI_TESTS_HOST_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
