# SPDX-License-Identifier: BSD-2-Clause
"""The schemas in dts/bindings and the hypervisor's own parser agree: it accepts their examples, with the images that
these name; they accept the files in tests/rules that it accepts, and refuse what it refuses for a value of one node."""
import re
import subprocess

import pytest
from harness import ROOT, Partition, check_system, compile_text, images_of, system
from reference import load_schemas
from rules import read_cases

PLAIN = system(Partition("plain", "counter64.elf", devices=""))
SCHEMAS = load_schemas()
BOARD = "shikiri,board"
EXAMPLES = [pytest.param(example, id=name) for name, schema in SCHEMAS.items() if name != BOARD
            for example in schema.get("examples", ())]

BEYOND = {  # rules about several nodes, about sums, or about more than the nodes
    "device-once", "device-owner", "device-screens", "memory-apart", "memory-end", "memory-first-end", "memory-first-size",
    "memory-first-writable", "memory-host-apart", "memory-host-ram", "memory-host-remainder", "memory-host-taken",
    "memory-room", "memory-size", "memory-start-area", "partition-image-module", "partition-label-unique",
    "partition-module-file",
    "partition-windows", "partition-windows-most", "schedule-background", "processor-count", "processor-frame", "processor-home",
    "processor-number", "processor-plans", "processor-vcpus", "schedule-everybody", "schedule-inside", "schedule-overlap", "schedule-pad",
    "schedule-plan-order", "schedule-plans", "schedule-reference", "schedule-slot-order", "schedule-slots",
    "system-partition-count", "tree-reservations",
    "tree-unit-address"}


def complete(example):
    """A whole system around an example, which begins with the name of its outermost node."""
    name = re.match(r"/|\w+", example)[0]
    if name == "/":
        return "/dts-v1/;\n" + example
    if name == "partition":
        return re.sub(r"partition@0 {.*};(?=\n}; };\n$)", lambda _: example, PLAIN, flags=re.DOTALL)
    if name == "schedule":
        return re.sub(r"schedule {.*?};", lambda _: example, PLAIN)
    return system(Partition("plain", "counter64.elf", devices=example))


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example, tmp_path):
    text = complete(example)
    assert example.strip() in text
    dtb = compile_text(text, tmp_path)
    assert check_system(dtb, images_of(dtb)) == (0, [])


@pytest.mark.parametrize("example", SCHEMAS[BOARD]["examples"])
def test_board(example, tmp_path):
    dtb = compile_text(PLAIN, tmp_path)
    assert check_system(dtb, images_of(dtb), "/dts-v1/;\n" + example) == (0, [])


def refused_by_schemas(verdict):
    """The rules whose files of a verdict dt-validate finds wrong."""
    files = [case.path.relative_to(ROOT) for case in read_cases(verdict)]
    done = subprocess.run(["tools/bindings.sh", *files], cwd=ROOT, capture_output=True, text=True)
    found = set(re.findall(r"^tests-rules-([a-z0-9-]+)\.", done.stderr, re.MULTILINE))
    assert bool(found) == (done.returncode != 0), done.stderr
    return found


def test_accepted():
    assert refused_by_schemas("accepted") == set()


def test_refused():
    names = {case.name() for case in read_cases("refused") if not case.blob}  # what is done to blobs is not seen here
    names -= {name for name in names if name.startswith(("image-", "machine-"))}
    assert refused_by_schemas("refused") & names == names - BEYOND
