#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh BUILD NAME CORPUS OPTION...: runs one fuzz target and prints a line about it. What it reaches is kept in
# BUILD/NAME/CORPUS, which is emptied before a quick run so that all of those are alike.
set -u
build=$1 name=$2 corpus=$3
shift 3
folder=$build/$name
log=$folder/$corpus.log

[ "$corpus" = corpus ] || rm -rf "${folder:?}/$corpus"
mkdir -p "$folder/$corpus" "$folder/seeds" "$folder/findings"
# Addresses are among what libFuzzer goes by; where the system lets them be fixed, runs with one seed repeat.
fixed=(setarch -R)
"${fixed[@]}" true 2> /dev/null || fixed=()
"${fixed[@]}" "$folder/fuzz_$name" -dict="$build/dictionary" -artifact_prefix="$folder/findings/" \
    -mutate_depth=3 -timeout=60 -rss_limit_mb=1024 -detect_leaks=0 -print_final_stats=1 "$@" "$folder/$corpus" "$folder/seeds" > "$log" 2>&1
status=$?
case $status in
0) result='no finding' ;;
130 | 137 | 143) result='interrupted' ;;
*) result="a FINDING, see $log" ;;
esac

number() {
    sed -n "s/$1/\\1/p" "$log" | tail -n 1
}
printf 'fuzz: %-14s %9s executions, %9s accepted, %5s edges, %s\n' "$name" \
    "$(number '^stat::number_of_executed_units: *\([0-9]*\)')" "$(number '^stat::accepted_inputs: *\([0-9]*\)')" \
    "$(number '.* cov: \([0-9]*\) .*')" "$result"
[ $status -eq 0 ] || { grep -vE '^(INFO|#[0-9]|[[:space:]]+NEW_FUNC|Dictionary|stat::)' "$log" | head -n 30; exit 1; }
