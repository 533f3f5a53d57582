#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the symbol table of panic's backtraces (hv/cpu/panic.c) from the output of nm -n.
# With no input the table is empty. What the compiler has put behind a name goes: a part of a function is that function.
set -eu

awk '
    BEGIN { count = 0 }
    $2 ~ /^[tT]$/ && $3 !~ /^\./ { address[count] = $1; sub(/[.].*/, "", $3); name[count] = $3; count++ }
    END {
        print ".section .symbols, \"a\""
        print ".global symbols_base, symbols"
        print ".balign 4"
        print "symbols_base: .long 0x" (count ? address[0] : 0)
        print "symbols:"
        for (i = 0; i < count; i++)
            printf ".short 0x%s - 0x%s\n.asciz \"%s\"\n", address[i], address[i ? i - 1 : 0], name[i]
        print ".short 0, 0"
        print ".section .note.GNU-stack, \"\""
    }'
