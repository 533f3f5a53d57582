# SPDX-License-Identifier: BSD-2-Clause
"""The certificate: printed of the live tables, compared with what the user gave, and wrong where a table is."""
import re
import subprocess
import sys
import textwrap

import pexpect
import pytest
from certificate_model import certificate, hash_of
from harness import BUILD, CONSOLE, COM2, DONE, PANIC, REFUSED, ROOT, VGA, Partition, compile_text, emulate, images_of
from harness import in_turn, processors, run_bochs, run_qemu, system
from live import Machine

EXAMPLES = sorted(path.stem for path in (ROOT / "dts/examples").glob("*.dts"))
CORRUPT = BUILD / "corrupt"
RIGHTS = """memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x3000>; read-only;
        host-address = <0 0x8000000>; };
    memory@40003000 { device_type = "memory"; reg = <0 0x40003000 0 0x1000>; no-execute;
        host-address = <0 0x8003000>; };"""
TEXT = system(Partition("first", "counter64.elf", "seed=1 rounds=5 uart=0x3f8", devices=VGA + CONSOLE),
              Partition("second", "counter32.elf", "seed=2 rounds=5 uart=0x2f8", devices=RIGHTS + COM2))


def printed(result):
    """The hashes in the order they were printed."""
    return re.findall(r"^shikiri: certificate ([0-9a-f]{64})$", result.serial, re.MULTILINE)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name, tmp_path):
    """The checker on the developer's machine says the same as the live tables, and so does a model of both; nobody
    reaches another's frames."""
    dtb = emulate.compile_dts(ROOT / "dts/examples" / f"{name}.dts", BUILD)
    with Machine(dtb=dtb) as machine:
        machine.wait_for(lambda: "since entry" in machine.serial().serial, "the start")
        result = machine.serial()
    text = certificate(dtb, result.serial)
    assert printed(result) == [hash_of(text)], text
    file = tmp_path / "system.cert"
    subprocess.run([BUILD / "shikiri-check", "--quiet", "--certificate", file, dtb], capture_output=True, check=True)
    assert file.read_text() == text
    frames = sorted(tuple(int(end, 16) for end in run) for run in re.findall(r"-> (\w+)-(\w+)", text))
    assert all(before[1] < after[0] for before, after in zip(frames, frames[1:]))
    if name == "trio":
        page = (ROOT / "docs/certificate.md").read_text()
        assert textwrap.indent(text, "    ") in page and hash_of(text) in page


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A system as modules, with what its certificate says."""
    dtb = compile_text(TEXT, tmp_path_factory.mktemp("system"))
    modules = [dtb, *images_of(dtb)]
    return modules, certificate(dtb, run_qemu(modules=modules).serial)


def test_audited_twice(good):
    """Before the first partition starts, and when all have stopped."""
    modules, text = good
    result = run_qemu(modules=modules)
    assert printed(result) == [hash_of(text)] * 2
    assert result.lines.index(f"shikiri: certificate {hash_of(text)}") < next(
        i for i, line in enumerate(result.lines) if " | " in line)


def test_audit_by_key():
    """Ctrl-] and a audit a system that runs."""
    command = [str(ROOT / "tools/emulate.py"), "--build", str(BUILD), "run", str(ROOT / "dts/examples/hog.dts")]
    child = pexpect.spawn(sys.executable, command, timeout=60)
    try:
        child.expect(r"shikiri: certificate ([0-9a-f]{64})\r")
        at_start = child.match[1]
        child.expect("lines +\\| counter")
        child.send("\x1da")
        child.expect(r"shikiri: certificate ([0-9a-f]{64})\r")
        assert child.match[1] == at_start
    finally:
        child.send("\x01x")  # ends QEMU
        child.expect(pexpect.EOF)
        child.close()


def test_grub(good, tmp_path):
    """Both ways to say what the certificate has to be, by way of GRUB."""
    modules, text = good
    (tmp_path / "system.cert").write_text(text)
    iso = emulate.make_iso(BUILD, tmp_path / "system.iso", [*modules, tmp_path / "system.cert"],
                           f"on-end=qemu-exit certificate={hash_of(text)}")
    assert run_qemu(iso=iso).status == DONE


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu, tmp_path):
    """Bochs sets accessed and dirty bits in its own way."""
    result = run_bochs(TEXT, cpu)
    assert printed(result) == [hash_of(certificate(compile_text(TEXT, tmp_path), result.serial))] * 2


def test_right_hash(good):
    modules, text = good
    assert run_qemu(modules=modules, options=f"certificate={hash_of(text)}").status == DONE


def assert_refused(result, error):
    assert result.status == REFUSED
    assert result.errors() == [error, "this is another system than the certificate's, no partition is started"]
    assert not any(" | " in line for line in result.lines), "a partition ran"


def test_wrong_hash(good):
    modules, text = good
    wrong = hash_of(text + "\n")
    assert_refused(run_qemu(modules=modules, options=f"certificate={wrong}"),
                   f"certificate: found {hash_of(text)}, want {wrong}, as the command line says")


def with_module(modules, text, tmp_path):
    (tmp_path / "system.cert").write_text(text)
    return run_qemu(modules=[*modules, tmp_path / "system.cert"])


def test_right_module(good, tmp_path):
    assert with_module(*good, tmp_path).status == DONE


CHANGES = {  # pattern, replacement, found, wanted, line
    "name": (r'"second"', '"zweite"', 'partition 1 "second"', 'partition 1 "zweite"', 9),
    "rights": (r"(memory 0x000040000000.*) r-x", r"\1 rwx", "memory 0x000040000000-0x000040002fff -> .* r-x",
               "memory 0x000040000000-0x000040002fff -> .* rwx", 11),
    "port": ("0x02ff", "0x02fe", "port 0x02f8-0x02ff", "port 0x02f8-0x02fe", 13),
    "MSR": (r"msr 0xc0000100-0xc0000102 rw\n$", "", "msr 0xc0000100-0xc0000102 rw", "nothing", 16),
    "more": (r"\Z", "port 0x0060-0x0060\n", "nothing", "port 0x0060-0x0060", 17),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_module(good, tmp_path, change):
    modules, text = good
    pattern, replacement, found, want, line = CHANGES[change]
    changed = re.sub(pattern, replacement, text)
    assert changed != text
    result = with_module(modules, changed, tmp_path)
    assert re.fullmatch(f"certificate: found {found}, want {want}, as line {line} of module system.cert says",
                        result.errors()[0]), result.serial
    assert_refused(result, result.errors()[0])


def spoilt(option):
    """Two partitions of the test build, of which the second is spoilt at 64 MiB of the machine's memory."""
    return system(Partition("good", "counter64.elf", "seed=1 rounds=5 uart=0x3f8"),
                  Partition("bad", "counter64.elf", f"seed=1 rounds=5 uart=0x3f8 {option}", mib=8,
                            memory="host-address = <0 0x4000000>;"))


WHOLE = "memory 0x000000000000-0x0000007fffff -> 0x000004000000-0x0000047fffff rwx"
HEAD = "memory 0x000000000000-0x0000001fffff -> 0x000004000000-0x0000041fffff rwx"
ENTRY = "NPT entry 0x00000000042{} of level 2 for GPA 0x200000"
CORRUPTIONS = {  # as in tests/corrupt/corrupt.c: found, wanted
    "npt-present": (HEAD, WHOLE),
    "npt-write": (HEAD, WHOLE),
    "npt-user": (ENTRY.format("000[8ae]3"), "bit 2 (U) set"),
    "npt-reserved": (ENTRY.format("02087"), "its reserved and unused bits clear"),
    "npt-address": (HEAD, WHOLE),
    "npt-nx": (HEAD, WHOLE),
    "npt-small": (ENTRY.format("00007"), "it to lead to a table of the hypervisor's"),
    "npt-table-write": (WHOLE.replace("rwx", "r-x"), WHOLE),
    "npt-table-nx": (WHOLE.replace("rwx", "rw-"), WHOLE),
    "npt-top": ("memory 0xff8000000000-0xff80007fffff -> 0x000004000000-0x0000047fffff rwx", "nothing"),
    "npt-hypervisor": ("memory 0x000040000000-0x000040000fff -> 0x000000100000-0x000000100fff rw-", "nothing"),
    "npt-screen": ("memory 0x0000a0000000-0x0000a0000fff -> 0x0000000b8000-0x0000000b8fff rw- screen 0", "nothing"),
    "iopm-bit": ("port 0x0060-0x0060", "nothing"),
    "iopm-third-page": ("port 0x10001-0x10001", "nothing"),
    "msrpm-read": ("msr 0xc0000080-0xc0000080 r-", "nothing"),
    "msrpm-write": ("msr 0x00000010-0x00000010 -w", "nothing"),
    "msrpm-reserved": ("msr 0xc0021fff-0xc0021fff -w", "nothing"),
    "msrpm-intercept": ("msr 0xc0000100-0xc0000100 -w", "msr 0xc0000100-0xc0000102 rw"),
    "intercept-cr8": ("intercept_cr 0x[0-9a-f]+ in the VMCB", "0x[0-9a-f]+ set and 0x0 clear"),
    "intercept-db": ("intercept_exception 0x[0-9a-f]+ in the VMCB", "0x[0-9a-f]+ set and 0x0 clear"),
    "intercept-intr": ("intercept_misc1 0x[0-9a-f]+ in the VMCB", "0x[0-9a-f]+ set and 0x0 clear"),
    "intercept-msr": ("intercept_misc1 0x[0-9a-f]+ in the VMCB", "0x[0-9a-f]+ set and 0x0 clear"),
    "intercept-vmrun": ("intercept_misc2 0x[0-9a-f]+ in the VMCB", "0x[0-9a-f]+ set and 0x0 clear"),
    "iopm-base": ("IOPM_BASE_PA 0x1[0-9a-f]{7}", "pages in 0x[0-9a-f]+-0x[0-9a-f]+, the hypervisor's"),
    "msrpm-base": ("MSRPM_BASE_PA 0x[0-9a-f]+10", "pages in 0x[0-9a-f]+-0x[0-9a-f]+, the hypervisor's"),
    "asid-host": ("ASID 0 in the VMCB", "another: that is the host's"),
    "asid-shared": ("ASID 1 in the VMCB", "another: that is good's"),
    "interrupts-unmasked": ("vintr 0x0 in the VMCB", "0x1000000 set and 0x82000000 clear"),
    "nested-paging": ("nested_ctl 0x0 in the VMCB", "0x1 set and 0xfffffffffffffffe clear"),
    "ncr3": ("nCR3 0x100[0-9a-f]{8}", "pages in 0x[0-9a-f]+-0x[0-9a-f]+, the hypervisor's"),
}


# Of the second of "bad"'s two vCPUs, whose tables are the first one's.
THAT = r"0x[0-9a-f]+, that of vCPU 0"
SECOND = {
    "intercept-msr": CORRUPTIONS["intercept-msr"],
    "asid-second": ("ASID 2 in the VMCB", "another: that is bad's"),
    "asid-third": ("ASID 1 in the VMCB", "another: that is good's"),
    "ncr3": CORRUPTIONS["ncr3"],
    "ncr3-page": (r"nCR3 0x[0-9a-f]+", THAT),
    "iopm-page": (r"IOPM_BASE_PA 0x[0-9a-f]+", THAT),
    "msrpm-page": (r"MSRPM_BASE_PA 0x[0-9a-f]+", THAT),
}


def assert_found(result, name):
    """The test build has spoilt the table, and the audit says what."""
    found, want = (text.replace("(U)", r"\(U\)") for text in CORRUPTIONS[name])
    assert f"shikiri: test: corrupting {name}" in result.lines
    assert any(re.fullmatch(f"shikiri: panic: audit of partition bad: found {found}, want {want}", line)
               for line in result.lines), result.serial


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corrupted(name):
    result = run_qemu(spoilt(f"corrupt={name}"), build=CORRUPT, statuses=(PANIC,))
    assert_found(result, name)
    assert not printed(result)
    assert not any(" | " in line for line in result.lines), "a partition ran"


@pytest.mark.parametrize("name", ["npt-screen", "iopm-bit", "msrpm-write", "intercept-msr"])
def test_corrupted_later(name):
    """What was well at the start is looked at again at the end."""
    result = run_qemu(spoilt(f"corrupt-later={name}"), build=CORRUPT, statuses=(PANIC,))
    assert_found(result, name)
    assert len(printed(result)) == 1 and result.of("bad")[-1].endswith("ok")


def with_second_vcpu(option=""):
    """The same two partitions, of which "bad" has a vCPU on each of two processors."""
    text = spoilt(option).replace('label = "bad";', 'label = "bad"; vcpus = <2>;')
    return re.sub(r"schedule {.*?};", processors({0: in_turn(0, 1), 1: in_turn(1)}), text, count=1)


@pytest.mark.parametrize("name", SECOND)
def test_corrupted_second_vcpu(name):
    """A VMCB of the second vCPU that is not as it should be, or leads elsewhere than the first one's."""
    found, want = SECOND[name]
    result = run_qemu(with_second_vcpu(f"corrupt-second={name}"), build=CORRUPT, statuses=(PANIC,))
    assert re.search(rf"shikiri: panic: audit of partition bad: found {found}, want {want}; vCPU 1$", result.serial,
                     re.MULTILINE), result.serial
    assert not printed(result)


def test_certificate_with_second_vcpu(tmp_path):
    """How many vCPUs reach it is not what a certificate is about: it is that of one."""
    result = run_qemu(with_second_vcpu(), build=CORRUPT)
    assert printed(result) == [hash_of(certificate(compile_text(spoilt(""), tmp_path), result.serial))] * 2
    assert len([line for line in result.of("bad") if line.endswith("ok")]) == 2


def test_not_corrupted():
    """The test build is well as long as nothing is spoilt."""
    result = run_qemu(spoilt(""), build=CORRUPT)
    assert len(printed(result)) == 2 and result.of("bad")[-1].endswith("ok")
    assert "corrupting" not in result.serial
