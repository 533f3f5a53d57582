#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# coverage.sh BUILD WANTED FILE...: a table of the lines of each file that the runs before have reached, from
# gcov's annotated sources; fails when fewer than WANTED percent of all lines are.
set -euo pipefail
build=$1 wanted=$2
shift 2

for file in "$@"; do
    echo "file:$file"
    gcov -t "$build/${file%.c}.o" | awk -F: -v file="$file" '$3 == "Source" { own = $4 == file } own'
done | awk -F: -v wanted="$wanted" '
    function percent(part, all) { return all ? 100 * part / all : 0 }
    function print_row(name, part, all, rest) { printf "%-26s %5d lines %6.1f %% %s\n", name, all, percent(part, all), rest }
    function end_file() {
        if (file != "")
            print_row(file, reached, lines, missed == "" ? "" : " without" missed)
        all_reached += reached; all_lines += lines; reached = lines = 0; missed = ""
    }
    $1 == "file" { end_file(); file = $2; next }
    { gsub(/ /, "", $1); gsub(/ /, "", $2) }
    $2 == 0 || $1 == "-" { next }
    { lines++ }
    $1 ~ /^[#=]+$/ { missed = missed " " $2; next }
    { reached++ }
    END {
        end_file()
        print_row("all", all_reached, all_lines, "")
        if (percent(all_reached, all_lines) < wanted) {
            printf "coverage: found %.1f %%, want at least %d %%; write the unit tests for the lines above\n",
                percent(all_reached, all_lines), wanted
            exit 1
        }
    }'
