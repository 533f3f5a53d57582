/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bootargs: see lib.h.
 */
#include "guests/lib/lib.h"

bool equal(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* What follows "key=" at the beginning of a word, or NULL. */
static const char *find(const char *args, const char *key) {
    for (const char *word = args; *word != '\0';) {
        const char *a = word, *k = key;

        while (*k != '\0' && *a == *k) {
            a++;
            k++;
        }
        if (*k == '\0' && *a == '=')
            return a + 1;
        while (*word != '\0' && *word != ' ')
            word++;
        while (*word == ' ')
            word++;
    }
    return NULL;
}

static uint32_t digit(char c) {
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint32_t)(c - 'a' + 10);
    return 16;
}

uint32_t args_number(const char *args, const char *key, uint32_t fallback) {
    const char *at = find(args, key);
    uint32_t base = 10, value = 0;

    if (!at)
        return fallback;
    if (at[0] == '0' && at[1] == 'x') {
        base = 16;
        at += 2;
    }
    for (; digit(*at) < base; at++)
        value = value * base + digit(*at);
    return value;
}

bool args_string(const char *args, const char *key, char *value, size_t size_bytes, const char *fallback) {
    const char *at = find(args, key);
    const char *from = at ? at : fallback;
    size_t length = 0;

    for (; from[length] != '\0' && from[length] != ' ' && length + 1 < size_bytes; length++)
        value[length] = from[length];
    value[length] = '\0';
    return at != NULL;
}
