#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bindings.sh [CONFIG.dts...]: checks the schemas in dts/bindings and their examples, then the given configurations
# by them. dt-schema's tools often exit with 0 whatever they say, so anything that they say is a failure.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The schemas that come with dt-schema, but for two: its root node wants what only buses need, and its ISA bridge
# maps ports into memory.
standard=$(/usr/bin/python3 -c 'import dtschema.lib; print(dtschema.lib.schema_basedir)')/schemas
mapfile -t schemas < <(find "$standard" -name '*.yaml' ! -name root-node.yaml ! -name isa-bridge.yaml)

# Runs one step, and ends with what it says if it says anything or fails.
step() {
    messages=$("$@" 2>&1) && [ -z "$messages" ] && return
    sed "s,$work/\|$root/,,g" <<< "$messages" >&2
    exit 1
}

# A source becomes a blob beside the others, under a name that tells where it comes from.
compile() {
    dtc -q -I dts -O dtb -o "$work/$(tr / - <<< "$1").dtb" "${2:-$1}"
}

compile_example() {
    dt-extract-example "$1" > "$work/example.dts" && compile "${1#"$root/"}" "$work/example.dts"
}

step dt-doc-validate -n -u "$root/dts/bindings" "$root"/dts/bindings/*.yaml
step dt-mk-schema -u -j -o "$work/schemas.json" "$root"/dts/bindings/*.yaml "${schemas[@]}"
for binding in "$root"/dts/bindings/*.yaml; do
    step compile_example "$binding"
done
for config in "$@"; do
    step compile "$config"
done
step dt-validate -m -s "$work/schemas.json" "$work"/*.dtb
