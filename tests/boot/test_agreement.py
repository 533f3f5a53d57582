# SPDX-License-Identifier: BSD-2-Clause
"""The hypervisor says of every file in tests/rules what shikiri-check says of it; the harness compares the two here and
in all other scenarios, certificates included. A sample of `make agreement` is here too."""
import functools

import agreement
import pytest
from harness import DONE, REFUSED, Partition, run_qemu, system
from mutants import WAYS
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
    large = Partition("large", "counter64.elf", "seed=1 rounds=2 uart=0x3f8", mib=max(4, memory_mib // 2 - 2))
    result = run_qemu(system(large, Partition("small", "counter32.elf", "seed=2 rounds=2")), memory=memory_mib)
    assert result.of("large")[-1].endswith("ok") and result.of("small")[-1].endswith("ok") and result.certificate()


SAMPLE = 2 * len(WAYS)  # mutants: two of each way
SEED = 7
SEEDS = sorted(path for path in agreement.seeds() if "accepted" not in path.name)  # those of tests/rules are above
DAMAGED = 30


@functools.cache
def mutants():
    return agreement.Mutants(SEED, range(SAMPLE))


def compare(source, item, directory):
    """What both say; the rest is agreement.py's."""
    boot = source.make(item, directory)
    if not boot:
        pytest.skip("dtc refuses it already")
    return boot.verdict()


@pytest.mark.parametrize("number", range(SAMPLE), ids=lambda number: f"{WAYS[number % len(WAYS)][1]}-{number // len(WAYS)}")
def test_mutant(number, tmp_path):
    """The ways in which make mutants changes a system, where dtc lets it pass."""
    verdict = compare(mutants(), number, tmp_path)
    assert bool(verdict.errors) == (WAYS[number % len(WAYS)][0] != "neutral")


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_seed(path, tmp_path):
    """What fuzzing starts from."""
    assert compare(agreement.Files("seeds", SEEDS), path, tmp_path).windows


@pytest.mark.parametrize("number", range(DAMAGED))
def test_damaged_tree(number, tmp_path):
    compare(agreement.Damaged(SEEDS, SEED, DAMAGED), number, tmp_path)
