#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the symbol table of panic's backtraces (hv/cpu/panic.c) from the output of nm -n.
# With no input the table is empty.
set -eu

awk '
    $2 ~ /^[tT]$/ && $3 !~ /^\./ { address[count] = $1; name[count] = $3; count++ }
    END {
        print ".section .symbols, \"a\""
        print ".global symbol_count, symbol_table, symbol_names"
        print ".balign 4"
        printf "symbol_count: .long %d\n", count
        print "symbol_table:"
        offset = 0
        for (i = 0; i < count; i++) {
            printf ".long 0x%s, %d\n", substr(address[i], length(address[i]) - 7), offset
            offset += length(name[i]) + 1
        }
        print "symbol_names:"
        for (i = 0; i < count; i++)
            printf ".asciz \"%s\"\n", name[i]
        print ".section .note.GNU-stack, \"\""
    }'
