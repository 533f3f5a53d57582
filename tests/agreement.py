#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots thousands of systems and compares what the hypervisor says of each with what shikiri-check says: the same verdict,
messages, places in memory and certificate. They are the mutants of tools/mutants.py, and what fuzzing starts from and
has found: trees, damaged trees, images, and certificates. A system on which both agree is noted in build/agreement/journal and not
booted again while hypervisor, checker and guests are the same, so that a run that was ended goes on where it was. One
on which they disagree is left in build/agreement/, and fails the run."""
import argparse
import hashlib
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import (BUILD, COM2, GUESTS, ROOT, VGA, Partition, call_checker, compile_text, emulate, images_of, is_blob,
                     run_qemu, system)
from mutants import MORE, make, read_example

FUZZ = BUILD / "fuzz"
KEPT = BUILD / "agreement"
PC = {"memory": 256}
WIDE = {"memory": 1280, "low": 256}  # RAM on both sides of 4 GiB, as tests/fuzz/fuzz_config.c has it
CPUS_MOST = 4
# Nothing starts, whatever the system: the hypervisor prints the certificate and ends.
NO_SUCH_CERTIFICATE = f"certificate={'0' * 64}"
QUICKER = ("-vga", "none", "-nodefaults")  # nobody looks at the devices
PROGRESS_S = 20
MAGIC_BYTES = 4  # without which the hypervisor knows no device tree

# What tests/fuzz/fuzz_image.c gives to an image.
MORE_WINDOWS = """memory@100000 { device_type = "memory"; reg = <0 0x100000 0 0x3000>; read-only; };
    memory@100000000 { device_type = "memory"; reg = <1 0 0 0x400000>; };"""
FOR_IMAGES = system(Partition("one", "i.elf", mib=16), Partition("screen", "i.elf", mib=16, devices=VGA),
                    Partition("three", "i.elf", mib=1, memory="no-execute;", devices=MORE_WINDOWS))
FOR_CERTIFICATES = system(Partition("a", "hog.elf", devices=VGA), Partition("b", "hog.elf", devices=COM2))


@dataclass
class Boot:
    """A blob, its images, and the machine to boot them on."""
    modules: list
    machine: dict

    def key(self):
        digest = hashlib.sha256(repr(self.machine).encode())
        for module in self.modules:
            digest.update(Path(module).name.encode() + hashlib.sha256(Path(module).read_bytes()).digest())
        return digest.hexdigest()

    def verdict(self):
        """What both say; an AssertionError when they disagree."""
        result = run_qemu(modules=self.modules, options=NO_SUCH_CERTIFICATE, more=QUICKER, **self.machine)
        if not result.verdict:
            raise AssertionError(f"the hypervisor has not looked at the system\n{result.serial}")
        return result.verdict


def boot_of(dtb, images, machine):
    return Boot([dtb, *images], machine | {"cpus": min(CPUS_MOST, emulate.cpu_count(dtb))})


# ---- where systems come from: each has items, and makes a Boot of one in a directory, or None ----

class Mutants:
    """By seed and number; dtc stops some of them."""

    def __init__(self, seed, numbers):
        self.name, self.seed, self.items = f"mutants of seed {seed}", seed, numbers
        self.examples = [read_example(BUILD / "shikiri-check", path)
                         for path in [*sorted((ROOT / "dts/examples").glob("*.dts")), ROOT / MORE]]

    def make(self, number, directory):
        mutant = make(self.examples, self.seed, number)
        if not mutant:
            return None
        try:
            dtb = compile_text(mutant.text, directory, f"mutant-{self.seed}-{number}")
        except emulate.Problem:
            return None
        return boot_of(dtb, [image for image in images_of(dtb) if image.is_file()], PC)

    def repeat(self, number):
        return f"--seed {self.seed} --only {number}"


class Files:
    """Trees and images as they are; a file that is neither cannot be carried by a boot loader as one."""

    def __init__(self, name, paths):
        self.name, self.items = name, paths

    def make(self, path, directory):
        if is_blob(path):
            return boot_of(path, sorted((FUZZ / "config/images").iterdir()), WIDE)
        if path.stat().st_size == 0:
            return None
        image = Path(shutil.copy(path, Path(directory) / "i.elf"))
        return boot_of(compile_text(FOR_IMAGES, directory), [image], PC)

    def repeat(self, path):
        return KEPT / path.name


class Damaged(Files):
    """Trees with a few words changed that dtc has written right, or cut off; by seed and number."""

    def __init__(self, paths, seed, count):
        super().__init__(f"damaged trees of seed {seed}", range(count))
        self.paths, self.seed = paths, seed

    def make(self, number, directory):
        chance = random.Random(f"damage {self.seed} {number}")
        blob = bytearray(chance.choice(self.paths).read_bytes())
        for _ in range(chance.choice([1, 1, 2, 4])):
            at = chance.randrange(MAGIC_BYTES, len(blob))
            blob[at] = chance.choice([0, 0xff, blob[at] ^ 1 << chance.randrange(8), chance.randrange(256)])
        path = Path(directory) / self.file_name(number)
        path.write_bytes(blob[:chance.randrange(MAGIC_BYTES, len(blob))] if chance.random() < 0.1 else blob)
        return super().make(path, directory)

    def repeat(self, number):
        return KEPT / self.file_name(number)

    def file_name(self, number):
        return f"damaged-{self.seed}-{number}.dtb"


def change_text(text, changes):
    """As tests/fuzz/fuzz_certificate.c does it, four bytes a change: replace, insert, delete, cut, append."""
    text = bytearray(text)
    for i in range(0, len(changes) - 3, 4):
        at, kind, character = int.from_bytes(changes[i:i + 2], "little") % (len(text) + 1), changes[i + 2] % 5, changes[i + 3:]
        if kind == 4:
            return text + character
        rest, new = text[at:], character[:1]
        text[at:] = [new + rest[1:], new + rest, rest[1:], b""][kind]
    return text


class Certificates(Files):
    """Changes of a certificate, which is then a module of its system."""

    def make(self, path, directory):
        dtb = compile_text(FOR_CERTIFICATES, directory)
        boot = boot_of(dtb, images_of(dtb), PC)
        text = call_checker(dtb, boot.modules[1:], emulate.board(**boot.machine), "--certificate", "-").stdout.encode()
        changed = Path(directory) / "changed.cert"
        changed.write_bytes(change_text(text, path.read_bytes()))
        boot.modules.append(changed)
        return boot if changed.stat().st_size else None

    def repeat(self, path):
        return f"--certificates {KEPT / path.name}"


def seeds():
    """The trees that fuzzing starts from."""
    paths = sorted((FUZZ / "config/seeds").rglob("*.dtb"))
    if not paths:
        raise SystemExit("found no seeds in build/fuzz, want them: make fuzz-seeds")
    return paths


def corpora(*targets):
    """What fuzzing of those starts from, and what it has found."""
    folders = [FUZZ / target / kind for target in targets for kind in ("seeds", "corpus", "quick")]
    return sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file())


# ---- the run ----

class Journal:
    """Keys of what was booted, with the verdict. The first line says of which build; another one begins it anew."""

    def __init__(self, path):
        files = [BUILD / "shikiri.elf", BUILD / "shikiri-check", *sorted(GUESTS.glob("*.elf"))]
        build = hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()
        lines = path.read_text().splitlines() if path.is_file() else []
        if lines[:1] != [build]:
            lines = [build]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{build}\n")
        self.known = dict(line.split() for line in lines[1:] if line.count(" ") == 1)
        self.file = path.open("a")

    def note(self, key, verdict):
        self.known[key] = verdict
        self.file.write(f"{key} {verdict}\n")
        self.file.flush()


class Run:
    """Compares the items of a source in several threads, each of which waits for an emulator most of the time."""

    def __init__(self, source, journal, jobs):
        self.source, self.journal, self.jobs = source, journal, jobs
        self.counts, self.keys, self.lock = Counter(), set(), threading.Lock()
        self.told_at = time.monotonic()

    def compare(self, item):
        with tempfile.TemporaryDirectory() as directory:
            boot = self.source.make(item, directory)
            if not boot:
                return "not booted"
            key = boot.key()
            with self.lock:
                is_new = key not in self.keys and key not in self.journal.known
                self.keys.add(key)
            if not is_new:
                return self.journal.known.get(key, "equal")  # as one that is being booted
            try:
                verdict = "refused" if boot.verdict().errors else "accepted"
            except AssertionError as error:
                self.keep(item, boot, error)
                return "disagree"
            with self.lock:
                self.journal.note(key, verdict)
                self.counts["now"] += 1
            return verdict

    def keep(self, item, boot, error):
        file = item if isinstance(item, Path) else boot.modules[0]
        if file.resolve().parent != KEPT:
            shutil.copy(file, KEPT)
        print(f"DISAGREE on {item}: {KEPT / file.name}\n  {error}\n  repeat: {sys.argv[0]} {self.source.repeat(item)}", flush=True)

    def note(self, outcome):
        with self.lock:
            self.counts[outcome] += 1
            done = sum(self.counts.values()) - self.counts["now"]
            if time.monotonic() - self.told_at < PROGRESS_S:
                return
            self.told_at = time.monotonic()
        print(f"agreement: {self.source.name}: {done} of {len(self.source.items)}", flush=True)

    def all(self):
        with ThreadPoolExecutor(self.jobs) as pool:
            for _ in pool.map(lambda item: self.note(self.compare(item)), self.source.items):
                pass
        counts = self.counts
        print(f"agreement: {self.source.name}: {len(self.source.items)}; {counts['not booted']} cannot be booted; "
              f"{len(self.keys)} systems that differ, {counts['now']} booted now; {counts['refused']} refused and "
              f"{counts['accepted']} accepted by both, {counts['equal']} equal to those; {counts['disagree']} disagree", flush=True)
        return counts["disagree"]


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="trees and images to compare instead of all")
    parser.add_argument("--certificates", action="store_true", help="the files are changes of a certificate")
    parser.add_argument("--count", type=int, default=1000, help="number of mutants, and of damaged trees")
    parser.add_argument("--seed", type=int, default=1, help="of mutants and damage")
    parser.add_argument("--only", type=int, help="one mutant, by its number")
    parser.add_argument("--jobs", type=int, default=2, help="emulators that run at a time")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    journal = Journal(KEPT / "journal")
    if arguments.files:
        sources = [(Certificates if arguments.certificates else Files)("files", arguments.files)]
    elif arguments.only is not None:
        sources = [Mutants(arguments.seed, [arguments.only])]
    else:
        sources = [Mutants(arguments.seed, range(arguments.count)), Damaged(seeds(), arguments.seed, arguments.count),
                   Files("trees and images of the fuzzer", corpora("config", "elf64", "elf32", "elf_multiboot")),
                   Certificates("certificates of the fuzzer", corpora("certificate"))]
    return 1 if sum([Run(source, journal, arguments.jobs).all() for source in sources]) else 0


if __name__ == "__main__":
    sys.exit(main())
