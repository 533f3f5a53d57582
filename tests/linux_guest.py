# SPDX-License-Identifier: BSD-2-Clause
"""Linux in a partition, and files for its ramdisk."""
import gzip

from harness import CONSOLE, Partition

APIC = 'interrupt-controller { compatible = "shikiri,x2apic"; };'


def linux(label="linux", bootargs="console=ttyS0", mib=112, extra="", image="vmlinuz", modules='"initramfs.gz"'):
    return Partition(label, image, bootargs, mib, APIC + CONSOLE, f"modules = {modules}; {extra}")


def write_archive(path, name, content):
    """A ramdisk with one file (Linux: "initramfs buffer format": newc), packed."""
    archive = b""
    for entry, mode, data in ((name, 0o100644, content), ("TRAILER!!!", 0, b"")):
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(entry) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + entry.encode() + b"\0"
        archive += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    path.write_bytes(gzip.compress(archive))
    return path
