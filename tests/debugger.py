# SPDX-License-Identifier: BSD-2-Clause
"""What no loader and no emulated processor can be made to do: QEMU's gdb server stops the machine at a function
of the hypervisor, and the scenario changes what that is about to read (GDB manual, "Remote Protocol")."""
import re
import socket
import struct
import time

from harness import symbol

REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"]


class Debugger:
    """A connection to the gdb server at a UNIX socket; the machine is stopped while one is here."""

    def __init__(self, path):
        for _ in range(200):
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                time.sleep(0.05)
        self.socket.settimeout(60)
        self.received = b""

    def command(self, text):
        """Sends a packet and returns the answer's text."""
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        return self.receive()

    def receive(self):
        """The next packet's text. A machine that ran when the connection was made sends one that says it stopped."""
        while not (match := re.search(rb"\$([^#]*)#..", self.received)):
            self.received += self.socket.recv(4096)
        self.received = self.received[match.end():]
        self.socket.sendall(b"+")
        return match[1].decode()

    def run_to(self, name):
        """Goes on until the function is entered; returns the registers."""
        self.run_to_address(symbol(name))
        return self.registers()

    def run_to_address(self, address):
        assert self.command(f"Z1,{address:x},1") == "OK"
        assert self.command("c").startswith("T05")
        assert self.command(f"z1,{address:x},1") == "OK"

    def registers(self):
        """The general registers by name."""
        data = bytes.fromhex(self.command("g")[:16 * len(REGISTERS)])
        return dict(zip(REGISTERS, struct.unpack(f"<{len(REGISTERS)}Q", data)))

    def read(self, address, size_bytes):
        return bytes.fromhex(self.command(f"m{address:x},{size_bytes:x}"))

    def write(self, address, data):
        assert self.command(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"

    def write_physical(self, address, data):
        """Also while a processor is in a guest, whose addresses are others."""
        assert self.command("Qqemu.PhyMemMode:1") == "OK"
        self.write(address, data)

    def finish(self):
        """Goes on until the function that has just been entered returns."""
        self.run_to_address(struct.unpack("<Q", self.read(self.registers()["rsp"], 8))[0])

    def go(self):
        """Lets the machine run on alone."""
        self.command("D")
        self.socket.close()
