# SPDX-License-Identifier: BSD-2-Clause
"""shikiri-check as its users call it: places, warnings, JSON, pictures, exit statuses."""
import hashlib
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest
from harness import BUILD, COM2, ROOT, VGA, Partition, system

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
    """Accepted; the table names every partition and the whole of the memory."""
    status, table, problems = call("--ignore", "unused-ram", path)
    assert (status, problems) == (CLEAN, "")
    assert table.count("%") == path.read_text().count("partition@")
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


def test_syntax(tmp_path):
    path = written(tmp_path, "/dts-v1/;\n/ {\n  a = <1>\n};\n")
    assert call(path) == (PROBLEMS, "", f"{path}:4: error: syntax error\n1 error\n")
    path = written(tmp_path, '/dts-v1/;\n/include/ "gone.dtsi"\n')
    status, _, problems = call(path)
    assert status == PROBLEMS and '"gone.dtsi": No such file' in problems


def test_blob(tmp_path):
    """A .dtb has no lines."""
    blob = tmp_path / "system.dtb"
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", blob, written(tmp_path, system(Partition("", "hog.elf")))], check=True)
    status, _, problems = call(blob)
    assert status == PROBLEMS and problems.startswith(f'{blob}: error: /partitions/partition@0/label: found "", ')
    blob.write_bytes(b"no blob")
    assert call(blob)[2] == (f"{blob}: error: device tree: found no device-tree blob, want one; make it with dtc -O dtb\n"
                             "1 error\n")


WARNINGS = {
    "short-slot": (system(Partition("a", "hog.elf"), slot_us=99),
                   "/schedule/slot-us: found 99, want at least 100 for a machine that does more than switch; switching "
                   "takes some microseconds each time"),
    "similar-labels": (system(Partition("io1", "hog.elf"), Partition("IOl", "hog.elf")),
                       '/partitions/partition@1/label: found "IOl", want one that does not look like "io1" of '
                       "/partitions/partition@0; lines on COM1 are told apart by labels alone"),
    "absent-uart": (system(Partition("a", "hog.elf", devices=COM2.replace("2f8", "3e8"))),
                    "/partitions/partition@0/isa/serial@3e8/reg: found port 0x3e8, want a UART that QEMU pc, 256 MiB has; "
                    "what the guest writes there is lost"),
    "unused-ram": (system(Partition("a", "hog.elf", mib=120)),
                   "/partitions: found 133 of 254 MiB of RAM that no partition has, want less than half of it; enlarge "
                   "windows, or give the machine less memory"),
}
NO_WARNING = system(Partition("a1", "hog.elf", mib=160, devices=COM2), Partition("b1", "hog.elf", devices=VGA), slot_us=100)


@pytest.mark.parametrize("name", WARNINGS)
def test_warning(name, tmp_path):
    """Given, and left out when it is to be ignored; a warning is no error."""
    text, message = WARNINGS[name]
    path = written(tmp_path, text)
    status, _, problems = call(path)
    assert status == CLEAN
    assert [line for line in problems.splitlines() if line.endswith(f" warning: {message} [{name}]")], problems
    assert name not in call("--ignore", name, path)[2]


def test_no_warning(tmp_path):
    assert call("--quiet", written(tmp_path, NO_WARNING)) == (CLEAN, "", "")


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
    more = tmp_path / "more"
    more.mkdir()
    (more / "mine.elf").write_bytes((BUILD / "guests/hog.elf").read_bytes())
    assert call("--quiet", "--images", more, path) == (CLEAN, "", "")
    (more / "mine.elf").rename(tmp_path / "mine.elf")
    assert call("--quiet", path) == (CLEAN, "", "")


def test_json(tmp_path):
    path = written(tmp_path, system(Partition("a", "hog.elf"), slot_us=1))
    status, output, problems = call("--json", path)
    assert (status, problems) == (PROBLEMS, "")
    assert json.loads(output) == {"errors": 1, "warnings": 0, "certificate": None, "problems": [{
        "severity": "error", "file": str(path), "line": 3, "column": 48, "path": "/schedule", "property": "slot-us",
        "message": "found 1, want 50 to 1000000", "hint": "a slot is given in microseconds", "warning": None}]}
    output = json.loads(call("--json", written(tmp_path, system(Partition('q\\"', "hog.elf"))))[1])
    assert output["problems"][0]["message"].startswith('found "q"", want 1 to 15 letters')


def test_picture(tmp_path):
    picture = tmp_path / "system.svg"
    assert call("--quiet", "--svg", picture, written(tmp_path, NO_WARNING))[0] == CLEAN
    texts = [text for element in xml.etree.ElementTree.parse(picture).iter() for text in [element.text or ""] if text.strip()]
    assert {"a1, 160 MiB", "b1, 4 MiB", "the hypervisor, 640 KiB", "a1: 0 to 100 us", "b1: 100 to 200 us"} <= set(texts)


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


def test_board(tmp_path):
    """Another machine: less memory, a hole in it, another UART."""
    board = """/dts-v1/; / { compatible = "shikiri,board"; model = "small"; #address-cells = <2>; #size-cells = <2>;
        memory@100000 { device_type = "memory"; reg = <0 0x100000 0 0x700000>, <0 0x1000000 0 0x600000>; };
        isa { #address-cells = <2>; #size-cells = <1>; serial@3e8 { compatible = "ns16550a"; reg = <1 0x3e8 8>; }; }; };"""
    board = written(tmp_path, board, "board.dts")
    path = written(tmp_path, system(*(Partition(f"p{i}", "hog.elf", devices=COM2.replace("2f8", f"{port:x}"))
                                      for i, port in enumerate([0x3e8, 0x2f8]))))
    status, table, problems = call("--board", board, path)
    assert status == CLEAN and "on small" in table and "0x0001000000 - 0x00013fffff" in table
    assert problems.count("absent-uart") == 1
    path = written(tmp_path, system(*(Partition(f"p{i}", "hog.elf") for i in range(3))))
    status, _, problems = call("--board", board, path)
    assert status == PROBLEMS and "/partitions/partition@2/memory@0/reg: found 0x400000 bytes, want at most 0x200000, " in problems


@pytest.mark.parametrize("arguments, said", [
    ([], "found no system, want a .dts or .dtb; --help shows the use"),
    (["gone.dts"], "gone.dts: found no file that can be read, want a .dts or .dtb"),
    (["--ignore", "all", "x"], '--ignore: found "all", want one of unused-ram, short-slot, similar-labels, absent-uart, '
                               "unused-image"),
    (["--colour", "x"], "unrecognized option '--colour'"),
    (["--board", EXAMPLES[0], EXAMPLES[0]], 'found no board, want compatible = "shikiri,board"'),
    ([EXAMPLES[0], "gone.elf"], "gone.elf: found no file that can be read, want an image"),
])
def test_wrong_use(arguments, said):
    status, output, problems = call(*arguments)
    assert (status, output) == (UNABLE, "") and said in problems


def test_help():
    status, output, problems = call("--help")
    assert (status, problems) == (CLEAN, "") and "--json" in output
