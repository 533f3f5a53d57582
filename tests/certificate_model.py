# SPDX-License-Identifier: BSD-2-Clause
"""The certificate a third time, page by page: from what dtc says of a blob and where windows were placed."""
import hashlib
import re
import subprocess
from itertools import groupby

PAGE, SCREEN, SCREENS = 0x1000, 0xb8000, range(0xb8000, 0xc0000, 0x1000)
MSRS = [0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102]
PLACED = r"shikiri: partition (\S+): \d+ KiB at 0x([0-9a-f]+) is memory at 0x([0-9a-f]+)"


def nodes_of(dtb):
    """(path, properties as text) of every node, in order."""
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dtb], capture_output=True, text=True, check=True)
    nodes, path = [], []
    for line in map(str.strip, text.stdout.splitlines()):
        if line.endswith("{"):
            path.append(line[:-1].strip())
            nodes.append((list(path), {}))
        elif line == "};":
            path.pop()
        elif line and not line.startswith("/dts"):
            name, _, value = line.rstrip(";").partition(" = ")
            nodes[-1][1][name] = value
    return nodes


def cells(properties):
    return [int(cell, 16) for cell in properties["reg"].strip("<>").split()]


def memory_lines(windows, screen):
    pages = {}
    for gpa, size, hpa, rights in windows:
        pages |= {gpa // PAGE + i: (hpa // PAGE + i, rights) for i in range(size // PAGE)}
    if screen is not None:
        pages[SCREEN // PAGE] = (SCREENS[screen] // PAGE, "rw-")
    for _, run in groupby(enumerate(sorted(pages)), lambda p: (p[1] - p[0], p[1] - pages[p[1]][0], pages[p[1]][1])):
        run = [gpa for _, gpa in run]
        (host, rights), last = pages[run[0]], pages[run[-1]][0]
        line = (f"memory {run[0] * PAGE:#014x}-{run[-1] * PAGE + 0xfff:#014x} -> "
                f"{host * PAGE:#014x}-{last * PAGE + 0xfff:#014x} {rights}")
        yield line + (f" screen {SCREENS.index(host * PAGE)}" if host * PAGE in SCREENS else "")


def number_lines(numbers, form):
    for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in run]
        yield form.format(run[0], run[-1])


def certificate(dtb, serial):
    """The text for a blob whose boot printed `serial`."""
    placed = {(label, int(gpa, 16)): int(hpa, 16) for label, gpa, hpa in re.findall(PLACED, serial)}
    nodes = nodes_of(dtb)
    lines, screens = ["shikiri-certificate 1"], 0
    partitions = [(path, own) for path, own in nodes if len(path) == 3 and path[1] == "partitions"]
    for number, (path, own) in enumerate(partitions):
        label = own["label"].strip('"')
        below = [(p[-1], properties) for p, properties in nodes if p[:3] == path]
        windows = []
        for name, properties in below:
            if name.startswith("memory@"):
                high, low, size_high, size_low = cells(properties)
                gpa, size = high << 32 | low, size_high << 32 | size_low
                rights = f"r{'-' if 'read-only' in properties else 'w'}{'-' if 'no-execute' in properties else 'x'}"
                windows.append((gpa, size, placed[label, gpa], rights))
        screen = screens if any(name == "vga" for name, _ in below) else None
        screens += screen is not None
        ports = [cells(properties)[1] + i for name, properties in below
                 if name.startswith("serial@") and properties["compatible"] == '"ns16550a"' for i in range(8)]
        lines += [f'partition {number} "{label}"', *memory_lines(windows, screen),
                  *number_lines(ports, "port {:#06x}-{:#06x}"), *number_lines(MSRS, "msr {:#010x}-{:#010x} rw")]
    return "".join(line + "\n" for line in lines)


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()
