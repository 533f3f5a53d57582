/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every unit test includes: cmocka, with the headers it wants in front.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
