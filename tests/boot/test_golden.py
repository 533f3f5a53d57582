# SPDX-License-Identifier: BSD-2-Clause
"""Each example runs as it did before, to the instruction, and a run that was packed repeats itself."""
import re
import shutil
import subprocess

import golden
import pytest
from harness import BUILD, GUESTS, ROOT, Partition, Slot, frame, system
from test_commands import environment

WANTED = "want the same; if the change is meant, make golden writes it down, and git diff says where"


@pytest.mark.parametrize("name", golden.EXAMPLES)
def test_example(name):
    trace = golden.run_example(name)
    found = golden.compare(name, trace)
    assert found == "", f"{found}\n{WANTED}"
    if name == golden.PICTURE:
        assert (ROOT / "docs/timeline.svg").read_text() == golden.picture_of(trace), f"docs/timeline.svg is stale, {WANTED}"


def test_every_example_has_one():
    assert sorted(path.stem for path in (ROOT / "tests/golden").glob("*.txt")) == golden.EXAMPLES


def test_replay(tmp_path):
    """A bundle repeats its run from any directory, and says so when something in it is not what it was."""
    config = tmp_path / "packed.dts"
    config.write_text(system(Partition("a", "beat.elf", "report=5"), Partition("b", "counter64.elf", "seed=1 uart=0x3f8 report=9"),
                             schedule=frame(1000, [Slot(0, 200, 0), Slot(200, 500, 1)])))
    done = subprocess.run(["make", "replay", f"CONFIG={config}", "FOR_MS=30"], cwd=ROOT, env=environment(), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, "") and "build/replay/packed/replay.sh" in done.stdout
    bundle = tmp_path / "moved here"
    shutil.copytree(ROOT / "build/replay/packed", bundle)
    assert {"shikiri.elf", "packed.dtb", "beat.elf", "counter64.elf"} <= {path.name for path in bundle.iterdir()}
    done = subprocess.run([bundle / "replay.sh"], cwd="/", capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"the run is the same: \d+ bytes on COM1, trace [0-9a-f]{64}\n", done.stdout)
    (bundle / "beat.elf").write_bytes((bundle / "counter64.elf").read_bytes())
    done = subprocess.run([bundle / "replay.sh"], cwd="/", capture_output=True, text=True, timeout=240)
    assert done.returncode == 1 and "the run differs" in done.stdout and "the run is the same" not in done.stdout
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "head"):
        (tools / name).symlink_to(shutil.which(name))
    done = subprocess.run(["/bin/sh", bundle / "replay.sh"], capture_output=True, text=True, env={"PATH": str(tools)}, timeout=20)
    assert done.returncode == 2 and done.stdout.startswith("error: found no qemu-system-x86_64, want QEMU emulator version ")


def test_replay_of_a_panic(tmp_path):
    """The run that one wants to send to somebody: here the test build spoils a table, which the last audit finds."""
    config = tmp_path / "spoilt.dts"
    config.write_text(system(Partition("a", "counter64.elf", "seed=1 rounds=5 uart=0x3f8 corrupt-later=iopm-bit")))
    for image in ("shikiri.elf", "shikiri.sym.elf"):
        shutil.copy(BUILD / "corrupt" / image, tmp_path)
    done = subprocess.run([ROOT / "tools/replay.py", "--build", tmp_path, "--unchecked", "--images", GUESTS / "counter64.elf", config],
                          cwd=ROOT, env=environment(), text=True, capture_output=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, "") and ": the panic of " in done.stdout
    done = subprocess.run([tmp_path / "replay/spoilt/replay.sh"], cwd="/", capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 and "the run is the same: " in done.stdout, done.stdout + done.stderr
    printed = (tmp_path / "replay/spoilt/again.com1").read_text()
    assert "panic: audit of partition a: " in printed and "backtrace of processor 0:" in printed
