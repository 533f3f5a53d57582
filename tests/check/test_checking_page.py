# SPDX-License-Identifier: BSD-2-Clause
"""docs/checking.md is true: its commands, run one after the other in an empty folder, print what stands below them."""
import re
import subprocess
import textwrap

from harness import ROOT

PAGE = ROOT / "docs/checking.md"
BLOCK = re.compile(r"^ {4}.*\n(?:\n*^ {4}.*\n)*", re.MULTILINE)


def run(command, directory):
    """What a command prints, messages first as they come first."""
    done = subprocess.run(command, shell=True, cwd=directory, capture_output=True, text=True, timeout=60)
    return done.stderr + done.stdout


def replay(block, directory):
    """The text of a block as it has to be: a file as it is, which is written, or commands with what they print."""
    text = textwrap.dedent(block)
    if text.startswith("// "):
        (directory / text.split()[1]).write_text(text)
        return text
    commands = [line for line in text.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{run(command[2:], directory)}" for command in commands)


def replayed(directory):
    """The page with what its commands print now."""
    for name in ("build", "dts"):
        (directory / name).symlink_to(ROOT / name)
    return BLOCK.sub(lambda block: textwrap.indent(replay(block[0], directory), "    "), PAGE.read_text())


def test_page(tmp_path):
    page = replayed(tmp_path)
    assert page.count("    $ ") > 10 and PAGE.read_text() == page
