# SPDX-License-Identifier: BSD-2-Clause
"""The smallest images that a partition starts, with fields of the test's choice: ELF files (System V ABI, "Object
Files"), and Linux kernels ("The Linux/x86 Boot Protocol")."""
import struct

CONTENT_AT = 0x1000  # offset of the first segment's content
MORE_AT = 0x110000   # guest-physical address of the second segment, a page; the others follow it
HLT = b"\xf4"        # with interrupts off it ends the partition
MULTIBOOT_AT, MULTIBOOT_MAGIC = 0x800, 0x1badb002
NOTES_AT = 0xc00
PT_NOTE, PVH_NOTE = 4, 18


def program_header(is_64, kind, offset, gpa, content, memory):
    if is_64:
        return struct.pack("<IIQQQQQQ", kind, 7, offset, gpa, gpa, content, memory, 0x1000)
    return struct.pack("<IIIIIIII", kind, offset, gpa, gpa, content, memory, 7, 0x1000)


def note(name, kind, text):
    name += b"\0"
    return struct.pack("<III", len(name), len(text), kind) + name + b"\0" * (-len(name) % 4) + text + b"\0" * (-len(text) % 4)


def build(magic=0x464c457f, encoding=1, type=2, machine=None, entry=None, headers=1, segment=1, gpa=0x100000,
          content=0x10, memory=0x1000, multiboot=None, pvh=None, keep=None, **others):
    """A file as bytes. `class` is 1 or 2; `headers` counts segments, of which the first has the type `segment`,
    `content` bytes in the file and `memory` bytes at `gpa`; `multiboot` are a header's flags; `pvh` is the entry point of a note, which
    has a segment of its own behind the others; `keep` cuts the file."""
    elf_class = others.pop("class", 1)
    assert not others, f"no such fields: {others}"
    is_64 = elf_class == 2
    header_bytes, entry_bytes = (64, 56) if is_64 else (52, 32)
    machine = (62 if is_64 else 3) if machine is None else machine
    entry = gpa if entry is None else entry
    file = struct.pack("<IBBB9x", magic, elf_class, encoding, 1)
    file += struct.pack("<HHI" + ("QQQ" if is_64 else "III") + "IHHHHHH", type, machine, 1, entry, header_bytes, 0, 0,
                        header_bytes, entry_bytes, headers + (pvh is not None), 0, 0, 0)
    for i in range(headers):
        if i == 0:
            file += program_header(is_64, segment, CONTENT_AT, gpa, content, memory)
        else:
            file += program_header(is_64, 1, 0, MORE_AT + i * 0x1000, 0, 0x1000)
    if pvh is not None:
        notes = note(b"GNU", 3, bytes(5)) + note(b"Xen", 6, b"linux\0") + note(b"Xen", PVH_NOTE, struct.pack("<Q" if is_64 else "<I", pvh))
        file += program_header(is_64, PT_NOTE, NOTES_AT, 0, len(notes), 0)
        file = file.ljust(NOTES_AT, b"\0") + notes
    file = file.ljust(CONTENT_AT, b"\0") + HLT * content
    if multiboot is not None:
        checksum = -(MULTIBOOT_MAGIC + multiboot) & 0xffffffff
        words = struct.pack("<III", MULTIBOOT_MAGIC, multiboot, checksum)
        file = file[:MULTIBOOT_AT] + words + file[MULTIBOOT_AT + len(words):]
    return file[:keep]


def build_kernel(protocol, loadflags=1, relocatable=1, alignment=0x200000, gpa=0x100000, memory=0x1000):
    """A bzImage as bytes: the setup header, a sector of setup, and a page of kernel."""
    file = bytearray(0x400) + HLT * 0x1000
    for at, form, value in ((0x1f1, "<B", 1), (0x206, "<H", protocol), (0x230, "<I", alignment),
                            (0x234, "<B", relocatable), (0x236, "<H", loadflags), (0x258, "<Q", gpa),
                            (0x260, "<I", memory)):
        struct.pack_into(form, file, at, value)
    file[0x202:0x206] = b"HdrS"
    return bytes(file)
