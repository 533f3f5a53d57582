# SPDX-License-Identifier: BSD-2-Clause
"""Device-tree source as a tree that can be changed, and back as text in one of many styles that mean the same. Reads
what dts/examples are written in: no /include/, no macros, no deletions."""
import copy
import re

TOKEN = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|(/dts-v1/|"(?:\\.|[^"\\])*"|<[^>]*>|[{};=,:]|[^\s{};=,:<>"]+)', re.DOTALL)


class Node:
    """`properties` maps names to what stands behind "=", None where nothing does."""

    def __init__(self, name, label=None):
        self.name, self.label = name, label
        self.properties, self.children, self.parent = {}, [], None

    def add(self, child, at=None):
        child.parent = self
        self.children.insert(len(self.children) if at is None else at, child)
        return child

    def copy(self):
        """With all below it, as a node of its own."""
        double = Node(self.name)
        double.properties = copy.copy(self.properties)
        for child in self.children:
            double.add(child.copy())
        return double

    def base(self):
        return self.name.split("@")[0]

    def named(self, base):
        return [child for child in self.children if child.base() == base]

    def below(self):
        yield self
        for child in self.children:
            yield from child.below()

    def cells(self, name):
        return [int(cell, 0) for group in re.findall(r"<([^>]*)>", self.properties[name]) for cell in group.split()]

    def set_cells(self, name, cells):
        self.properties[name] = "<" + " ".join(f"{cell:#x}" for cell in cells) + ">"

    def string(self, name):
        return self.properties[name].strip('"')

    def set_string(self, name, text):
        self.properties[name] = f'"{text}"'


def parse(text):
    """The root of a source."""
    tokens = [token for token in TOKEN.findall(text) if token and token not in ("/dts-v1/",)]
    at, node = 0, None
    while at < len(tokens):
        if tokens[at] == ";":
            at += 1
        elif tokens[at] == "}":
            node, at = node.parent or node, at + 1
        else:
            label = None
            if tokens[at + 1] == ":":
                label, at = tokens[at], at + 2
            if tokens[at + 1] == "{":
                child = Node(tokens[at], label)
                node = node.add(child) if node else child
                at += 2
            else:
                end = tokens.index(";", at)
                value = " ".join(tokens[at + 2:end]).replace(" ,", ",")
                node.properties[tokens[at]] = value if end > at + 1 else None
                at = end
    return node


PLAIN = {"indent": "\t"}


def random_style(random):
    """How to write a tree down; none of it changes what it means."""
    return {"indent": random.choice(["\t", "    ", ""]), "comments": random.random() < 0.5,
            "blank": random.random() < 0.3, "numbers": random.random() < 0.7, "random": random}


def number(value, random):
    """A number as C writes it."""
    forms = [f"{value}", f"{value:#x}", f"0x{value:08X}"]
    if value and value % 0x1000 == 0:
        forms.append(f"({value >> 12:#x} << 12)")
    if 0 < value < 0xffffffff:
        forms += [f"({value - 1} + 1)", f"({value:#x} | {value})"]
    return random.choice(forms)


def restyle(value, style):
    """A value in another form, where it is one of cells."""
    if not style.get("numbers") or not value or not re.fullmatch(r"<[0-9a-fA-Fx ]*>", value):
        return value
    random = style["random"]
    cells = [number(int(cell, 0), random) for cell in value[1:-1].split()]
    cut = random.randrange(len(cells)) if cells else 0
    if cut and random.random() < 0.3:
        return f"<{' '.join(cells[:cut])}>, <{' '.join(cells[cut:])}>"
    return f"<{' '.join(cells)}>"


class Text:
    """Trees as text, one after the other, and the line on which each node and property of them stands. `unclosed` is
    the place of a property that has no ";"."""

    def __init__(self, roots, style, unclosed=None):
        self.style, self.unclosed = style, unclosed
        self.parts, self.lines = ["/dts-v1/;"], {}
        for root in roots:
            self.write(root, 0)
        self.text = "\n".join(self.parts) + "\n"

    def put(self, line, depth):
        random = self.style.get("random")
        if self.style.get("comments") and random.random() < 0.2:
            self.parts.append(random.choice(["// reg = <0>;", "/* a comment; { */", "// \"quoted"]))
        if self.style.get("blank") and random.random() < 0.2:
            self.parts.append("")
        self.parts.append(self.style["indent"] * depth + line)
        return len(self.parts)

    def write(self, node, depth):
        opened = f"{node.label}: {node.name} {{" if node.label else f"{node.name} {{"
        self.lines[node, None] = self.put(opened, depth)
        for name, value in node.properties.items():
            end = "" if self.unclosed == (node, name) else ";"
            line = name if value is None else f"{name} = {restyle(value, self.style)}"
            self.lines[node, name] = self.put(line + end, depth + 1)
        for child in node.children:
            self.write(child, depth + 1)
        self.put("};", depth)
