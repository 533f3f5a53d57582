# SPDX-License-Identifier: BSD-2-Clause
"""The pages are true: the files of docs/first-guest.md build, boot and print what it says, and docs/examples.md has
every word that an example guest understands."""
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


def test_examples_are_complete():
    page = (ROOT / "docs/examples.md").read_text()
    sources = {path: path.read_text() for path in sorted((ROOT / "guests").glob("*/*.c"))}
    keys = {key for text in sources.values() for key in re.findall(r'args_(?:number|string)\(\w+, "(\w+)"', text)}
    deeds = re.findall(r'^    \{"([\w-]+)", do_', sources[ROOT / "guests/crash/crash.c"], re.MULTILINE)
    assert len(keys) > 10 and len(deeds) > 20
    assert [key for key in sorted(keys) if f"{key}=" not in page] == []
    assert [deed for deed in deeds if f"`{deed}`" not in page] == []
