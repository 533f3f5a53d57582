# SPDX-License-Identifier: BSD-2-Clause
"""A machine that runs on while a scenario looks at it: QEMU's monitor (QMP), the screen, keys."""
import subprocess
import tempfile
import time
from pathlib import Path

import qmp
from harness import BUILD, Result, compile_text, emulate, images_of

SCREEN_BASE, PAGE_BYTES, COLUMNS, ROWS = 0xB8000, 4096, 80, 25


class Machine:
    """`with Machine(text) as m:` boots a system that does not end by itself."""

    def __init__(self, text=None, dtb=None, options="", more=(), **machine):
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name)
        dtb = compile_text(text, path) if text is not None else dtb
        self.log = path / "com1.log"
        machine.setdefault("cpus", emulate.cpu_count(dtb))
        command = emulate.qemu_command(
            BUILD, modules=[dtb, *images_of(dtb)], options=f"on-end=qemu-exit {options}".strip(),
            serial=(f"file:{self.log}", f"file:{path}/com2"),
            more=[*qmp.options(path / "qmp"), *more], **machine)
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.qmp = qmp.Monitor(path / "qmp")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.qmp.close()
        self.directory.cleanup()

    def command(self, name, **arguments):
        """One QMP command; returns its result."""
        return self.qmp.command(name, **arguments)

    def monitor(self, line):
        """A command of the human monitor, as text."""
        return self.command("human-monitor-command", **{"command-line": line})

    def memory(self, address, size_bytes):
        """Physical memory, from the machine's own view."""
        return self.qmp.memory(address, size_bytes)

    def page(self, number):
        """The text of one page of the screen's memory, a string a row."""
        cells = self.memory(SCREEN_BASE + number * PAGE_BYTES, COLUMNS * ROWS * 2)[::2]
        return [cells[row * COLUMNS:(row + 1) * COLUMNS].decode("cp437").rstrip() for row in range(ROWS)]

    def screenshot(self, path):
        """What is shown, as a PPM file."""
        self.command("screendump", filename=str(path))

    def press(self, keys):
        """Presses a key combination on the keyboard, as alt-f2."""
        self.monitor(f"sendkey {keys} 50")

    def serial(self):
        """COM1 until now."""
        raw = self.log.read_bytes() if self.log.exists() else b""
        return Result(0, raw.decode(errors="replace").replace("\r\n", "\n"), raw=raw)

    def com2(self):
        """COM2 until now."""
        path = Path(self.directory.name) / "com2"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, condition, what, seconds=240):
        """Waits until `condition()` is true, and returns what it returns."""
        for _ in range(seconds * 10):
            ended = self.process.poll()
            found = condition()
            if found:
                return found
            assert ended is None, f"QEMU has ended with status {ended}, before {what}"
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} seconds for {what}\n{self.serial().serial[-3000:]}")
