# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's monitor for programs (QMP): commands, and physical memory as the machine sees it."""
import json
import socket
import tempfile
import time
from pathlib import Path

from emulate import Problem

ATTEMPTS, PAUSE_SECONDS = 400, 0.05  # to connect, while QEMU starts
PATIENCE_SECONDS = 60  # with an answer


def options(path):
    """QEMU's words for a monitor at a socket."""
    return ["-monitor", "none", "-qmp", f"unix:{path},server=on,wait=off"]


class Monitor:
    """`with Monitor(path) as monitor:` talks to the QEMU that listens there."""

    def __init__(self, path):
        self.socket = self._connect(path)
        self.file = self.socket.makefile("r")
        try:
            self.file.readline()  # the greeting
        except TimeoutError:
            raise Problem(f"{path}: found no answer of QEMU, want a monitor that nobody else uses") from None
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    @staticmethod
    def _connect(path):
        for _ in range(ATTEMPTS):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(PATIENCE_SECONDS)
            try:
                connection.connect(str(path))
                return connection
            except OSError:
                connection.close()
                time.sleep(PAUSE_SECONDS)
        raise Problem(f"found no QEMU at {path}, want its -qmp unix:{path},server=on,wait=off")

    def command(self, name, **arguments):
        """One command; returns its result. What QEMU tells unasked in between is skipped."""
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        for line in self.file:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Problem(f"QEMU's monitor: {name}: {answer['error']['desc']}")
        raise Problem(f"QEMU's monitor: {name}: found no answer; QEMU has ended")

    def memory(self, address, size_bytes):
        """Physical memory; the machine runs on."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "memory"
            self.command("pmemsave", val=address, size=size_bytes, filename=str(path))
            return path.read_bytes()
