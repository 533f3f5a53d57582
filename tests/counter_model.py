# SPDX-License-Identifier: BSD-2-Clause
"""What a counter guest (guests/counter) has to print: its checksum as a function of seed and rounds."""
import struct


def double_bits(value):
    return struct.unpack("<Q", struct.pack("<d", float(value)))[0]


def mix(total, value):
    return ((total << 1 | total >> 31) ^ value ^ (value >> 32)) & 0xFFFFFFFF


def checksum(seed, rounds, spin, bits):
    """`bits`: 32 or 64, as general registers are that wide."""
    total = seed
    for number in range(1, rounds + 1):
        base = (seed & 0xFF) * 65536 + (number & 0xFFFF)
        for i in range(8):
            total = mix(total, double_bits(base + i * 4 + spin))
            total = mix(total, double_bits(base + i * 4 + 1 + spin))
            total = mix(total, double_bits(base + 64 + i + spin // 8))
        for i in range(5):
            total = mix(total, (base + 128 + i + spin * (2 * i + 1)) & ((1 << bits) - 1))
    return total
