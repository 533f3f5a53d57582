# SPDX-License-Identifier: BSD-2-Clause
"""Screens: what guests draw is in VGA memory, each on its own page, and keys show one or the other."""
import re

from harness import BUILD, ROOT, VGA, Partition, emulate, run_qemu, system
from live import Machine
from PIL import Image

NAMES = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
# Backgrounds of the title rows, by the colours in the example: (red, green, blue) of the VGA palette.
TITLE_COLOURS = [(0, 0, 170), (0, 170, 0), (0, 170, 170), (170, 0, 0), (170, 0, 170), (170, 85, 0), (170, 170, 170),
                 (0, 0, 0)]


def example(name):
    return emulate.compile_dts(ROOT / "dts/examples" / f"{name}.dts", BUILD)


def shown_colour(machine, tmp_path):
    """The colour of the title row on what is shown."""
    machine.screenshot(tmp_path / "shot.ppm")
    with Image.open(tmp_path / "shot.ppm") as image:
        return image.getpixel((image.width - 4, 2))[:3]


def near(a, b):
    return all(abs(x - y) < 16 for x, y in zip(a, b))


def frame(machine, page):
    """The frame number in the title row of a page; 0 before there is one."""
    match = re.search(r"frame +(\d+)", machine.page(page)[0])
    return int(match[1]) if match else 0


def test_eight_screens(tmp_path):
    """Eight different screens at once, all moving; Alt+F1 to Alt+F8 show each."""
    with Machine(dtb=example("eight-screens")) as machine:
        machine.wait_for(lambda: all(frame(machine, page) > 2 for page in range(8)), "all guests to draw")
        for page, name in enumerate(NAMES):
            assert machine.page(page)[0].split()[0] == name
        for page in [1, 2, 3, 4, 5, 6, 7, 0]:
            machine.press(f"alt-f{page + 1}")
            machine.wait_for(lambda: near(shown_colour(machine, tmp_path), TITLE_COLOURS[page]), f"Alt+F{page + 1}")
        before = [frame(machine, page) for page in range(8)]
        machine.wait_for(lambda: all(frame(machine, p) > before[p] for p in range(8)), "all to go on moving")


def test_drawing_does_not_exit():
    """Between two reports of the summary there is no exit but the timer, HLT and the first hypercall."""
    partitions = [Partition(name, "bounce.elf", f"name={name} frames=3", devices=VGA) for name in NAMES]
    rows = run_qemu(system(*partitions), icount=True).summary()
    for name in NAMES:
        assert set(rows[name][3]) <= {"INTR", "HLT", "VMMCALL"} and rows[name][3]["VMMCALL"] == 2


def test_hello():
    """The greeting is on the screen, one report says what happened, and the neighbours go on."""
    with Machine(dtb=example("hello")) as machine:
        machine.wait_for(lambda: "partition hello faulted" in machine.serial().serial, "the report")
        at = len(machine.wait_for(lambda: machine.serial().of("narrow"), "the neighbour"))
        machine.wait_for(lambda: len(machine.serial().of("wide")) > 2 and len(machine.serial().of("narrow")) > at + 1,
                         "the neighbours to go on")
        assert machine.page(0)[0] == "Hello World (from the virtual machine)"
        text = machine.serial().serial
    assert text.count("faulted") == 1 and "WRONG" not in text
    assert re.search(r"partition hello faulted: exit NPF at rip 0x10[0-9a-f]{4}\n", text)
    assert "guest-physical address 0x2000000: read, page not present, supervisor" in text
    assert re.search(r"rax [0-9a-f]{16}  rcx [0-9a-f]{16}", text)


