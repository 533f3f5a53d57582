# SPDX-License-Identifier: BSD-2-Clause
"""docs/first-guest.md is true: its files build, boot and print what it says."""
import re
import subprocess
import textwrap

from harness import ROOT, emulate, run_qemu


def blocks():
    """The indented blocks of the page."""
    text = (ROOT / "docs/first-guest.md").read_text()
    found = re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.MULTILINE)
    return [textwrap.dedent(block).strip("\n") + "\n" for block in found if block.strip()]


def test_first_guest(tmp_path):
    source, script, command, config, printed = blocks()
    for name, text in (("first.c", source), ("first.ld", script), ("first.dts", config)):
        assert name in text.splitlines()[0]
        (tmp_path / name).write_text(text)
    subprocess.run(command.split() + ["-Wall", "-Wextra", "-Werror"], cwd=tmp_path, check=True)
    result = run_qemu(modules=[emulate.compile_dts(tmp_path / "first.dts", tmp_path), tmp_path / "first.elf"])
    assert printed.splitlines() == [line for line in result.lines if "| " in line or "status" in line]
