# SPDX-License-Identifier: BSD-2-Clause
"""What no loader and no emulated processor can be made to do: QEMU's gdb server stops the machine at a function
of the hypervisor, and the scenario changes what that is about to read (GDB manual, "Remote Protocol")."""
import contextlib
import re
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor

from harness import run_qemu, symbol

REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
             "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip"]
ARGUMENTS = ["rdi", "rsi", "rdx"]


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

    def ask(self, text):
        """Sends a packet and returns the answer's text."""
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())
        return self.receive()

    def receive(self):
        """The next packet's text. A machine that ran when the connection was made sends one that says it stopped."""
        while not (match := re.search(rb"\$([^#]*)#..", self.received)):
            data = self.socket.recv(4096)
            assert data, "the machine has ended before it has answered"
            self.received += data
        self.received = self.received[match.end():]
        return match[1].decode()

    def command(self, text):
        """The same, and says that the answer has come."""
        answer = self.ask(text)
        self.socket.sendall(b"+")
        return answer

    def run_to(self, name):
        """Goes on until the function is entered; returns the registers."""
        self.run_to_address(symbol(name))
        return self.registers()

    def run_to_address(self, address):
        if self.registers()["rip"] == address:  # a breakpoint here would stop at once
            assert self.command("s").startswith("T05")
        assert self.command(f"Z1,{address:x},1") == "OK"
        assert self.command("c").startswith("T05")
        assert self.command(f"z1,{address:x},1") == "OK"

    def registers(self):
        """The general registers by name."""
        data = bytes.fromhex(self.command("g")[:16 * len(REGISTERS)])
        return dict(zip(REGISTERS, struct.unpack(f"<{len(REGISTERS)}Q", data)))

    def set(self, **values):
        """Changes registers by name."""
        registers = self.registers() | values
        data = struct.pack(f"<{len(REGISTERS)}Q", *(registers[name] for name in REGISTERS))
        assert self.command(f"G{data.hex()}") == "OK"

    def divert(self, address, *arguments):
        """Goes on at `address` with `arguments` instead of in the function that has just been entered."""
        self.set(**dict(zip(ARGUMENTS, arguments)), rip=address)

    def read(self, address, size_bytes):
        return bytes.fromhex(self.command(f"m{address:x},{size_bytes:x}"))

    def write(self, address, data):
        assert self.command(f"M{address:x},{len(data):x}:{data.hex()}") == "OK"

    def write_physical(self, address, data):
        """What answers at a physical address, memory or not, also while a processor is in a guest."""
        assert self.command("Qqemu.PhyMemMode:1") == "OK"
        self.write(address, data)
        assert self.command("Qqemu.PhyMemMode:0") == "OK"

    def write_bus(self, address, value):
        """The same, of 32 bits."""
        self.write_physical(address, struct.pack("<I", value))

    def finish(self):
        """Goes on until the function that has just been entered returns."""
        self.run_to_address(struct.unpack("<Q", self.read(self.registers()["rsp"], 8))[0])

    def go(self):
        """Lets the machine run on alone; it may be gone at once, or already."""
        with contextlib.suppress(OSError):
            self.ask("D")
        self.socket.close()


def run_meddled(meddle, directory, **arguments):
    """A run in QEMU during which `meddle` is called with a debugger; the machine has not executed anything yet."""
    path = directory / "gdb"

    def debug():
        debugger = Debugger(path)
        try:
            meddle(debugger)
        finally:
            debugger.go()

    with ThreadPoolExecutor(1) as pool:
        meddling = pool.submit(debug)
        try:
            return run_qemu(more=("-S", "-gdb", f"unix:{path},server=on,wait=off"), **arguments)
        finally:
            meddling.result()
