# SPDX-License-Identifier: BSD-2-Clause
"""Each rule of a configuration has one file in tests/rules that is accepted and one that is refused with exact
messages, and there is no place in the parser that reports an error without such a file."""
import re
from collections import Counter
from pathlib import Path

import pytest
from harness import ROOT, check_system, emulate
from rule_files import CPUS, write_case
from rules import read_cases

ACCEPTED, REFUSED = read_cases("accepted"), read_cases("refused")
PARSER = sorted((ROOT / "partitions").glob("*.c"))
# Which arguments are property, hint and format.
ARGUMENTS = {"report_error": (2, 3, 4), "dt_error": (2, 3, 4), "image_error": (None, 1, 2)}


def check_case(case, directory):
    """What the checker says of a file with its images."""
    blob, *images = write_case(case, directory)
    return check_system(blob if case.blob else case.path, images, emulate.board(case.memory_mib, CPUS))


def is_place_of(place, message):
    """Whether a place, FILE:LINE, has the property or else the node that a message is about; others are about a file."""
    file, _, number = place.partition(":")
    path = message.split(": ")[0]
    if not number:
        return file.endswith(".dtb") or not path.startswith("/")
    line = Path(file).read_text().splitlines()[int(number) - 1]
    return any(name.split("@")[0] in line for name in path.split("/")[-2:])


def by_name(case):
    return case.name()


@pytest.mark.parametrize("case", ACCEPTED, ids=by_name)
def test_accepted(case, tmp_path):
    assert check_case(case, tmp_path) == (0, [])


@pytest.mark.parametrize("case", REFUSED, ids=by_name)
def test_refused(case, tmp_path):
    status, problems = check_case(case, tmp_path)
    assert status == 1 and case.errors and [message for _, message in problems] == case.errors
    assert all(is_place_of(place, message) for place, message in problems), problems


def test_pairs():
    """Every rule has both files, and they say the same of it."""
    assert [(case.name(), case.sentence) for case in ACCEPTED] == [(case.name(), case.sentence) for case in REFUSED]


def arguments(text, start):
    """The arguments of a call, split at its own commas; `start` is behind the opening parenthesis."""
    parts, depth = [""], 1
    for token in re.finditer(r'"(?:\\.|[^"\\])*"|.', text[start:], re.DOTALL):
        token = token[0]
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth == 0:
            return parts
        if token == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += token
    raise ValueError("a call without an end")


def pattern(argument, before=""):
    """A regular expression for what an argument prints, with `before` in front if it prints anything."""
    if argument == "NULL":
        return ""
    if not re.fullmatch(r'\s*("(\\.|[^"\\])*"\s*)+', argument):
        return f"({before}.*)?"
    text = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', argument)).replace('\\"', '"')
    parts = re.split(r"%l?([sdux])", text)
    return before + "".join({"s": ".*", "d": r"-?\d+", "u": r"\d+", "x": "[0-9a-f]+"}[part] if i % 2 else
                            re.escape(part) for i, part in enumerate(parts))


def error_patterns(path):
    """Patterns for the messages of all places in a source file that report an error: calls, which are indented."""
    text = path.read_text()
    for call in re.finditer(r"^ .*\b(report_error|dt_error|image_error)\(", text, re.MULTILINE):
        given = [argument.strip() for argument in arguments(text, call.end())]
        at_property, at_hint, at_format = ARGUMENTS[call[1]]
        of_property = pattern(given[at_property], "/") if at_property else "/image"
        begin = "found .*" if call[1] == "image_error" else ""
        yield f".*{of_property}: {pattern(given[at_format], begin)}{pattern(given[at_hint], '; ')}"


def test_every_rule_is_tested():
    """Each place that reports an error has a file of its own that is refused by it."""
    places = Counter(one for path in PARSER for one in error_patterns(path))
    files = {one: sum(any(re.fullmatch(one, error) for error in case.errors) for case in REFUSED) for one in places}
    assert {one: count for one, count in places.items() if files[one] < count} == {}
