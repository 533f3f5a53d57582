/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text: see format.h.
 */
#include "hv/lib/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "hv/lib/string.h"

struct field {
    bool left;
    bool zero;
    int width;
};

static void put_repeated(format_put_fn *put, void *context, char c, int count) {
    for (; count > 0; count--)
        put(context, c);
}

static void put_field(format_put_fn *put, void *context, const char *text, size_t length, struct field field) {
    int padding = field.width - (int)length;

    if (!field.left)
        put_repeated(put, context, field.zero ? '0' : ' ', padding);
    for (size_t i = 0; i < length; i++)
        put(context, text[i]);
    if (field.left)
        put_repeated(put, context, ' ', padding);
}

static void put_number(format_put_fn *put, void *context, uint64_t value, bool negative, unsigned base,
                       struct field field) {
    char digits[24];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative)
        digits[--at] = '-';
    put_field(put, context, digits + at, sizeof(digits) - at, field);
}

static const char *read_field(const char *format, struct field *field, va_list *arguments) {
    for (; *format == '-' || *format == '0'; format++) {
        field->left |= *format == '-';
        field->zero |= *format == '0';
    }
    if (*format == '*') {
        field->width = va_arg(*arguments, int);
        return format + 1;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        field->width = field->width * 10 + (*format - '0');
    return format;
}

void format_to(format_put_fn *put, void *context, const char *format, va_list list) {
    va_list arguments;

    va_copy(arguments, list);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(context, *format);
            continue;
        }
        struct field field = {0};
        bool is_long = false;

        format = read_field(format + 1, &field, &arguments);
        for (; *format == 'l' || *format == 'z'; format++)
            is_long = true;
        switch (*format) {
        case 's': {
            const char *text = va_arg(arguments, const char *);

            text = text ? text : "(none)";
            put_field(put, context, text, strlen(text), field);
            break;
        }
        case 'd': {
            int64_t value = is_long ? va_arg(arguments, long) : va_arg(arguments, int);

            put_number(put, context, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10, field);
            break;
        }
        case 'u':
        case 'x': {
            uint64_t value = is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);

            put_number(put, context, value, false, *format == 'x' ? 16 : 10, field);
            break;
        }
        case '\0':
            va_end(arguments);
            return;
        default:
            put(context, *format);
        }
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
