# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor says of every file in tests/rules what shikiri-check says of it; the harness compares the two here and
in all other scenarios, certificates included."""
import functools

import pytest
from harness import BUILD, DONE, REFUSED, ROOT, Partition, compile_text, emulate, images_of, run_qemu, system
from mutants import WAYS, make, read_example
from rule_files import CPUS, write_case
from rules import read_cases


# The hypervisor knows the blob among the modules by its first word.
NO_BLOB = ['found no device tree among 3 modules, want one made by dtc from a .dts; in GRUB add "module system.dtb"']


def by_name(case):
    return case.path.name.removesuffix(".dts")


@pytest.mark.parametrize("case", read_cases("accepted") + read_cases("refused"), ids=by_name)
def test_rule(case, tmp_path):
    result = run_qemu(modules=write_case(case, tmp_path), memory=case.memory_mib, cpus=CPUS)
    messages = [error for error in result.errors() if not error.endswith("no partition is started")]
    wanted = NO_BLOB if by_name(case) == "tree-blob.refused" else case.errors
    assert (result.status, messages) == (REFUSED if case.errors else DONE, wanted)
    assert case.errors or result.certificate()


@pytest.mark.parametrize("memory_mib", [16, 3072, 3584, 5120])
def test_machine_sizes(memory_mib):
    """Also where RAM ends below 4 GiB and where it goes on above."""
    large = Partition("large", "counter64.elf", "seed=1 rounds=2 uart=0x3f8", mib=max(4, memory_mib // 2))
    result = run_qemu(system(large, Partition("small", "counter32.elf", "seed=2 rounds=2")), memory=memory_mib)
    assert result.of("large")[-1].endswith("ok") and result.of("small")[-1].endswith("ok") and result.certificate()


REFUSABLE = [number for number, (kind, _, _) in enumerate(WAYS) if kind != "neutral"]
SEED = 7


@functools.cache
def examples():
    paths = sorted([*(ROOT / "dts/examples").glob("*.dts"), ROOT / "tests/fuzz/everything.dts"])
    return [read_example(BUILD / "shikiri-check", path) for path in paths]


@pytest.mark.parametrize("number", REFUSABLE, ids=lambda number: WAYS[number][1])
def test_mutant(number, tmp_path):
    """One of each way in which make mutants changes a system, where dtc lets it pass."""
    mutant = make(examples(), SEED, number)
    try:
        dtb = compile_text(mutant.text, tmp_path)
    except emulate.Problem:
        pytest.skip("dtc refuses it already")
    images = [image for image in images_of(dtb) if image.is_file()]
    assert run_qemu(modules=[dtb, *images], cpus=4).status == REFUSED
