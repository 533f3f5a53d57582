# SPDX-License-Identifier: BSD-2-Clause
"""What is missing or wrong is said in one message of its own, and no partition starts. Every rule of the
configuration has its unit test; here are the prerequisites, and each kind of bad input on the real path."""
import struct

import pytest
from debugger import run_meddled
from harness import COM2, GUESTS, REFUSED, VGA, Partition, compile_text, run_qemu, system
from live import Machine

GOOD = Partition("a", "hog.elf", mib=2)
NO_SVM = ("this processor has no SVM (CPUID 0x80000001, ECX bit 2); want an AMD processor with AMD-V; in QEMU use "
          "-cpu max or -cpu EPYC")
NO_NPT = "this processor has no nested paging (CPUID 0x8000000a, EDX bit 0); in QEMU add +npt to -cpu"


def refusal(**arguments):
    return errors_of(run_qemu(**arguments))


def errors_of(result):
    assert result.status == REFUSED and "panic" not in result.serial, result.serial
    assert not any(" | " in line for line in result.lines), "a partition ran"
    return result.errors()


@pytest.mark.parametrize("cpu, message", [
    ("qemu64,-svm", NO_SVM), ("Skylake-Client", NO_SVM), ("qemu64,+svm,-npt", NO_NPT),
    ("max,-nx", "this processor has no NX (CPUID 0x80000001, EDX bit 20); in QEMU add +nx to -cpu")])
def test_processor(cpu, message):
    assert refusal(text=system(GOOD), cpu=cpu) == [message]


def meddle_facts(offset, value):
    """Changes a byte of struct svm_facts before it is judged."""
    def meddle(debugger):
        facts = debugger.run_to("svm_missing")["rdi"]
        debugger.write(facts + offset, bytes([value]))
    return meddle


def meddle_map(debugger):
    """Takes flag 6, the memory map, out of the Multiboot information."""
    info = debugger.run_to("multiboot_read")["rdx"]
    flags, = struct.unpack("<I", debugger.read(info, 4))
    debugger.write(info, struct.pack("<I", flags & ~(1 << 6)))


def meddle_selftest(npt_in_force):
    """Changes the result of the self-test: struct selftest is a bool and an enum, of which 0 is "none"."""
    def meddle(debugger):
        result = debugger.run_to("selftest_run")["rdi"]
        debugger.finish()
        debugger.write(result, struct.pack("<II", npt_in_force, 0))
    return meddle


@pytest.mark.parametrize("meddle, message", [
    (meddle_facts(14, 1), 'SVM is switched off (VM_CR.SVMDIS is set); enable "SVM mode" or "AMD-V" in the firmware\'s '
                          'set-up'),
    (meddle_facts(24, 1), "this processor has no ASID for a guest (CPUID 0x8000000a, EBX); want at least 2"),
    (meddle_map, "found no memory map with RAM above 1 MiB in the boot loader's information, want one (Multiboot 1 "
                 "flag 6, or the memory map tag of Multiboot 2)"),
    (meddle_selftest(0), "nested paging is not in force while a guest's paging is off; this processor or emulator "
                         "cannot isolate partitions"),
    (meddle_selftest(1), "neither V_IRQ nor EVENTINJ delivers an interrupt exactly once; this processor or emulator "
                         "cannot run guests"),
], ids=["svm-disabled", "no-asid", "no-memory-map", "npt-bypassed", "no-injection"])
def test_what_no_emulator_lacks(tmp_path, meddle, message):
    assert errors_of(run_meddled(meddle, tmp_path, text=system(GOOD))) == [message]


def test_no_long_mode():
    """Too early for options: the machine says so and halts."""
    with Machine(text=system(GOOD), cpu="qemu32") as machine:
        machine.wait_for(lambda: machine.serial().serial.endswith("processor\n"), "the message")
        errors = machine.serial().errors()
    assert errors == ["this processor has no long mode (CPUID 0x80000001, EDX bit 29); want a 64-bit AMD processor"]


def test_no_blob():
    assert refusal() == ['found no device tree among 0 modules, want one made by dtc from a .dts; in GRUB add "module '
                         'system.dtb"']


def test_too_little_memory():
    partitions = [Partition(f"c{i}", "hog.elf", mib=2) for i in range(64)]
    errors = refusal(text=system(*partitions), memory=4)
    assert errors == ["machine: found no free 5760 KiB of RAM for the hypervisor's tables, want it below 4 GiB; "
                      "give the machine more memory"]


def test_unknown_option():
    assert refusal(text=system(GOOD), options="on-end=qemu-exit colour=red") == [
        "command line: found colour=red, want on-end=halt, =qemu-exit or =bochs-shutdown, end-after-ms=N, "
        "idle=poll, trace=print or certificate=HASH",
        "the command line has errors, no partition is started"]


def test_truncated_blob(tmp_path):
    dtb = compile_text(system(GOOD), tmp_path)
    dtb.write_bytes(dtb.read_bytes()[:300])
    assert refusal(modules=[dtb]) == [
        "device tree: found 300 bytes (FDT_ERR_TRUNCATED), want a whole device-tree blob; make it with dtc -O dtb",
        "1 error, no partition is started"]


def window(reg, extra=""):
    return system(GOOD).replace("reg = <0 0 0 0x200000>;", f"reg = {reg}; {extra}")


A = "/partitions/partition@0"
B = "/partitions/partition@1"
CONFIGURATIONS = {
    "unknown property": (system(GOOD).replace("slot-us", "slot-ms"), [
        "/schedule/slot-ms: found an unknown property, want none",
        "/schedule/slot-us: found nothing, want 50 to 1000000"]),
    "unknown compatible": (system(GOOD).replace("shikiri,partition", "shikiri,guest"), [
        f'{A}/compatible: found "shikiri,guest", want "shikiri,partition"']),
    "slot too short": (system(GOOD, slot_us=1), [
        "/schedule/slot-us: found 1, want 50 to 1000000; a slot is given in microseconds"]),
    "over the hypervisor": (window("<0 0 0 0x100000>", "host-address = <0 0x100000>;"), None),
    "past RAM": (window("<0 0 0 0x200000>", "host-address = <0x10 0>;"), None),
    "larger than RAM": (window("<0 0 0 0x40000000>"), None),
    "size that overflows": (window("<0 0 0xffffffff 0xfffff000>"), None),
    "missing module": (system(Partition("a", "hog.elf")).replace("hog.elf", "gone.elf"), None),
    "two owners of COM2": (system(Partition("a", "hog.elf", devices=COM2), Partition("b", "hog.elf", devices=COM2)), [
        f"{B}/isa/serial@2f8: found it beside {A}/isa/serial@2f8, want such a device once; leave one of them away"]),
    "a ninth screen": (system(*[Partition(f"s{i}", "hog.elf", devices=VGA) for i in range(9)]), [
        "/partitions/partition@8/vga: found screen number 9, want at most 8 in a system; VGA text memory has eight "
        "pages; use shikiri,console"]),
    "labels alike": (system(GOOD, GOOD), [f'{B}/label: found "a", want another than that of {A}']),
}
FRAGMENTS = {
    "over the hypervisor": "/memory@0/host-address: found 0x100000 to 0x200000, want it apart from the hypervisor at ",
    "past RAM": "/memory@0/host-address: found 0x1000000000 to 0x1000200000, want it inside RAM, 0x100000 to 0xffe0000",
    "larger than RAM": "/memory@0/reg: found 0x40000000 bytes, want at most 0xf",
    "size that overflows": "/memory@0/reg: found 0xfffffffffffff000 bytes at 0x0, want multiples of 0x1000, not 0 "
                           "bytes, and the end at 0x8000000000 ",
    "missing module": '/image: found no file "gone.elf", want it loaded as a module; loaded are: hog.elf',
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration(name, tmp_path):
    text, expected = CONFIGURATIONS[name]
    dtb = compile_text(text, tmp_path)
    errors = refusal(modules=[dtb, GUESTS / "hog.elf"])
    assert errors.pop().endswith("no partition is started")
    if expected is not None:
        assert errors == expected
    else:
        assert any(error.startswith(A + FRAGMENTS[name]) for error in errors), errors


def patched(tmp_path, offset, data, keep=None):
    """hog.elf with some bytes replaced, and perhaps cut."""
    image = bytearray((GUESTS / "hog.elf").read_bytes())
    image[offset:offset + len(data)] = data
    path = tmp_path / "hog.elf"
    path.write_bytes(image[:keep])
    return path


@pytest.mark.parametrize("name, offset, data, keep, message", [
    ("no ELF", 0, b"\x7fFLE", None, "found hog.elf that is no kernel, want an ELF file or a bzImage"),
    ("wrong machine", 18, b"\x28\x00", None, "found hog.elf for machine 40, want 3 for ELF32"),
    ("not an executable", 16, b"\x03\x00", None,
     "found hog.elf of ELF type 3, want 2 (executable); link it with -no-pie and -static"),
    ("entry outside", 24, b"\x00\x00\x00\x70", None,
     "found hog.elf with entry 0x70000000, want it inside a segment in an executable window"),
    ("segment outside the window", 52 + 12, b"\x00\x00\x00\x70", None, "at 0x70000000, want it inside one memory window"),
    ("segment over the end of the address space", 52 + 12, b"\xff\xff\xff\xff", None, "want it inside one memory window"),
    ("truncated header", 0, b"\x7f", 40, "found hog.elf that is no kernel"),
    ("truncated segment", 0, b"\x7f", 4100, "the file is truncated"),
])
def test_image(tmp_path, name, offset, data, keep, message):
    dtb = compile_text(system(GOOD), tmp_path)
    errors = refusal(modules=[dtb, patched(tmp_path, offset, data, keep)])
    assert errors[-1].endswith("no partition is started")
    assert any(error.startswith(f"{A}/image: ") and message in error for error in errors), (name, errors)
