#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Golden runs: each example runs for a while under icount, and its trace has to be the one whose hash is in tests/golden.
`make golden` writes the hashes anew and says what has changed; the tests compare (docs/tests.md)."""
import argparse
import os
import sys
from pathlib import Path

import emulate
import trace_file
import trace_machine
from emulate import ROOT, Problem, whole_number
from trace_golden import golden_of, parse_golden
from trace_svg import draw_timeline
from trace_system import read_system
from trace_text import record_text

OTHERS = {"linux", "linux-and-rt", "memtest", "two-linux"}  # whose images are not ours and change with their packages
EXAMPLES = sorted({path.stem for path in (ROOT / "dts/examples").glob("*.dts")} - OTHERS)
AFTER_MS = 110  # of the system's own time: in quad, the plan changes after 100
SECONDS = 240
SHOWN = 3  # records of a difference: the first, and those before it
PICTURE = "quad"  # whose timeline is docs/timeline.svg


def golden_path(name):
    return ROOT / "tests/golden" / f"{name}.txt"


def run_example(name, build="build", directory=None):
    """The trace of an example. QEMU runs in the root with names from there, as the guests' loader reads names."""
    config = f"dts/examples/{name}.dts"
    directory = Path(directory or Path(build) / "golden")
    dtb = emulate.compile_dts(ROOT / config, ROOT / directory)
    modules = [Path(os.path.relpath(path, ROOT)) for path in
               (dtb, *emulate.find_images(dtb, ROOT / config, ROOT / build))]
    data, end = trace_machine.record(build, modules, ROOT / directory / f"{name}.com1.log", AFTER_MS, SECONDS, cwd=ROOT)
    if end != trace_machine.ENDED:
        raise Problem(f"{name}: found that it {end} after at most {SECONDS} seconds, want the end of {AFTER_MS} ms of its own time")
    (ROOT / directory / f"{name}.trace").write_bytes(data)
    return trace_file.parse(data)


def system_of(name):
    return read_system(ROOT / "build/shikiri-check", ROOT / f"dts/examples/{name}.dts", "--no-images")


def difference(name, trace, golden):
    """What is not as it was, in words; "" for the same."""
    place = golden_of(trace).first_difference(golden)
    if place is None:
        return ""
    cpu, number = place
    records, before = trace.records.get(cpu, []), len(golden.marks.get(cpu, "")) // 2
    shown = [f"    {record_text(trace, system_of(name), record)}" for record in records[max(number + 1 - SHOWN, 0):number + 1]]
    ends = number == len(records)
    what = f"nothing, want record {number}" if ends else f"record {number}, want another" if number < before else \
        f"record {number}, want no more than {before}"
    return "\n".join([f"{name}: processor {cpu}: found {what}; before it all is the same. The last here are, by µs from the "
                      "epoch:", *shown])


def compare(name, trace):
    """A difference from the golden run, in words."""
    path = golden_path(name)
    if not path.is_file():
        return f"{name}: found no {os.path.relpath(path, ROOT)}, want one; make golden writes it"
    return difference(name, trace, parse_golden(path.read_text(), path))


def picture_of(trace):
    return draw_timeline(trace, system_of(PICTURE))


def rewrite(names):
    """Writes the hashes anew."""
    for name in names:
        trace = run_example(name)
        print(compare(name, trace) or f"{name}: as it was", flush=True)
        golden_path(name).parent.mkdir(exist_ok=True)
        golden_path(name).write_text(golden_of(trace).text())
        if name == PICTURE:
            (ROOT / "docs/timeline.svg").write_text(picture_of(trace))
    return 0


def check(names, runs):
    """Compares so many runs of each."""
    failures = 0
    for name in names:
        found = [compare(name, run_example(name)) for _ in range(runs)]
        wrong = [text for text in found if text]
        failures += len(wrong)
        print(wrong[0] if wrong else f"{name}: {emulate.count(runs, 'run')}, as in tests/golden", flush=True)
    return 1 if failures else 0


def golden(arguments):
    for name in arguments.names:
        if name not in EXAMPLES:
            raise Problem(f"found no example {name}, want {', '.join(EXAMPLES)}")
    names = arguments.names or EXAMPLES
    return check(names, arguments.runs) if arguments.runs else rewrite(names)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=whole_number("RUNS", "runs", 1), help="compare so many runs of each, and write nothing")
    parser.add_argument("names", nargs="*", help="examples; all of them without")
    parser.set_defaults(function=golden)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(emulate.call(read_arguments))
