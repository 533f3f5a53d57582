/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own words: see log.h.
 */
#include "hv/lib/log.h"

#include "hv/lib/format.h"

void log_line_v(const char *kind, const char *format, va_list arguments) {
    char line[LOG_LINE_MAX + 2];
    size_t length = format_string(line, sizeof(line) - 1, "shikiri: %s", kind);

    length += format_string_v(line + length, sizeof(line) - 1 - length, format, arguments);
    line[length++] = '\n';
    log_write(line, length);
}

void log_line(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    log_line_v("", format, arguments);
    va_end(arguments);
}

void log_registers(const uint64_t registers[16]) {
    static const char names[16][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

    for (unsigned i = 0; i < 16; i += 4)
        log_line("  %-3s %016lx  %-3s %016lx  %-3s %016lx  %-3s %016lx", names[i], registers[i], names[i + 1],
                 registers[i + 1], names[i + 2], registers[i + 2], names[i + 3], registers[i + 3]);
}
