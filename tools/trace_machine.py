# SPDX-License-Identifier: BSD-2-Clause
"""Traces of machines: a run in QEMU up to a moment of its own time, after which its rings are read out."""
import re
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import emulate
import qmp
from emulate import Problem
from trace_file import read_memory

POLL_SECONDS = 0.05
LINES_SHOWN = 12  # of COM1, where a run went wrong
CERTIFICATE = "shikiri: certificate "  # begins a line before the partitions start, and the last one of all
CERTIFICATES = re.compile(rf"^{CERTIFICATE}\w+\n", re.MULTILINE)
ERROR = re.compile(r"^shikiri: error: .*$", re.MULTILINE)
PANIC = "shikiri: panic: "  # begins a report, after which the machine is still
SETTLED_SECONDS = 1  # without another byte, of a machine that is still
ENDED, PANICKED, RUNS = "ended", "panicked", "runs"  # what has become of a run


def symbol(build, name):
    """The address of a symbol of the hypervisor, which is a physical one as well."""
    image = Path(build) / "shikiri.sym.elf"
    table = subprocess.run(["nm", image], capture_output=True, text=True).stdout
    found = re.search(rf"^([0-9a-f]+) \w {name}$", table, re.MULTILINE)
    if not found:
        raise Problem(f"{image}: found no symbol {name}, want a hypervisor that was built with a trace; make all builds it")
    return int(found[1], 16)


def read_trace(monitor, build):
    """The bytes of a trace in a machine with that hypervisor."""
    return read_memory(monitor.memory, symbol(build, "trace_header"))


def text_of(com1):
    return com1.read_text(errors="replace").replace("\r\n", "\n") if com1.exists() else ""


def last_lines(com1):
    return "\n".join(text_of(com1).splitlines()[-LINES_SHOWN:])


def wait_for_end(qemu, com1, seconds):
    """What has become of a run when it, or the time, is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        text = text_of(com1)
        if ERROR.search(text):
            raise Problem(f"found an error of the hypervisor, want a run without one; the last lines are\n{last_lines(com1)}")
        if len(CERTIFICATES.findall(text)) == 2:
            return ENDED
        if re.search(f"^{PANIC}", text, re.MULTILINE):
            wait_until_settled(com1)
            return PANICKED
        if qemu.poll() is not None:
            raise Problem(f"QEMU has ended with status {qemu.returncode}:\n{qemu.stderr.read()}{last_lines(com1)}")
        time.sleep(POLL_SECONDS)
    return RUNS


def wait_until_settled(com1):
    """Until nothing more is printed."""
    before = None
    while before != text_of(com1):
        before = text_of(com1)
        time.sleep(SETTLED_SECONDS)


@contextmanager
def started(command, cwd):
    """QEMU, which never outlives this."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                          cwd=cwd) as qemu:
        try:
            yield qemu
        finally:
            qemu.kill()


def command_of(build, modules, com1, for_ms, cpus, options="", more=(), **machine):
    """QEMU's command line for a run that repeats, which the hypervisor ends after that time of its own and keeps."""
    return emulate.qemu_command(build, icount=True, modules=modules, cpus=cpus,
                                options=f"on-end=halt {emulate.EXACT_IDLE} end-after-ms={for_ms} {options}".strip(),
                                serial=(f"file:{com1}", "null"), more=more, **machine)


def record(build, modules, com1, for_ms, seconds, more=(), cwd=None, **how):
    """The bytes of the trace of such a run, and what became of it in so many seconds of ours. Paths of build and
    modules are from `cwd`, as the hypervisor reads the names of modules, and their length moves its TSC."""
    com1.unlink(missing_ok=True)
    cpus = emulate.cpu_count(Path(cwd or ".") / modules[0])
    with tempfile.TemporaryDirectory() as directory:
        socket = Path(directory) / "qmp"
        with started(command_of(build, modules, com1, for_ms, cpus, more=[*qmp.options(socket), *more], **how), cwd) as qemu, \
                qmp.Monitor(socket) as monitor:
            end = wait_for_end(qemu, com1, seconds)
            monitor.command("stop")
            return read_trace(monitor, Path(cwd or ".") / build), end
