#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""vmlinux.py BZIMAGE VMLINUX: unpacks the ELF file that a kernel of Linux carries in its bzImage (Linux: "The Linux/x86
Boot Protocol"). Debian packs it by LZ4, in the legacy format, and its size stands behind."""
import struct
import subprocess
import sys
from pathlib import Path

SECTORS, MAGIC, PAYLOAD = 0x1f1, 0x202, 0x248  # offsets in the setup header
LZ4_LEGACY = 0x184c2102


def unpack(image):
    if image[MAGIC:MAGIC + 4] != b"HdrS":
        raise ValueError("found no setup header, want a bzImage")
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    offset += ((image[SECTORS] or 4) + 1) * 512
    payload = image[offset:offset + length]
    if int.from_bytes(payload[:4], "little") != LZ4_LEGACY:
        raise ValueError(f"found a payload that begins with {payload[:4].hex()}, want one packed by LZ4")
    unpacked = subprocess.run(["lz4", "-dc"], input=payload[:-4], stdout=subprocess.PIPE, check=True).stdout
    size = int.from_bytes(payload[-4:], "little")
    if len(unpacked) != size:
        raise ValueError(f"found {len(unpacked)} bytes in the payload, want {size}")
    return unpacked


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    try:
        target.write_bytes(unpack(source.read_bytes()))
    except ValueError as error:
        sys.exit(f"{source}: error: {error}")
