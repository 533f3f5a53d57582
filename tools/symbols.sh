#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the symbol table of panic's backtraces (hv/cpu/panic.c) from the output of nm -n.
# With no input the table is empty. What the compiler has put behind a name goes: a part of a function is that function.
# Of several names at one address the last stays. Of each name that much is left out which it has in common with the one before it, up to 15
# characters, but for its last character, which has bit 7 set.
set -eu

awk '
    BEGIN { count = 0 }
    function common(a, b,    i) {
        for (i = 0; i < 15 && i < length(a) - 1 && substr(a, i + 1, 1) == substr(b, i + 1, 1); i++)
            ;
        return i
    }
    $2 ~ /^[tT]$/ && $3 !~ /^\./ {
        if (count && address[count - 1] == $1)
            count--
        sub(/[.].*/, "", $3)
        address[count] = $1
        name[count++] = substr($3, 1, 60)
    }
    END {
        print ".section .symbols, \"a\""
        print ".global symbols_base, symbols"
        print ".balign 4"
        print "symbols_base: .long 0x" (count ? address[0] : 0)
        print "symbols:"
        for (i = 0; i < count; i++) {
            same = i ? common(name[i], name[i - 1]) : 0
            distance = sprintf("0x%s - 0x%s", address[i], address[i ? i - 1 : 0])
            printf ".if %s > 4094\n.error \"%s is too long\"\n.endif\n", distance, name[i ? i - 1 : 0]
            printf ".short (%s) << 4 | %u\n", distance, same
            printf ".ascii \"%s\"\n.byte \047%s + 128\n", substr(name[i], same + 1, length(name[i]) - same - 1), substr(name[i], length(name[i]))
        }
        print ".short 0xffff"
        print ".section .note.GNU-stack, \"\""
    }'
