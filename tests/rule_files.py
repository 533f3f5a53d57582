# SPDX-License-Identifier: BSD-2-Clause
"""What the files of tests/rules become: a blob and its images."""
import subprocess

import elf
import libfdt

CPUS = 4  # that the machine has


def edit_blob(blob, action, *words):
    """The blob with one thing done to it that dtc would not do."""
    if action == "cut":
        return blob[:int(words[0], 0)]
    if action == "word":
        at, value = (int(word, 0) for word in words)
        return blob[:at] + value.to_bytes(4, "big") + blob[at + 4:]
    if action == "string":
        tree = libfdt.Fdt(blob)
        tree.resize(len(blob) + int(words[1], 0) + 0x1000)
        tree.setprop_str(0, words[0], "x" * int(words[1], 0))
        return bytes(tree.as_bytearray())
    old, new = (word.encode() + b"\0" for word in words)
    assert action == "rename" and len(old) == len(new) and blob.count(old) == 1
    return blob.replace(old, new)


def write_case(case, directory):
    """Writes a case's blob and images; their paths."""
    blob = directory / "system.dtb"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", blob, case.path], check=True)
    if case.blob:
        blob.write_bytes(edit_blob(blob.read_bytes(), *case.blob))
    images = []
    for name, fields in {"one.elf": {}, "two.elf": {}, **case.images}.items():
        images.append(directory / name)
        images[-1].write_bytes((elf.build_kernel if "protocol" in fields else elf.build)(**fields))
    return [blob, *images]
