/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text: see format.h.
 */
#include "hv/lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/string.h"

#define DIGITS_MAX 21 /* of 64 bits, with the sign */

struct field {
    bool left, zero, is_long;
    int width;
};

static void put_field(format_put_fn *put, void *context, const char *text, struct field field) {
    int padding = field.width - (int)strlen(text);

    for (; padding > 0 && !field.left; padding--)
        put(context, field.zero ? '0' : ' ');
    while (*text != '\0')
        put(context, *text++);
    for (; padding > 0; padding--)
        put(context, ' ');
}

/* The number, which may be signed, as text that ends at `end`. */
static const char *write_number(char *end, uint64_t value, bool is_negative, unsigned base) {
    value = is_negative ? -value : value;
    *end = '\0';
    do {
        *--end = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (is_negative)
        *--end = '-';
    return end;
}

/* Flags, width and length; returns where the conversion's letter is. */
static const char *read_field(const char *format, struct field *field, va_list *arguments) {
    for (; *format == '-' || *format == '0'; format++) {
        field->left |= *format == '-';
        field->zero |= *format == '0';
    }
    if (*format == '*') {
        field->width = va_arg(*arguments, int);
        format++;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        field->width = field->width * 10 + (*format - '0');
    for (; *format == 'l' || *format == 'z'; format++)
        field->is_long = true;
    return format;
}

void format_to(format_put_fn *put, void *context, const char *format, va_list list) {
    char digits[DIGITS_MAX + 1];
    va_list arguments;

    va_copy(arguments, list);
    for (; *format != '\0'; format++) {
        struct field field = {0};
        const char *text;

        if (*format != '%' || *++format == '%') {
            put(context, *format);
            continue;
        }
        format = read_field(format, &field, &arguments);
        if (*format == 's') {
            text = va_arg(arguments, const char *);
        } else { /* d, u or x */
            uint64_t value = field.is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
            bool is_signed = *format == 'd';

            if (is_signed && !field.is_long)
                value = (uint64_t)(int)value;
            text = write_number(digits + DIGITS_MAX, value, is_signed && (int64_t)value < 0, *format == 'x' ? 16 : 10);
        }
        put_field(put, context, text ? text : "(none)", field);
    }
    va_end(arguments);
}

struct buffer {
    char *text;
    size_t size_bytes;
    size_t length;
};

static void buffer_put(void *context, char c) {
    struct buffer *buffer = context;

    if (buffer->length + 1 < buffer->size_bytes)
        buffer->text[buffer->length++] = c;
}

size_t format_string_v(char *text, size_t size_bytes, const char *format, va_list arguments) {
    struct buffer buffer = {text, size_bytes, 0};

    format_to(buffer_put, &buffer, format, arguments);
    if (size_bytes > 0)
        text[buffer.length] = '\0';
    return buffer.length;
}

size_t format_string(char *text, size_t size_bytes, const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    size_t length = format_string_v(text, size_bytes, format, arguments);
    va_end(arguments);
    return length;
}
