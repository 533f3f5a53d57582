/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's string functions, as far as Shikiri and libfdt use them.
 * Copying and filling use the string instructions, which processors make fast.
 */
#include "hv/lib/string.h"

#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    void *d = to;
    size_t words = n / 8;

    n %= 8;
    __asm__ volatile("rep movsq" : "+D"(d), "+S"(from), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n)::"memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    while (n-- > 0)
        d[n] = s[n];
    return to;
}

void *memset(void *to, int value, size_t n) {
    void *d = to;
    size_t words = n / 8;
    uint64_t pattern = 0x0101010101010101ULL * (uint8_t)value;

    n %= 8;
    __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n) {
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; n > 0; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, size_t n) {
    const uint8_t *p = s;

    for (; n > 0; n--, p++)
        if (*p == (uint8_t)c)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strnlen(const char *s, size_t n) {
    size_t length = 0;

    while (length < n && s[length] != '\0')
        length++;
    return length;
}

size_t strlen(const char *s) {
    return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n) {
    for (; n > 0; n--, a++, b++)
        if (*a != *b || *a == '\0')
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

int strcmp(const char *a, const char *b) {
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c) {
    return memchr(s, c, strlen(s) + 1);
}

char *strrchr(const char *s, int c) {
    for (size_t n = strlen(s) + 1; n > 0; n--)
        if (s[n - 1] == (char)c)
            return (char *)(uintptr_t)&s[n - 1];
    return NULL;
}
