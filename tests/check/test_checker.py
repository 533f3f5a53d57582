# SPDX-License-Identifier: BSD-2-Clause
"""shikiri-check as its users call it: places, warnings, JSON, pictures, exit statuses."""
import hashlib
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest
from harness import BUILD, COM2, ROOT, VGA, Partition, Slot, emulate, frame, in_turn, processors, system

CHECKER = BUILD / "shikiri-check"
EXAMPLES = sorted((ROOT / "dts/examples").glob("*.dts"))
CLEAN, PROBLEMS, UNABLE = 0, 1, 2


def call(*arguments, cwd=None):
    done = subprocess.run([CHECKER, *map(str, arguments)], capture_output=True, text=True, timeout=60, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def written(directory, text, name="system.dts"):
    path = directory / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path):
    """Accepted; the table names every partition, the share of every vCPU, and the whole of the memory."""
    status, table, problems = call("--ignore", "unused-ram", path)
    assert (status, problems) == (CLEAN, "")
    more_vcpus = sum(int(count) - 1 for count in re.findall(r"vcpus = <(\d+)>", path.read_text()))
    partitions = table.split("\n\n")[1].splitlines()
    assert sum("%" in row for row in partitions) == path.read_text().count("partition@") + more_vcpus
    ends = [line.split()[0:3:2] for line in table.splitlines() if line.startswith("  0x")]
    assert ends[0][0] == "0x0000100000" and ends[-1][1] == "0x000ffdffff"
    assert all(int(after[0], 16) == int(before[1], 16) + 1 for before, after in zip(ends, ends[1:]))


def test_places(tmp_path):
    """A property's own line, the node's for what is missing, and the file that it stands in."""
    text = system(Partition("a", "hog.elf")).replace("slot-us = <1000>", "\nslot-us = <1>").replace('label = "a";', "")
    written(tmp_path, text.replace("/dts-v1/;\n", ""), "base.dtsi")
    path = written(tmp_path, '/dts-v1/;\n/include/ "base.dtsi"\n/ {\n  model = <1>;\n};\n')
    base = tmp_path / "base.dtsi"
    lines = base.read_text().splitlines()
    node = next(i for i, line in enumerate(lines, 1) if "partition@0 {" in line)
    assert call(path) == (PROBLEMS, "", f"""\
{path}:4: error: /model: found 4 bytes that are not one string, want one string
{base}:{node}: error: /partitions/partition@0/label: found nothing, want a string
{base}:3: error: /schedule/slot-us: found 1, want 50 to 1000000; a slot is given in microseconds
3 errors
""")


def test_relative_place(tmp_path):
    """As the path was given, so that editors find it."""
    written(tmp_path, system(Partition("a", "hog.elf"), slot_us=1))
    assert call("system.dts", cwd=tmp_path)[2].startswith("system.dts:3: error: /schedule/slot-us: found 1, ")


LABEL_HINT = "&NAME refers to a node with a label: NAME: node { ... };"
SYNTAX = {  # a source, the line of the error, and what is said of it
    "semicolon": ("/dts-v1/;\n/ {\n  a = <1> // one\n\n  /* two */\n};\n", 6, "syntax error; a ';' may be missing on line 3"),
    "semicolon behind a brace": ("/dts-v1/;\n/ {\n  a {\n  }\n  b;\n};\n", 5, "syntax error; a ';' may be missing on line 4"),
    "semicolon on the same line": ("/dts-v1/;\n/ {\n  a = <1\n    2> b;\n};\n", 4, "syntax error"),
    "version": ("/ { };\n", 1, "syntax error; a source begins with /dts-v1/;"),
    "nothing": ("", 1, "syntax error; a source begins with /dts-v1/;"),
    "quote": ('/dts-v1/;\n/ {\n  a = "\\"//;\n  b = "c";\n};\n', 4, "syntax error; a '\"' may be missing on line 3"),
    "comment": ("/dts-v1/;\n/ {\n  a; /* b;\n};\n", 3, "syntax error; the comment that begins on line 3 has no end"),
    "brace": ("/dts-v1/;\n/ {\n  a {\n  b;\n};\n", 5, 'syntax error; a "};" may be missing at the end'),
    "include": ('#include "a.h"\n/dts-v1/;\n/ { };\n', 1, "syntax error; the C preprocessor is not run; use /include/"),
    "define": ("/dts-v1/;\n# define A 1\n/ { };\n", 2, "syntax error; the C preprocessor is not run; use /include/"),
    "cells": ("/dts-v1/;\n/ {\n  #address-cells = 2;\n};\n", 3, "syntax error; a number stands in angle brackets: <1>"),
    "string": ("/dts-v1/;\n/ {\n  a = b;\n};\n", 3, "syntax error; a string stands in double quotes"),
    "octal": ("/dts-v1/;\n/ {\n  a = <09>;\n};\n", 3, "Bad integer literal '09'; a number that begins with 0 is octal, one "
              "that begins with 0x hexadecimal"),
    "large": ("/dts-v1/;\n/ {\n  a = <0x100000000>;\n};\n", 3, "Value out of range for 32-bit array element; a cell has 32 "
              "bits; a larger number is two cells, the upper half first"),
    "label": ("/dts-v1/;\n/ { };\n&a { };\n", 3, f"Label or path a not found; {LABEL_HINT}"),
    "reference": ("/dts-v1/;\n/ {\n  a {\n    b = <&c>;\n  };\n};\n", 3,
                  f'/a: Reference to non-existent node or label "c"; {LABEL_HINT}'),
    "node": ("/dts-v1/;\n/ {\n  a { };\n  a { };\n};\n", 4, "/a: found a second node of this name, want one"),
    "property": ("/dts-v1/;\n/ {\n  a {\n    b;\n    b;\n  };\n};\n", 4, "/a/b: found it a second time, want it once"),
    "include of nothing": ('/dts-v1/;\n/include/ "gone.dtsi"\n', 2, 'found no file "gone.dtsi", want it; it is looked for in '
                           "the folder of the file that includes it"),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_syntax(name, tmp_path):
    """What dtc refuses is told in one line with its place, and what it may come from."""
    text, line, message = SYNTAX[name]
    path = written(tmp_path, text)
    assert call(path) == (PROBLEMS, "", f"{path}:{line}: error: {message}\n1 error\n")


def test_several_of_dtc(tmp_path):
    """dtc may say more than one; JSON has the node and the property."""
    path = written(tmp_path, "/dts-v1/;\n/ {\n  x: a { b; };\n  x: c { d = <1>; d; };\n};\n")
    status, output, _ = call("--json", path)
    problems = json.loads(output)["problems"]
    assert status == PROBLEMS
    assert [(one["line"], one["column"], one["path"], one["property"]) for one in problems] == [(4, 10, "/c", "d")]
    path = written(tmp_path, "/dts-v1/;\n/ {\n  a { b = <&e>; };\n  c { b = <&d>; };\n};\n")
    assert [line.split(": ", 1)[0] for line in call(path)[2].splitlines()[:-1]] == [f"{path}:3", f"{path}:4"]


def test_syntax_of_an_included_file(tmp_path):
    """Its own name and line; it need not begin with /dts-v1/."""
    written(tmp_path, '\n/include/ "gone.dtsi"\n', "middle.dtsi")
    path = written(tmp_path, '/dts-v1/;\n/include/ "middle.dtsi"\n')
    assert call(path)[2].startswith(f'{tmp_path / "middle.dtsi"}:2: error: found no file "gone.dtsi"')
    middle = written(tmp_path, "/ {\n  a b;\n};\n", "middle.dtsi")
    assert call(path)[2] == f"{middle}:2: error: syntax error\n1 error\n"


def test_other_files(tmp_path):
    """Files that are no source at all."""
    elf = BUILD / "guests/hog.elf"
    assert call(elf) == (PROBLEMS, "", f"{elf}: error: found an ELF file, want a device-tree source (.dts) or blob (.dtb); "
                         "name the system first, then its images\n1 error\n")
    path = tmp_path / "data"
    path.write_bytes(b"/dts-v1/;\n\0")
    assert "error: found a binary file, want a device-tree source" in call(path)[2]


PARTITION = "compatible, reg, label, image, modules, bootargs, unowned-ports, control, vcpus, #address-cells, #size-cells"
NOTES = {  # a change of a system, and the note on it
    "unit address": ("partition@0 {", "partition {", "by its reg it is partition@0"),
    "unit address of memory": ("memory@0 { ", "memory { ", "by its reg it is memory@0"),
    "unit address of a port": ("serial@3f8 {", "serial {", "by its reg it is serial@3f8"),
    "status": ('label = "a";', 'label = "a"; status = "disabled";', "to leave a node out, take it out of the file, or by "
               "/delete-node/ in one that includes it"),
    "cells of memory": ("<0 0 0 0x400000>", "<0 0x400000>", "they are address and size, two cells each, the upper half first"),
    "cells of a port": ("<1 0x3f8 8>", "<0x3f8 8>", "they are 1 for I/O space, the first port, and 8 ports"),
    "cells of a host address": ("<0 0 0 0x400000>", "<0 0 0 0x400000>; host-address = <0x4000000>",
                                "they are the upper and the lower half of the address"),
    "halves of a size": ("<0 0 0 0x400000>", "<0 0 0x400000 0>", "the upper half comes first: 0x400000 is <0 0x400000>"),
    "halves of a host address": ("<0 0 0 0x400000>", "<0 0 0 0x400000>; host-address = <0x4000000 0>",
                                 "the upper half comes first: 0x4000000 is <0 0x4000000>"),
    "decimal": ("<0 0 0 0x400000>", "<0 0 0 400000>", "0x may be missing: 0x400000"),
    "decimal address": ("memory@0 { device_type = \"memory\"; reg = <0 0 ", "memory@4096 { device_type = \"memory\"; reg = <0 "
                        "4096 ", "reg has 4096 in decimal; 0x may be missing there"),
    "board": ("shikiri,system", "shikiri,board", "this is a board; use --board"),
    "image": ("hog.elf", "gone.elf", "looked for it in DIRECTORY, GUESTS"),
    "letters exchanged": ('label = "a";', 'lable = "a";', 'did you mean "label"?'),
    "a letter more": ('label = "a";', 'label = "a"; labels = "a";', 'did you mean "label"?'),
    "a letter less": ('label = "a";', 'label = "a"; abel = "a";', 'did you mean "label"?'),
    "two letters less": ('label = "a";', 'label = "a"; lab = "a";', 'did you mean "label"?'),
    "three letters less": ('label = "a";', 'label = "a"; la = "a";', f"known here: {PARTITION}"),
    "long property": ('label = "a";', 'label = "a"; ' + "label" * 6 + ' = "a";', f"known here: {PARTITION}"),
    "node": ("partition@0 {", "partitoin@0 {", 'did you mean "partition@"?'),
    "node with an address": ("schedule {", "schedule@1 { }; schedule {", 'did you mean "schedule"?'),
    "node that nothing is like": ("schedule {", "chosen { }; schedule {", "known here: cpus, schedule, partitions"),
    "node below memory": ("<0 0 0 0x400000>;", "<0 0 0 0x400000>; x { };", "nothing is known here"),
    "very long path": ("schedule {", f"{'x' * 150} {{ }}; schedule {{", "known here: cpus, schedule, partitions"),
}


@pytest.mark.parametrize("name", NOTES)
def test_note(name, tmp_path):
    """What a mistake may come from is said behind it, at the same place."""
    before, after, note = NOTES[name]
    text = system(Partition("a", "hog.elf"))
    assert before in text
    path = written(tmp_path, text.replace(before, after))
    note = note.replace("DIRECTORY", str(tmp_path)).replace("GUESTS", str(BUILD / "guests"))
    lines = call(path)[2].splitlines()
    notes = [(line, above) for above, line in zip(lines, lines[1:]) if ": note: " in line]
    assert [line.split(": note: ")[1] for line, _ in notes] == [note], lines
    assert notes[0][1].startswith(notes[0][0].split(": note: ")[0] + ": error: ")
    assert note in [one["note"] for one in json.loads(call("--json", path)[1])["problems"]]


def test_no_note(tmp_path):
    """None where the value is not what one may mean."""
    for before, after in (("<0 0 0 0x400000>", "<0 0 0 4097>"), ("<0 0 0 0x400000>", "<0 0 0x1001 0>"),
                          ("<0 0 0 0x400000>", "<0x80 0 0 0x400000>")):
        path = written(tmp_path, system(Partition("a", "hog.elf")).replace(before, after))
        status, _, problems = call(path)
        assert status == PROBLEMS and ": note: " not in problems


def test_blob(tmp_path):
    """A .dtb has no lines."""
    blob = tmp_path / "system.dtb"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", blob, written(tmp_path, system(Partition("", "hog.elf")))], check=True)
    status, _, problems = call(blob)
    assert status == PROBLEMS and problems.startswith(f'{blob}: error: /partitions/partition@0/label: found "", ')
    blob.write_bytes(b"no blob")
    assert call(blob)[2] == (f"{blob}: error: device tree: found 7 bytes (FDT_ERR_BADMAGIC), want a whole device-tree blob; "
                             "make it with dtc -O dtb\n1 error\n")


def test_magic_alone(tmp_path):
    """A file is a blob to the hypervisor by its first four bytes, and so it is here, as the system and as an image."""
    short = tmp_path / "short"
    short.write_bytes(b"\xd0\x0d\xfe\xed\0\0")
    assert call(short) == (PROBLEMS, "", f"{short}: error: device tree: found 6 bytes (FDT_ERR_BADMAGIC), want a whole "
                           "device-tree blob; make it with dtc -O dtb\n1 error\n")
    path = written(tmp_path, system(Partition("a", "hog.elf")))
    assert call("--quiet", path, short)[2].startswith(f"{short}: error: found two modules that are device trees, want one\n")


BOTH = [Slot(0, 100, 0), Slot(100, 100, 1)]


def framed(*plans, control="control;"):
    return system(Partition("first", "hog.elf", extra=control), Partition("second", "hog.elf"), schedule=frame(1000, *plans))


WARNINGS = {  # the name, and perhaps more; a system, and what is said of it once
    "short-slot": (system(Partition("a", "hog.elf"), slot_us=99),
                   "/schedule/slot-us: found 99, want at least 100 for a machine that does more than switch; switching "
                   "takes some microseconds each time"),
    "long-wait": (system(*[Partition(f"p{i}", "hog.elf") for i in range(3)], slot_us=500001),
                  "/schedule/slot-us: found 500001, so that one of 3 partitions may wait 1000 ms for its turn, want at most "
                  "1000 ms; each of the others may use its slot up"),
    "short-slot of a frame": (framed([Slot(0, 69, 0, pad_us=20), Slot(100, 50, 1)]),
                              "/schedule/plan@0/slot@0/duration-us: found 69, want at least 70 for a slot that does more than "
                              "switch and wait for its pad; switching takes some microseconds each time"),
    "long-pad": (framed([Slot(0, 121, 0, pad_us=61), Slot(200, 120, 1, pad_us=60)]),
                 "/schedule/plan@0/slot@0/pad-us: found 61, want at most 60, half of the slot; the pad is the slot's own time, "
                 "and lost"),
    "no-slot": (framed([Slot(0, 100, 0), Slot(100, 100, 1)], [Slot(0, 100, 0)], [Slot(0, 100, 0, background=1)]),
                '/schedule/plan@1: found no slot for "second", want one, if only as a background; it stands still while this plan '
                "is in force"),
    "unreachable-plan": (framed(BOTH, BOTH, BOTH, control=""),
                         "/schedule/plan@1: found it, and no partition that may ask for it, want one, or plan@0 alone; the property "
                         "control lets a partition ask for plans"),
    "similar-labels": (system(Partition("io1", "hog.elf"), Partition("IOl", "hog.elf")),
                       '/partitions/partition@1/label: found "IOl", want one that does not look like "io1" of '
                       "/partitions/partition@0; lines on COM1 are told apart by labels alone"),
    "absent-uart": (system(Partition("a", "hog.elf", devices=COM2.replace("2f8", "3e8"))),
                    "/partitions/partition@0/isa/serial@3e8/reg: found port 0x3e8, want a UART that QEMU pc, 256 MiB has; "
                    "what the guest writes there is lost"),
    "unused-ram": (system(Partition("a", "hog.elf", mib=120)),
                   "machine: found 133 of 254 MiB of RAM that no partition has, want less than half of it; enlarge "
                   "windows, or give the machine less memory"),
}
NO_WARNING = system(Partition("a1", "hog.elf", mib=160, devices=COM2), Partition("b1", "hog.elf", devices=VGA), slot_us=100)


@pytest.mark.parametrize("name", WARNINGS)
def test_warning(name, tmp_path):
    """Given, and left out when it is to be ignored; a warning is no error."""
    text, message = WARNINGS[name]
    name = name.split()[0]
    path = written(tmp_path, text)
    status, _, problems = call(path)
    assert status == CLEAN
    lines = [line for line in problems.splitlines() if line.endswith(f"[{name}]")]
    assert len(lines) == 1 and lines[0].endswith(f" warning: {message} [{name}]"), problems
    assert name not in call("--ignore", name, path)[2]


@pytest.mark.parametrize("text", [
    NO_WARNING, framed([Slot(0, 70, 0, pad_us=20), Slot(100, 50, 1)], [Slot(0, 100, 0, background=1)]),
    system(*[Partition(f"p{i}", "hog.elf") for i in range(3)], slot_us=500000)], ids=["in turn", "frames", "longest wait"])
def test_no_warning(text, tmp_path):
    assert call("--quiet", written(tmp_path, text)) == (CLEAN, "", "")


def test_places_of_warnings(tmp_path):
    """Each at the property or node that it is about, on every processor."""
    partitions = [Partition(f"p{i}", "hog.elf") for i in range(4)]
    text = system(*partitions, schedule=processors({0: frame(1000, [Slot(0, 30, 0), Slot(100, 100, 1)], [Slot(0, 100, 1)]),
                                                    1: in_turn(2, 3, slot_us=99)}))
    path = written(tmp_path, text.replace("; ", ";\n"))
    found = [(one["line"], one["warning"]) for one in json.loads(call("--json", "--ignore", "unused-ram", path)[1])["problems"]]
    lines = [line.strip() for line in path.read_text().splitlines()]
    plan = lines.index("plan@1 { reg = <1>;") + 1
    assert found == [(lines.index("duration-us = <30>;") + 1, "short-slot"), (plan, "no-slot"),
                     (lines.index("slot-us = <99>;") + 1, "short-slot"), (plan, "unreachable-plan")]


def test_shares(tmp_path):
    """Of each processor, how much is used in each plan, and by whom."""
    partitions = [Partition(f"p{i}", "hog.elf", extra="control;") for i in range(4)]
    plans = [[Slot(0, 300, 0), Slot(300, 200, 1), Slot(600, 100, 0)], [Slot(0, 1000, 0, background=1)]]
    path = written(tmp_path, system(*partitions, schedule=processors({0: frame(1000, *plans), 3: in_turn(2, 3)})))
    assert call("--ignore", "unused-ram", path)[1].split("\n\n")[2] == """\
  processor  plan     used  by whom
          0     0   60.0 %  frames of 1000 us: p0 40.0 %, p1 20.0 %
          0     1  100.0 %  frames of 1000 us: p0 100.0 %, p1 0.0 %
          3     -  100.0 %  in turn, slots of 1000 us: p2, p3"""


def test_unused_ram(tmp_path):
    """Of no line, the last one, and not for whoever wants quiet."""
    path = written(tmp_path, WARNINGS["short-slot"][0])
    lines = call(path)[2].splitlines()
    assert "[short-slot]" in lines[0] and lines[1].startswith(f"{path}: warning: machine: found ")
    assert call("--quiet", path)[2].splitlines() == [lines[0], "1 warning"]


def test_unused_image(tmp_path):
    path = written(tmp_path, NO_WARNING)
    guests = BUILD / "guests"
    assert call("--quiet", path, guests / "hog.elf", guests / "hello.elf") == (
        CLEAN, "", f"{path}: warning: hello.elf: found an image that no partition names, want it in use or left away "
        "[unused-image]\n1 warning\n")


def test_images(tmp_path):
    """Beside the system, in a directory that is named, not at all."""
    path = written(tmp_path, NO_WARNING.replace("hog.elf", "mine.elf"))
    wanted = 'image: found no file "mine.elf", want it loaded as a module; no module is loaded'
    assert call("--quiet", path)[2].count(wanted) == 2
    assert call("--quiet", "--no-images", path) == (CLEAN, "", "")
    assert "certificate" not in re.sub("without images: .*", "", call("--no-images", path)[1])
    assert json.loads(call("--json", "--no-images", path)[1])["certificate"] is None
    more = tmp_path / "more"
    more.mkdir()
    (more / "mine.elf").write_bytes((BUILD / "guests/hog.elf").read_bytes())
    assert call("--quiet", "--images", more, path) == (CLEAN, "", "")
    (more / "mine.elf").rename(tmp_path / "mine.elf")
    assert call("--quiet", path) == (CLEAN, "", "")


def test_some_images(tmp_path):
    """Those that are not given are looked for."""
    path = written(tmp_path, NO_WARNING.replace("hog.elf", "mine.elf", 1))
    image = tmp_path / "elsewhere" / "mine.elf"
    image.parent.mkdir()
    image.write_bytes((BUILD / "guests/hog.elf").read_bytes())
    assert call("--quiet", path, image) == (CLEAN, "", "")
    assert 'loaded are: hog.elf\n' in call("--quiet", path)[2]


def test_json(tmp_path):
    path = written(tmp_path, system(Partition("a", "hog.elf"), slot_us=1))
    status, output, problems = call("--json", path)
    assert (status, problems) == (PROBLEMS, "")
    assert json.loads(output) == {"errors": 1, "warnings": 0, "certificate": None, "problems": [{
        "severity": "error", "file": str(path), "line": 3, "column": 48, "path": "/schedule", "property": "slot-us",
        "message": "found 1, want 50 to 1000000", "hint": "a slot is given in microseconds", "note": None,
        "warning": None}], "system": None}
    output = json.loads(call("--json", written(tmp_path, system(Partition('q\\"', "hog.elf"))))[1])
    assert output["problems"][0]["message"].startswith('found "q"", want 1 to 15 letters')


def test_json_of_a_system(tmp_path):
    """Names, and who runs when: of frames with plans, and of a round robin."""
    schedules = {0: frame(1000, [Slot(0, 300, 1, background=0), Slot(500, 500, 0)], [Slot(0, 1000, 0, pad_us=20)]),
                 1: in_turn(2, slot_us=2000)}
    text = system(*[Partition(label, "hog.elf") for label in "abc"], schedule=processors(schedules))
    status, output, _ = call("--json", "--ignore", "unused-ram", "--board", written(tmp_path, emulate.board(256, 2), "b.dts"),
                             written(tmp_path, text))
    slots = [[(1, 0, 300, 0, 0), (0, 500, 500, 0, None)], [(0, 0, 1000, 20, None)]]
    names = ("partition", "offset_us", "duration_us", "pad_us", "background")
    assert status == CLEAN and json.loads(output)["system"] == {
        "model": "",
        "partitions": [{"number": i, "label": label, "image": "hog.elf"} for i, label in enumerate("abc")],
        "processors": [{"number": 0, "partitions": [1, 0], "frame_us": 1000,
                        "plans": [[dict(zip(names, slot)) for slot in plan] for plan in slots]},
                       {"number": 1, "partitions": [2], "slot_us": 2000}]}


def picture_of(path, *options):
    """The picture: its texts, and all elements."""
    elements = list(xml.etree.ElementTree.fromstring(call("--svg", "-", *options, path)[1]).iter())
    return [text for element in elements for text in [element.text or ""] if text.strip()], elements


def test_picture(tmp_path):
    """Memory with its end, who has it, what else they have, and the schedule."""
    texts, _ = picture_of(written(tmp_path, NO_WARNING))
    assert {"a1, 160 MiB", "b1, 4 MiB", "the hypervisor, 640 KiB", "0x100000", "0xffe0000", "a1: 0 to 100 us",
            "b1: 100 to 200 us", "a1: hog.elf; the machine's UART at 0x2f8 to 0x2ff",
            "b1: hog.elf; a VGA text screen, Ctrl-] 1, page at 0xb8000",
            "Memory of QEMU pc, 256 MiB; heights grow with sizes and are not to scale"} <= set(texts)


def test_hole(tmp_path):
    """Where there is no RAM the picture has a gap, with the end of what is before."""
    path = written(tmp_path, system(Partition("a", "hog.elf")))
    texts, elements = picture_of(path, "--board", written(tmp_path, BOARD, "board.dts"))
    assert {"0x1000000", "no RAM for 16 MiB", "0x2000000", "0xa000000", "no RAM for 3.8 GiB", "0x100000000"} <= set(texts)
    assert sum(element.tag.endswith("polyline") for element in elements) == 4


def test_many_slots(tmp_path):
    """Twelve partitions have a colour each, and names that do not fit into their slots stand upright."""
    path = written(tmp_path, system(*(Partition(f"partition-{i:02}", "hog.elf", devices="") for i in range(12))))
    texts, elements = picture_of(path)
    slots = [element for element in elements if element.tag.endswith("rect") and len(element)]
    assert len({element.get("fill") for element in slots}) == len(slots) == 12
    upright = [element.text for element in elements if (element.get("transform") or "").startswith("rotate(-90 ")]
    assert upright == [f"partition-{i:02}" for i in range(12)] and texts.count("partition-00: hog.elf") == 1
    assert all(float(slot.get("height")) > 100 for slot in slots)


def test_long_title(tmp_path):
    texts, _ = picture_of(written(tmp_path, NO_WARNING.replace('system";', f'system"; model = "{"long " * 40}";', 1)))
    assert f'{"long " * 13}long...' in texts


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_certificate(path, tmp_path):
    """The file's hash is the one that is shown, and the file says what the device tree does, by another program."""
    file = tmp_path / "certificate"
    status, table, _ = call("--certificate", file, path)
    shown = re.search(r"^certificate ([0-9a-f]{64})$", table, re.MULTILINE)[1]
    assert status == CLEAN and hashlib.sha256(file.read_bytes()).hexdigest() == shown
    assert json.loads(call("--json", path)[1])["certificate"] == shown
    assert file.read_text().splitlines()[0] == "shikiri-certificate 1"
    assert file.read_text().count('partition ') == path.read_text().count("partition@")


def test_certificate_to_compare(tmp_path):
    """A certificate among the images is compared, in the hypervisor's words, and is no unused image."""
    path = written(tmp_path, NO_WARNING)
    certificate = tmp_path / "my.cert"
    assert call("--quiet", "--certificate", certificate, path)[0] == CLEAN
    assert call("--quiet", path, certificate) == (CLEAN, "", "")
    text = certificate.read_text()
    certificate.write_text(text.replace("port 0x02f8-0x02ff", "port 0x02f8-0x02fe"))
    line = text.splitlines().index("port 0x02f8-0x02ff") + 1
    assert call(path, certificate) == (
        PROBLEMS, "", f"{certificate}:{line}: error: certificate: found port 0x02f8-0x02ff, want port 0x02f8-0x02fe, as line "
        f"{line} of module my.cert says\n1 error\n")
    certificate.write_text(text.replace("shikiri-certificate 1", "shikiri-certificate 2"))
    one = json.loads(call("--json", path, certificate)[1])
    assert one["certificate"] is None and [(problem["file"], problem["line"]) for problem in one["problems"]] == [
        (str(certificate), 1)]


def test_second_device_tree(tmp_path):
    """The hypervisor would not know which one is meant."""
    path = written(tmp_path, NO_WARNING)
    blob = tmp_path / "other.dtb"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", blob, path], check=True)
    assert call(path, blob) == (PROBLEMS, "", f"{blob}: error: found two modules that are device trees, want one\n1 error\n")


@pytest.mark.parametrize("option", ["--svg", "--certificate"])
def test_output(option, tmp_path):
    """A file or standard output, but nothing that is read."""
    included = written(tmp_path, NO_WARNING.replace("/dts-v1/;\n", ""), "base.dtsi")
    path = written(tmp_path, '/dts-v1/;\n/include/ "base.dtsi"\n')
    file = tmp_path / "output"
    image = BUILD / "guests/hog.elf"
    assert call("--quiet", option, file, path) == (CLEAN, "", "")
    assert call("--ignore", "unused-ram", option, "-", path) == (CLEAN, file.read_text(), "")
    for same in (path, included, image, ROOT / "dts/boards/qemu-pc.dts"):
        before = same.read_bytes()
        status, output, problems = call(option, same, path)
        assert (status, output) == (UNABLE, "") and "found it among what is read, want another file to write" in problems
        assert same.read_bytes() == before
    assert call("--svg", file, "--certificate", file, path)[0] == UNABLE
    assert call(option, "-", "--json", path)[0] == UNABLE
    assert call(option, tmp_path, path)[0] == UNABLE


def test_odd_names(tmp_path):
    """Nothing that a name may have spoils the picture or the terminal."""
    text = NO_WARNING.replace("shikiri,system\";", 'shikiri,system"; model = "a<b>&\\x1b[31m\\"c\\"";', 1)
    text = text.replace('bootargs = ""', 'bootargs = "x=\\x1b[0m<"', 1)
    path = written(tmp_path, text)
    status, table, _ = call("--ignore", "unused-ram", path)
    assert status == CLEAN and table.startswith('a<b>&?[31m"c": ') and "hog.elf x=?[0m<" in table
    title = xml.etree.ElementTree.fromstring(call("--svg", "-", path)[1]).find(".//{*}text").text
    assert 'a<b>&?[31m"c"' in title


def test_board(tmp_path):
    """Another machine: less memory, a hole in it, another UART."""
    board = """/dts-v1/; / { compatible = "shikiri,board"; model = "small"; #address-cells = <2>; #size-cells = <2>;
        memory@100000 { device_type = "memory"; reg = <0 0x100000 0 0x700000>, <0 0x1000000 0 0x600000>; };
        isa { compatible = "isa"; #address-cells = <2>; #size-cells = <1>; serial@3e8 { compatible = "ns16550a"; reg = <1 0x3e8 8>; }; }; };"""
    board = written(tmp_path, board, "board.dts")
    path = written(tmp_path, system(*(Partition(f"p{i}", "hog.elf", devices=COM2.replace("2f8", f"{port:x}"))
                                      for i, port in enumerate([0x3e8, 0x2f8]))))
    status, table, problems = call("--board", board, path)
    assert status == CLEAN and "on small" in table and "0x0001000000 - 0x00013fffff" in table
    assert problems.count("absent-uart") == 1
    path = written(tmp_path, system(*(Partition(f"p{i}", "hog.elf") for i in range(3))))
    status, _, problems = call("--board", board, path)
    assert status == PROBLEMS and "/partitions/partition@2/memory@0/reg: found 0x400000 bytes, want at most 0x1fa000, " in problems


BOARD = """/dts-v1/;
/ {
  compatible = "shikiri,board";
  model = "mine";
  #address-cells = <2>;
  #size-cells = <2>;
  memory@100000 { device_type = "memory";
    reg = <0 0x100000 0 0xf00000>, <0 0x2000000 0 0x8000000>; };
  memory@100000000 { device_type = "memory";
    reg = <1 0 0 0x1000000>; };
  isa {
    compatible = "isa";
    #address-cells = <2>;
    #size-cells = <1>;
    serial@2f8 { compatible = "ns16550a"; reg = <1 0x2f8 8>; };
  };
};
"""
BOARD_ERRORS = {  # a change of it, the line of the error, and its text
    "syntax": ("#size-cells = <2>;", "#size-cells = <2>", 7, "syntax error; a ';' may be missing on line 6"),
    "system": ("shikiri,board", "shikiri,system", 3, '/compatible: found "shikiri,system", want "shikiri,board"'),
    "model": ('model = "mine";', "", 2, "/model: found nothing, want a string"),
    "processors": ('model = "mine";', 'model = "mine"; processors = <0>;', 4, "/processors: found 0, want at least 1"),
    "property": ('model = "mine"', 'model = "mine"; speed = <1>', 4, "/speed: found an unknown property, want none"),
    "misspelt": ('model = "mine"', 'model = "mine"; modle = "mine"', 4, "/modle: found an unknown property, want none"),
    "node": ("isa {", "pci {", 11, "/pci: found an unknown node, want none"),
    "cells": ("#address-cells = <2>;\n  #size", "#address-cells = <1>;\n  #size", 5, "/#address-cells: found 1, want 2"),
    "size cells": ("#size-cells = <2>;", "", 2, "/#size-cells: found nothing, want 2"),
    "no memory": (BOARD[BOARD.index("  memory@1"):BOARD.index("  isa")], "", 2, '/: found no node "memory@", want one'),
    "type": ('memory@100000 { device_type = "memory"', 'memory@100000 { device_type = "ram"', 7,
             '/memory@100000/device_type: found "ram", want "memory"'),
    "memory property": ("reg = <1 0", "read-only; reg = <1 0", 10, "/memory@100000000/read-only: found an unknown property, "
                        "want none"),
    "reg": ("<1 0 0 0x1000000>", "<1 0 0x1000000>", 10, "/memory@100000000/reg: found 3 cells, want 4 for each piece of RAM"),
    "no reg": ("reg = <1 0 0 0x1000000>;", "", 9, "/memory@100000000/reg: found 0 cells, want 4 for each piece of RAM"),
    "unit address": ("memory@100000 {", "memory@0 {", 7, '/memory@0: found unit address "0", want "100000"; the unit address '
                     "repeats the address in reg"),
    "pages": ("0xf00000", "0xf00800", 8, "/memory@100000/reg: found 0xf00800 bytes at 0x100000, want multiples of 0x1000, not 0 "
              "bytes; pages have 4 KiB"),
    "empty": ("0xf00000", "0", 8, "/memory@100000/reg: found 0x0 bytes at 0x100000, want multiples of 0x1000, not 0 bytes; pages "
              "have 4 KiB"),
    "overlap": ("0xf00000", "0x1f01000", 8, "/memory@100000/reg: found 0x8000000 bytes at 0x2000000, want them at 0x2001000 or "
                "above; RAM stands from low to high, and what is below 1 MiB is not used"),
    "low": ("memory@100000 { device_type = \"memory\";\n    reg = <0 0x100000", "memory@ff000 { device_type = \"memory\";\n    reg "
            "= <0 0xff000", 8, "/memory@ff000/reg: found 0xf00000 bytes at 0xff000, want them at 0x100000 or above; RAM stands "
            "from low to high, and what is below 1 MiB is not used"),
    "many": ("<1 0 0 0x1000000>", ", ".join(f"<1 {i:#x}000000 0 0x1000000>" for i in range(63)), 10,
             "/memory@100000000/reg: found more than 64 pieces of RAM, want fewer"),
    "bus": ('"isa"', '"pci"', 12, '/isa/compatible: found "pci", want "isa"'),
    "bus property": ('compatible = "isa";', 'compatible = "isa"; ranges;', 12, "/isa/ranges: found an unknown property, want none"),
    "bus cells": ("#size-cells = <1>", "#size-cells = <0>", 14, "/isa/#size-cells: found 0, want 1"),
    "bus node": ("serial@2f8 {", "seriel@2f8 {", 15, "/isa/seriel@2f8: found an unknown node, want none"),
    "serial": ("ns16550a", "ns16550", 15, '/isa/serial@2f8/compatible: found "ns16550", want "ns16550a"'),
    "port": ("<1 0x2f8 8>", "<0 0x2f8 8>", 15, "/isa/serial@2f8/reg: found <0 0x2f8 8>, want <1 PORT 8> for COM1 to COM4; 1 is the "
             "I/O space of the ISA bus"),
    "port address": ("serial@2f8 {", "serial@3f8 {", 15, '/isa/serial@3f8: found unit address "3f8", want "2f8"; the unit address '
                     "repeats the address in reg"),
    "serial property": ("reg = <1 0x2f8 8>;", "reg = <1 0x2f8 8>; baud;", 15, "/isa/serial@2f8/baud: found an unknown property, "
                        "want none"),
}


@pytest.mark.parametrize("name", BOARD_ERRORS)
def test_board_errors(name, tmp_path):
    """A board is checked as strictly as a system, and its errors look alike."""
    before, after, line, message = BOARD_ERRORS[name]
    assert before in BOARD
    path = written(tmp_path, NO_WARNING)
    board = written(tmp_path, BOARD.replace(before, after, 1), "board.dts")
    status, output, problems = call("--board", board, path)
    assert (status, output) == (PROBLEMS, "")
    assert [text for text in problems.splitlines() if ": error: " in text] == [f"{board}:{line}: error: {message}"]
    found, = json.loads(call("--json", "--board", board, path)[1])["problems"]
    assert (found["file"], found["line"]) == (str(board), line)


def test_good_board(tmp_path):
    board = written(tmp_path, BOARD, "board.dts")
    assert call("--quiet", "--board", board, written(tmp_path, system(Partition("a", "hog.elf", devices=COM2)))) == (CLEAN, "", "")


@pytest.mark.parametrize("arguments, said", [
    ([], "found no system, want a .dts or .dtb; --help shows the use"),
    (["gone.dts"], "gone.dts: found no such file, want a .dts or .dtb"),
    ([ROOT / "dts"], "dts: found a directory, want a .dts or .dtb"),
    (["--images", "gone", "x"], "--images: found gone, want a directory that is there"),
    (["--svg"], "shikiri-check: --svg: found nothing behind it, want a value; --help shows the use\n"),
    (["--no-images", "--certificate", "x", "x"], "found --certificate with --no-images, want the images"),
    (["--ignore", "all", "x"], '--ignore: found "all", want one of short-slot, long-wait, long-pad, no-slot, '
                               "unreachable-plan, similar-labels, absent-uart, unused-image, unused-ram"),
    (["--colour", "x"], "shikiri-check: found --colour, want an option that --help shows\n"),
    (["-x", "x"], "shikiri-check: found -x, want an option that --help shows\n"),
    (["--board", "gone.dts", EXAMPLES[0]], "gone.dts: found no such file, want a .dts or .dtb"),
    ([EXAMPLES[0], "gone.elf"], "gone.elf: found no such file, want an image"),
    ([EXAMPLES[0], ROOT / "dts"], "dts: found a directory, want an image"),
])
def test_wrong_use(arguments, said):
    status, output, problems = call(*arguments)
    assert (status, output) == (UNABLE, "") and said in problems


def test_help():
    status, output, problems = call("--help")
    assert (status, problems) == (CLEAN, "") and "--json" in output
