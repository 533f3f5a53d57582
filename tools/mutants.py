#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Changes systems in thousands of ways and sees whether shikiri-check notices. What takes away isolation and what is a
typing mistake has to be refused, with the file and the line of what was changed; what means the same has to be accepted
with an equal certificate. A mutant that is judged otherwise survives: it is printed, kept, and fails the run.

A mutant is made from the seed and its number alone, so that one of them can be repeated: --seed 1 --only 4711."""
import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import dts_tree
import mutations

KINDS = {"breaks": mutations.BREAKS, "mistake": mutations.MISTAKES, "neutral": mutations.NEUTRAL}
WAYS = [(kind, name, function) for kind, table in KINDS.items() for name, function in table.items()]
MORE = Path("tests/fuzz/everything.dts")  # has what no example has
REFUSED, ACCEPTED = 1, 0
ATTEMPTS = 50            # until a way has found what to change
DTC_NOTICES_WITHIN = 10  # lines, comments included, when a ";" is missing
KEPT_MAX = 20            # survivors that are written to files


@dataclass
class Example:
    """A system that is right, and what the checker says of it."""
    path: Path
    source: str
    certificate: str
    memory: list  # of the machine: (base, end, owner)


@dataclass
class Mutant:
    number: int
    kind: str
    way: str
    example: Example
    text: str
    lines: list  # of which one has to be named when it is refused


def read_example(checker, path):
    said = json.loads(subprocess.run([checker, "--json", path], capture_output=True, text=True).stdout)
    if said["errors"]:
        raise SystemExit(f"{path}: found a system with errors, want one that shikiri-check accepts")
    table = subprocess.run([checker, path], capture_output=True, text=True).stdout
    memory = [(int(base, 16), int(last, 16) + 1, owner) for base, last, owner in
              re.findall(r"^  (0x\w+) - (0x\w+) +[\d.]+ \w+  (.*)$", table, re.MULTILINE)]
    return Example(path, path.read_text(), said["certificate"], memory)


def make(examples, seed, number):
    """Mutant `number`: every way gets its turn, with an example for which it has something to do."""
    chance = random.Random(f"{seed} {number}")
    kind, name, function = WAYS[number % len(WAYS)]
    for _ in range(ATTEMPTS):
        example = chance.choice(examples)
        change = mutations.Change(dts_tree.parse(example.source), chance, example.memory)
        places = function(change)
        if places is None:
            continue
        style = dts_tree.PLAIN if kind != "neutral" and chance.random() < 0.5 else dts_tree.random_style(chance)
        text = dts_tree.Text([change.root, *change.pieces], style, change.unclosed)
        lines = [text.lines[place] for place in places]
        if change.unclosed:
            lines = list(range(lines[0], lines[0] + DTC_NOTICES_WITHIN))
        return Mutant(number, kind, name, example, text.text, lines)
    return None


def judge(mutant, status, output, path):
    """What is wrong with the checker's verdict, or None."""
    if status not in (REFUSED, ACCEPTED):
        return f"the checker ended with {status}: {output.strip()[-200:]}"
    said = json.loads(output)
    if mutant.kind == "neutral":
        if status == REFUSED:
            return f"refused, want it accepted: {said['problems'][0]['message']}"
        return None if said["certificate"] == mutant.example.certificate else "accepted with another certificate"
    if status == ACCEPTED:
        equal = said["certificate"] == mutant.example.certificate
        return f"accepted with {'an equal' if equal else 'another'} certificate, want it refused"
    found = [(problem["file"], problem["line"]) for problem in said["problems"] if problem["severity"] == "error"]
    if any(file == str(path) and line in mutant.lines for file, line in found):
        return None
    return f"refused for line {', '.join(str(line) for _, line in found[:5])}, want one of {mutant.lines[:5]}"


class Run:
    """Checks mutants in several threads; each waits for its own checker most of the time."""

    def __init__(self, arguments, examples, directory):
        self.arguments, self.examples, self.directory = arguments, examples, directory
        self.counts, self.survivors = Counter(), []
        self.lock = threading.Lock()

    def check(self, number):
        mutant = make(self.examples, self.arguments.seed, number)
        if not mutant:
            return
        path = self.directory / f"{threading.get_ident()}.dts"
        path.write_text(mutant.text)
        done = subprocess.run([self.arguments.checker, "--json", path], capture_output=True, text=True)
        wrong = judge(mutant, done.returncode, done.stdout or done.stderr, path)
        with self.lock:
            self.counts[mutant.kind, mutant.way] += 1
            if wrong:
                self.survivors.append((mutant, wrong))

    def check_all(self, numbers):
        with ThreadPoolExecutor(self.arguments.jobs) as pool:
            for _ in pool.map(self.check, numbers):
                pass
        self.survivors.sort(key=lambda survivor: survivor[0].number)


def print_table(run):
    wrong = Counter((mutant.kind, mutant.way) for mutant, _ in run.survivors)
    print(f"  {'kind':8} {'way':32} mutants survivors")
    for kind, name, _ in WAYS:
        print(f"  {kind:8} {name.replace('_', ' '):32} {run.counts[kind, name]:7} {wrong[kind, name]:9}")


def print_survivor(mutant, wrong, arguments):
    arguments.keep.mkdir(parents=True, exist_ok=True)
    kept = arguments.keep / f"{arguments.seed}-{mutant.number}.dts"
    kept.write_text(mutant.text)
    print(f"SURVIVOR {mutant.number}: {mutant.way.replace('_', ' ')} in {mutant.example.path}\n  {wrong}\n"
          f"  {kept}; repeat: {sys.argv[0]} --seed {arguments.seed} --only {mutant.number}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", type=Path, help=f"systems to change (default: the examples and {MORE})")
    parser.add_argument("--checker", default="build/shikiri-check")
    parser.add_argument("--count", type=int, default=1000, help="number of mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one mutant, by its number")
    parser.add_argument("--jobs", type=int, default=2, help="checkers that run at a time")
    parser.add_argument("--keep", type=Path, default=Path("build/mutants"), help="where survivors are left")
    parser.add_argument("--table", action="store_true", help="print each way with its numbers")
    arguments = parser.parse_args()
    systems = arguments.systems or [*sorted(Path("dts/examples").glob("*.dts")), MORE]
    examples = [read_example(arguments.checker, path) for path in systems]
    numbers = [arguments.only] if arguments.only is not None else range(arguments.count)
    with tempfile.TemporaryDirectory() as directory:
        run = Run(arguments, examples, Path(directory))
        run.check_all(numbers)
    if arguments.table:
        print_table(run)
    for mutant, wrong in run.survivors[:KEPT_MAX]:
        print_survivor(mutant, wrong, arguments)
    kinds = Counter()
    for (kind, _), count in run.counts.items():
        kinds[kind] += count
    idle = [name for kind, name, _ in WAYS if not run.counts[kind, name] and len(numbers) >= len(WAYS)]
    for name in idle:
        print(f"no mutant: found no system that has anything for \"{name.replace('_', ' ')}\", want one")
    print(f"mutants: {sum(kinds.values())} of {len(examples)} systems, seed {arguments.seed}: {kinds['breaks']} break "
          f"isolation, {kinds['mistake']} are typing mistakes, {kinds['neutral']} mean the same; "
          f"{len(run.survivors)} survive")
    return 1 if run.survivors or idle else 0


if __name__ == "__main__":
    sys.exit(main())
