#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes one seed by its file's name: version-1 and version-2, what a boot loader tells on a small PC in that version of
Multiboot, for fuzz_multiboot (the first byte chooses the version, and addresses of version 1 count from the description);
pvh-32 and pvh-64, an image of that class with a note for PVH behind others, for fuzz_image."""
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import elf  # noqa: E402

MIB = 0x100000
MEMORY = [(0, 0x9fc00, 1), (0x9fc00, 0x400, 2), (MIB, 127 * MIB, 1), (64 * MIB, MIB, 2), (0xfffc0000, 0x40000, 2)]


def version_1():
    texts = b"shikiri trace=print\0" + b"/boot/system.dtb\0" + b"a.elf x\0"
    command, first, second = 120, 120 + 21, 120 + 38
    modules = 168
    assert 120 + len(texts) <= modules
    memory = modules + 2 * 16
    flags = 1 << 2 | 1 << 3 | 1 << 6
    info = struct.pack("<I12xIII16xII", flags, command, 2, modules, 24 * len(MEMORY), memory)
    info = (info.ljust(120, b"\0") + texts).ljust(modules, b"\0")
    info += struct.pack("<IIIIIIII", 2 * MIB, 2 * MIB + 1234, first, 0, 3 * MIB, 4 * MIB, second, 0)
    return b"\0" + info + b"".join(struct.pack("<IQQI", 20, *entry) for entry in MEMORY)


def version_2():
    def tag(kind, content):
        return struct.pack("<II", kind, 8 + len(content)) + content + b"\0" * (-len(content) % 8)

    tags = [tag(1, b"shikiri trace=print\0"),
            tag(3, struct.pack("<II", 2 * MIB, 2 * MIB + 1234) + b"/boot/system.dtb\0"),
            tag(6, struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", *entry, 0) for entry in MEMORY)),
            tag(3, struct.pack("<II", 3 * MIB, 4 * MIB) + b"a.elf x\0"), tag(0, b"")]
    return b"\1" + struct.pack("<II", 8 + sum(map(len, tags)), 0) + b"".join(tags)


def pvh(elf_class):
    return elf.build(**{"class": elf_class}, pvh=0x100008)


SEEDS = {"version-1": version_1, "version-2": version_2, "pvh-32": lambda: pvh(1), "pvh-64": lambda: pvh(2)}
path = Path(sys.argv[1])
path.parent.mkdir(parents=True, exist_ok=True)
path.write_bytes(SEEDS[path.name]())
