# SPDX-License-Identifier: BSD-2-Clause
"""Reads the pairs of tests/rules: NAME.accepted.dts and NAME.refused.dts. What each file's comments say is told in
tests/rules/base.dtsi."""
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests/rules"


@dataclass
class Case:
    """One file: the rule as a sentence, what is to be made besides, and the messages that are wanted."""
    path: Path
    sentence: str
    images: dict  # name -> fields of tests/elf.py
    blob: list    # what is done to the blob: words
    errors: list
    memory_mib: int = 256  # of the machine

    def name(self):
        return self.path.name.split(".")[0]


def read_fields(words):
    return {name: int(value, 0) for name, value in (word.split("=") for word in words)}


def read_case(path):
    comments = re.findall(r"^// (.*)$", path.read_text(), re.MULTILINE)
    case = Case(path, comments[1], {}, [], [])
    for comment in comments[2:]:
        kind, _, text = comment.partition(": ")
        words = text.split()
        if kind == "image":
            case.images[words[0]] = read_fields(words[1:])
        elif kind == "blob":
            case.blob = words
        elif kind == "memory":
            case.memory_mib = int(text)
        elif kind == "error":
            case.errors.append(text)
        else:
            raise ValueError(f"{path}: found comment \"{comment}\", want image, blob, memory or error")
    return case


def read_cases(verdict):
    """All files of one verdict, "accepted" or "refused", in the order of their names."""
    return [read_case(path) for path in sorted(FOLDER.glob(f"*.{verdict}.dts"))]
