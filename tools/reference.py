#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints docs/configuration.md: the nodes and properties by the schemas in dts/bindings, the rules by the
files in tests/rules. `make docs` writes the page, and `make check` compares it."""
import itertools
import re
import textwrap
from pathlib import Path

import yaml
from rules import read_cases

ROOT = Path(__file__).resolve().parent.parent
BINDINGS = ROOT / "dts/bindings"
ROOTS = ("shikiri,system", "shikiri,board")
UNITS = {"us": "µs", "ms": "ms", "ns": "ns", "hz": "Hz", "percent": "%"}  # by the end of a property's name
WIDTH = 128  # of a line of prose
HIDDEN = {"$nodename", "compatible"}  # shown above the table

INTRODUCTION = """\
# Configuration

Every node and property of a configuration, and every [rule](#rules) that it is checked by. Made by `make docs` from the schemas
in `dts/bindings/` and the tests in `tests/rules/`.

A configuration is a devicetree source: nodes in braces with properties, each ended by a semicolon. A *cell* is a number of
32 bits, decimal or hexadecimal, in angle brackets: `<1000>`, `<0x3f8>`. Larger numbers are two cells, the upper half first, so
that 4 GiB is `<0x1 0x0>`. A *string* is in double quotes. An *empty* property is a name alone, and its presence is its meaning.
What follows the `@` of a node's name is its unit address: the address in its `reg`, hexadecimal without `0x`.

`dtc` compiles it, so all of its syntax works: comments, `/include/ "base.dtsi"`, labels (`one: partition@0 { ... };`) and `&one { ... };`
to change a node from elsewhere, `/delete-node/` and `/delete-property/`, and expressions in parentheses: `<0 (4 * 0x100000)>`. No C
preprocessor is run, so `#include` and `#define` do not work.

What is not on this page is an error (but for `phandle` and `__symbols__`, which dtc makes of labels), and so are values beyond
their limits: each is reported with node, property, the value found and the value wanted, and no partition starts.
`build/shikiri-check my.dts` says the same with file and line ([checking](checking.md)), and `make run CONFIG=my.dts` boots a
configuration.
"""

RULES = """\
## Rules

Each rule has two files in `tests/rules/`: NAME.accepted.dts, which is accepted, and NAME.refused.dts, which is refused with
the message beside it.
"""

GROUPS = {"tree": "The device tree", "system": "The system", "schedule": "Schedules", "processor": "Processors", "partition": "Partitions",
          "memory": "Memory", "device": "Devices", "image": "Images", "machine": "The machine"}


class Number(int):
    """An integer that knows how it is written in the schema."""


def construct_number(loader, node):
    number = Number(loader.construct_yaml_int(node))
    number.text = node.value
    return number


class Loader(yaml.SafeLoader):
    """PyYAML's, with Numbers."""


Loader.add_constructor("tag:yaml.org,2002:int", construct_number)


def load_schemas():
    return {path.stem: yaml.load(path.read_text(), Loader) for path in sorted(BINDINGS.glob("*.yaml"))}


class Node:
    """A node of the tree: where it may be, and the schema that describes it."""

    def __init__(self, path, schema, amount):
        self.path, self.schema, self.amount = path, schema, amount
        self.children = []

    def title(self):
        return self.schema.get("title")

    def mention(self):
        """Its name, where it is described and how many there may be, for a list in the section of its parent."""
        link = f"[{self.title()}](#{anchor(self.title())}), " if self.title() else ""
        return f"`{self.path.rsplit('/', 1)[1]}` ({link}{self.amount})"

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def is_node(schema):
    return schema.get("type") == "object" or schema.get("$ref", "").endswith(".yaml#") or "oneOf" in schema


def alternatives(schema, schemas):
    """The schemas that a child's entry stands for: itself, those it names, or one for each compatible."""
    if "oneOf" in schema:
        return [alternative for one in schema["oneOf"] for alternative in alternatives(one, schemas)]
    if "$ref" in schema:
        return [schemas[schema["$ref"].removesuffix(".yaml#")]]
    kinds = schema.get("properties", {}).get("compatible", {}).get("enum")
    return [schemas[kind] for kind in kinds] if kinds else [schema]


def node_name(schema, pattern):
    """A name to show: a fixed one as it is, and an ellipsis for a unit address that varies."""
    name = schema.get("properties", {}).get("$nodename", {}).get("pattern", pattern)
    return re.sub(r"\[0-9a-f\]\+|\(.*\)", "…", name.strip("^$"))


def amount_of(pattern, entry, schema):
    """How many nodes of a name there are: what the entry beside a reference says, or whether it has to be there."""
    if entry.keys() & {"$ref", "oneOf"} and "description" in entry:
        return entry["description"]
    return "required" if pattern in schema.get("required", ()) else "optional"


def build_tree(path, schema, amount, schemas):
    node = Node(path, schema, amount)
    entries = {**schema.get("patternProperties", {}), **schema.get("properties", {})}
    for pattern, entry in entries.items():
        if not is_node(entry):
            continue
        for child in alternatives(entry, schemas):
            name = f"{path.rstrip('/')}/{node_name(child, pattern)}"
            node.children.append(build_tree(name, child, amount_of(pattern, entry, schema), schemas))
    return node


# ---- words for what a schema says of a property ----------------------------------------------

def cells_of(schema):
    """The schemas of the cells of a property that has several; [] for others."""
    items = schema.get("items", [])
    inner = items if isinstance(items, dict) else items[0] if len(items) == 1 else {}
    return inner.get("items", items)


def type_of(schema):
    if schema.get("type") == "boolean":
        return "empty"
    if "/phandle" in schema.get("$ref", ""):
        return "references" if schema["$ref"].endswith("-array") else "reference"
    if schema.get("$ref", "").endswith("/string-array"):
        return f"{schema['minItems'].text} to {schema['maxItems'].text} strings"
    if schema.get("$ref", "").endswith("/string") or isinstance(schema.get("const"), str):
        return "string"
    cells = f"{len(cells_of(schema))} cells" if cells_of(schema) else "cell"
    return f"groups of {cells}" if isinstance(schema.get("items"), dict) else cells


def unit_of(name, schema):
    written = re.search(r" In (\w+)\.$", schema.get("description", ""))
    return written[1] if written else UNITS.get(name.rsplit("-", 1)[-1], "")


def shown(value):
    return f"`{value.text}`" if isinstance(value, Number) else f'`"{value}"`'


def choice(words):
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def limits_of_pattern(pattern):
    """Words for ^(?!name$)[characters]{from,to}$, the one form of pattern that properties have here."""
    form = r"\^(?:\(\?!(.*)\$\))?(\.|\[.*\])\{(\d+),(\d+)\}\$"
    name, characters, least, most = re.fullmatch(form, pattern).groups()
    amount = f"at most {most}" if least == "0" else f"{least} to {most}"
    if name:
        return limits_of_pattern(pattern.replace(f"(?!{name}$)", "")) + f'; not `"{name}"`'
    if characters == ".":
        return f"{amount} characters"
    if characters == "[^/ ]":
        return f"{amount} characters, none of them `/` or a space"
    kinds = [word for part, word in (("A-Za-z", "letters"), ("0-9", "digits")) if part in characters]
    others = re.sub("A-Za-z|0-9", "", characters[1:-1])
    return f"{amount} " + choice(kinds + [f"`{character}`" for character in others])


def limits_of_value(schema):
    words = []
    if "const" in schema:
        words.append(shown(schema["const"]))
    if "enum" in schema:
        words.append(choice([shown(value) for value in schema["enum"]]))
    if "minimum" in schema and "maximum" in schema:
        words.append(f"{schema['minimum'].text} to {schema['maximum'].text}")
    elif "maximum" in schema:
        words.append(f"at most {schema['maximum'].text}")
    if "multipleOf" in schema:
        words.append(f"a multiple of {schema['multipleOf'].text}")
    if "pattern" in schema:
        words.append(limits_of_pattern(schema["pattern"]))
    return ", ".join(words)


def limits_of(schema):
    if schema.get("$ref", "").endswith("/string-array"):
        return f"each {limits_of_value(schema['items'])}"
    cells = cells_of(schema)
    if cells and all(cell.keys() & {"const", "enum"} for cell in cells):
        values = itertools.product(*[[cell["const"]] if "const" in cell else cell["enum"] for cell in cells])
        return choice([f"`<{' '.join(value.text for value in one)}>`" for one in values])
    if cells:
        return "; ".join(f"{cell['description']}: {limits_of_value(cell)}" for cell in cells if limits_of_value(cell))
    return limits_of_value(schema)


def default_of(name, schema, node_schema):
    if name in node_schema.get("required", ()):
        return "required"
    if schema.get("type") == "boolean":
        return "absent"
    return shown(schema["default"]) if "default" in schema else "none"


# ---- the page ---------------------------------------------------------------------------------

def anchor(title):
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def wrapped(text):
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)


def tree_lines(node):
    """The tree, a node a line, with the title of its section beside it."""
    rows = []
    for each in node.walk():
        depth = each.path.rstrip("/").count("/")
        name = "    " * depth + (each.path.rsplit("/", 1)[1] or "/")
        rows.append((name, each.title() or ""))
    width = max(len(name) for name, _ in rows)
    return [f"{name:{width}}  {title}".rstrip() for name, title in rows]


def table(header, rows):
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows), ""]


def property_rows(schema):
    for name, entry in schema.get("properties", {}).items():
        if name in HIDDEN or is_node(entry):
            continue
        meaning = re.sub(r" In \w+\.$", "", entry.get("description", ""))
        yield [f"`{name}`", type_of(entry), unit_of(name, entry), default_of(name, entry, schema), limits_of(entry),
               meaning]


def node_lines(node):
    """What a section says of one node."""
    schema = node.schema
    compatible = schema.get("properties", {}).get("compatible", {}).get("const")
    first = f"Node `{node.path}`" + (f', `compatible = "{compatible}"`' if compatible else "") + "."
    first += f" Inside: {', '.join(child.mention() for child in node.children)}." if node.children else ""
    lines = [*wrapped(first), "", *wrapped(schema["description"]), ""]
    rows = list(property_rows(schema))
    return lines + (table(["property", "type", "unit", "default", "limits", "meaning"], rows) if rows else [])


def inner_lines(node):
    """Of the nodes inside that have no schema of their own."""
    for child in node.children:
        if not child.title():
            yield from [*node_lines(child), *inner_lines(child)]


def section_lines(node):
    """A schema's section: its node, the nodes inside that have no schema of their own, and the examples."""
    lines = [f"## {node.title()}", "", *node_lines(node), *inner_lines(node)]
    for example in node.schema.get("examples", ()):
        lines += ["```dts", *example.rstrip().splitlines(), "```", ""]
    return lines


def rule_lines():
    """The rules, a table for each first word of their names."""
    cases = read_cases("refused")
    unknown = [case.name() for case in cases if case.name().split("-")[0] not in GROUPS]
    if unknown:
        raise ValueError(f"found rules named {unknown}, want names that begin with one of {list(GROUPS)}")
    for group, heading in GROUPS.items():
        rows = [[f"[{case.name()}](../{case.path.relative_to(ROOT)})", case.sentence,
                 "<br>".join(f"`{error}`" for error in case.errors)]
                for case in cases if case.name().split("-")[0] == group]
        yield from [f"### {heading}", "", *table(["name", "rule", "message"], rows)]


def page():
    schemas = load_schemas()
    trees = [build_tree("/", schemas[root], "", schemas) for root in ROOTS]
    sections = {}  # by title: what boards and systems have in common is told once
    for node in (node for tree in trees for node in tree.walk() if node.title()):
        sections.setdefault(node.title(), section_lines(node))
    lines = [INTRODUCTION, "```", *tree_lines(trees[0]), "```", "", *itertools.chain(*sections.values())]
    return "\n".join([*lines, RULES, *rule_lines()])


if __name__ == "__main__":
    print(page(), end="")
