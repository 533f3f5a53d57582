#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# make check: formatting, the include rules of the design, the core's size, clang-tidy, cppcheck, the
# bindings and the page made from them. Prints what is wrong and fails if anything is.
set -u
cd "$(dirname "$0")/.."
status=0

fail() {
    echo "check: $1" >&2
    status=1
}

core=(boot hv sched partitions)
mapfile -t sources < <(find "${core[@]}" guests tests tools -name '*.[ch]' | sort)

echo "check: formatting"
clang-format --dry-run -Werror "${sources[@]}" || fail "run clang-format -i on the files above"

# A folder, and the headers it may include: a pattern each.
rules='
hv/lib      hv/lib/.*
hv/cpu      hv/(cpu|lib)/.*
hv/svm      hv/(svm|cpu|lib)/.*|offsets.h
hv/dev      hv/(dev|lib)/.*|hv/io.h|hv/verdict.h
hv          hv/.*
partitions  partitions/.*|hv/.*
sched       sched/.*|partitions/.*|hv/.*
guests      guests/.*|hv/abi.h
'
echo "check: include rules"
while read -r folder allowed; do
    [ -n "$folder" ] || continue
    depth=(); [ "$folder" = hv ] && depth=(-maxdepth 1)
    bad=$(find "$folder" "${depth[@]}" -name '*.[chS]' -exec grep -HnE '^#include "' {} + |
          grep -vE "#include \"($allowed)\"")
    [ -z "$bad" ] || fail "$folder may include $allowed only:
$bad"
done <<< "$rules"
pure='partitions/(fdt|config|timing|rules|layout|memory|image|system|certificate)\.[ch]'
bad=$(grep -HnE '^#include "' partitions/*.[ch] | grep -E "^$pure:" | grep -vE '#include "(hv/lib|partitions)/')
[ -z "$bad" ] || fail "what also builds on the host may include hv/lib only:
$bad"
bad=$(grep -nE '^ *(asm|__asm__)' -r hv boot sched partitions --include='*.c' | grep -vE '^hv/(lib/string|svm/offsets)\.c:')
[ -z "$bad" ] || fail "assembly belongs into .S files and hv/cpu/x86.h:
$bad"

echo "check: size of the core"
lines=$(cloc --quiet --csv "${core[@]}" | tail -n 1 | cut -d , -f 5)
echo "check: the core has $lines lines of code, want at most 8000"
[ "$lines" -le 8000 ] || fail "the core has grown past its limit"

echo "check: string functions of musl"
object=$(mktemp)
for member in $(grep -oE '\b(mem|str)[a-z]+\(' hv/lib/string.h | tr -d '(') memrchr; do
    ar p /usr/lib/x86_64-linux-musl/libc.a "$member.lo" > "$object" && [ -s "$object" ] || fail "musl has no $member"
    objdump -d "$object" | grep -q '%[xyz]mm' && fail "$member of musl uses vector registers, which are the guest's"
done
rm "$object"

flags=(-std=c11 -ffreestanding -mgeneral-regs-only -I. -Ibuild)
mapfile -t core_sources < <(find "${core[@]}" -name '*.c' ! -name offsets.c | sort)
echo "check: clang-tidy"
printf '%s\n' "${core_sources[@]}" |
    xargs -P "$(nproc)" -n 6 sh -c 'clang-tidy --quiet "$@" -- '"${flags[*]}"' 2> /dev/null' tidy ||
    fail "clang-tidy has found something"
clang-tidy --quiet tools/checker/*.c -- -std=c11 -I. 2> /dev/null || fail "clang-tidy has found something in tools/checker"

echo "check: cppcheck"
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
    --suppress=missingInclude --suppress=missingIncludeSystem -I. "${core[@]}" tools/checker || fail "cppcheck has found something"

echo "check: bindings"
tools/bindings.sh dts/examples/*.dts dts/boards/*.dts || fail "dt-schema has found something in dts"
/usr/bin/python3 tools/reference.py | diff -u docs/configuration.md - ||
    fail "docs/configuration.md is stale: run make docs"

[ $status -eq 0 ] && echo "check: all is well"
exit $status
