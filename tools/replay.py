#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packs a run so that anybody can repeat it exactly. `make replay` is this program: it runs a system for a while under icount
and leaves the hypervisor, the modules, QEMU's command line as a script, and what came of it (docs/debugging.md)."""
import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import emulate
import trace_file
import trace_machine
from emulate import Problem, collect_modules, count, whole_number

FOR_MS, SECONDS = 250, 240
SCRIPT = """#!/bin/sh
# Repeats a run of Shikiri under QEMU's -icount and compares it with the first one: what was printed on COM1, and the
# trace in memory, to the byte. It wants this version of QEMU, as another one may count otherwise:
# {version}
cd "$(dirname "$0")" || exit 2
found=$({qemu} --version | head -n 1)
[ "$found" ] || {{ echo "error: found no {qemu}, want {version}"; exit 2; }}
[ "$found" = "{version}" ] || echo "warning: found $found, the run was made with {version}"
rm -f again.*
wait_until() {{
    polls=0
    until eval "$1" || [ $polls -ge "$2" ]; do sleep 0.2; polls=$((polls + 1)); done
}}
{{
    wait_until '[ "$(grep -ac "^{end}" again.com1 2> /dev/null)" = {ends} ]' {polls}
    wait_until '[ "$(wc -c < again.com1)" -ge {printed} ]' 50
    echo stop
{saves}
    echo quit
}} | {command} > /dev/null || exit 2
cat again.part* > again.trace && rm -f again.part*
cmp first.com1 again.com1 && cmp first.trace again.trace || {{ echo "the run differs from the first one, as cmp says"; exit 1; }}
echo "the run is the same: {printed} bytes on COM1, trace {hash}"
"""


def script(command, header_address, header, com1, data, panicked):
    """The run as a script. Its parts are what `pmemsave` of QEMU's monitor leaves: the header and each ring."""
    places = [(header_address, trace_file.HEADER.size), *[(address, header.ring_bytes) for _, address in header.places]]
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    saves = "\n".join(f"    echo 'pmemsave {address:#x} {size_bytes} again.part{i:02}'"
                      for i, (address, size_bytes) in enumerate(places))
    return SCRIPT.format(version=version, qemu=command[0], end=trace_machine.PANIC if panicked else trace_machine.CERTIFICATE,
                         ends=1 if panicked else 2, polls=5 * SECONDS, saves=saves,
                         command=shlex.join(command), printed=len(com1), hash=hashlib.sha256(data).hexdigest())


def pack(build, modules, directory):
    """Copies the hypervisor and the modules, and returns those."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for image in ("shikiri.elf", "shikiri.sym.elf"):
        shutil.copy(Path(build) / image, directory)
    return [Path(Path(shutil.copy(module, directory)).name) for module in modules]


def replay(arguments):
    """Runs the configuration in its bundle, in the way in which the script does."""
    found = collect_modules(arguments)
    directory = Path(arguments.build) / "replay" / found[0].stem
    modules = pack(arguments.build, found, directory)
    machine = {"options": arguments.options, "cpu": arguments.cpu, "memory": arguments.memory}
    data, end = trace_machine.record(".", modules, directory.resolve() / "first.com1", arguments.for_ms,
                                     arguments.seconds or SECONDS, more=arguments.qemu, cwd=directory, **machine)
    if end == trace_machine.RUNS:
        raise Problem(f"{arguments.config}: found it running after {count(arguments.seconds or SECONDS, 'second')}, want the end "
                      f"of {arguments.for_ms} ms of its own time: SECONDS gives it more, FOR_MS wants less")
    (directory / "first.trace").write_bytes(data)
    command = trace_machine.command_of(".", modules, "again.com1", arguments.for_ms, emulate.cpu_count(found[0]),
                                       more=["-monitor", "stdio", *arguments.qemu], **machine)
    path = directory / "replay.sh"
    path.write_text(script(command, trace_machine.symbol(directory, "trace_header"), trace_file.read_header(data),
                           (directory / "first.com1").read_bytes(), data, end == trace_machine.PANICKED))
    path.chmod(0o755)
    length = "the panic" if end == trace_machine.PANICKED else count(arguments.for_ms, "millisecond")
    print(f"{os.path.relpath(directory)}: {length} of {arguments.config}; {path} runs it again and compares")
    return 0


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    emulate.add_machine(parser)
    parser.add_argument("--for-ms", type=whole_number("FOR_MS", "milliseconds", 1), default=FOR_MS,
                        help="how long the system runs, by its own clock")
    parser.add_argument("config")
    parser.set_defaults(function=replay)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(emulate.call(read_arguments))
