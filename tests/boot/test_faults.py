# SPDX-License-Identifier: BSD-2-Clause
"""What a guest may not do ends it, or is answered as the manual says; its neighbour notices nothing."""
import re

import pytest
from harness import COM2, CONSOLE, GUESTS, Partition, run_bochs, run_qemu, symbol, system

ANSWERED = ["svm", "msr", "efer", "pat", "tsc", "cpuid", "wbinvd", "xsetbv", "hypercall", "ports", "cr8", "undefined",
            "step"]

# What ends the guest, and lines that the report has to have.
FATAL = {
    "read": ["exit NPF", r"guest-physical address 0x40000000: read, page not present, supervisor"],
    "write": ["exit NPF", r"guest-physical address 0x40000000: write, page not present, supervisor"],
    "execute": ["exit NPF", r"guest-physical address 0x40000000: instruction fetch, page not present, supervisor"],
    "user-read": ["exit NPF", r"guest-physical address 0x40000000: read, page not present, user"],
    "triple": ["exit SHUTDOWN", "triple fault", "last injected: nothing\n", "the guest has no IDT"],
    "triple-msr": ["exit SHUTDOWN", r"last injected: #GP at rip 0x10[0-9a-f]{4}\n", "the guest has no IDT"],
    "string-io": ["exit IOIO", "INS or OUTS on an emulated port", "port 0x60: write of 1 byte\n"],
    "string-in": ["exit IOIO", "INS or OUTS on an emulated port", "port 0x60: read of 1 byte\n"],
}


def crashing(deed, bootargs="", extra="", memory=""):
    return system(Partition("bad", "crash.elf", f"do={deed} {bootargs}".strip(), extra=extra, memory=memory),
                  Partition("good", "counter64.elf", "seed=5 rounds=30 uart=0x3f8", devices=CONSOLE))


def assert_neighbour_is_well(result):
    assert result.of("good")[-1].endswith("ok")
    assert result.summary()["good"][0] == "ended"
    assert "panic" not in result.serial


@pytest.mark.parametrize("deed", ANSWERED)
def test_answered(deed):
    result = run_qemu(crashing(deed))
    assert result.of("bad")[-1] == f"crash: {deed} ok", result.serial
    assert_neighbour_is_well(result)


@pytest.mark.parametrize("deed", FATAL)
def test_fatal(deed):
    result = run_qemu(crashing(deed))
    for pattern in FATAL[deed]:
        assert re.search(pattern, result.serial), result.serial
    assert result.serial.count("faulted: ") == 1
    assert result.summary()["bad"][0] == "faulted"
    assert_neighbour_is_well(result)


@pytest.mark.parametrize("cpu", ["max", "EPYC"])
def test_user_mode(cpu):
    """Ring 3 is refused what it may not have, and finds back by the guest's own TSS after exits and switches."""
    result = run_qemu(crashing("user", "ticks=3000000"), cpu=cpu, icount=True)
    assert result.of("bad")[-1] == "crash: user ok", result.serial
    assert result.summary()["bad"][2] > 2, "no switch while it was in ring 3"
    assert_neighbour_is_well(result)


def test_string_io_to_an_own_uart():
    text = system(Partition("bad", "crash.elf", "do=string-uart uart=0x2f8", devices=COM2))
    assert run_qemu(text).com2.splitlines()[0] == "crash: string"


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    """A selection on the stricter emulator, all in one system; ICEBP and #AC are there alone."""
    deeds = ["svm", "msr", "efer", "pat", "wbinvd", "xsetbv", "hypercall", "cr3", "cr4", "cr8", "breakpoint", "undefined",
             "step", "icebp", "user", "alignment", "read", "triple"]
    more = {"step": "dr6=0"}  # Bochs leaves DR6.BS out when #DB is intercepted
    partitions = [Partition(deed, "crash.elf", f"do={deed} {more.get(deed, '')}".strip(), mib=2) for deed in deeds]
    good = Partition("good", "counter64.elf", "seed=5 rounds=30 uart=0x3f8")
    result = run_bochs(system(*partitions, good), cpu)
    for deed in deeds[:-2]:
        assert result.of(deed)[-1] == f"crash: {deed} ok", result.serial
    for deed in deeds[-2:]:
        assert result.summary()[deed][0] == "faulted", result.serial
    assert_neighbour_is_well(result)


@pytest.mark.parametrize("deed", ["cr3", "cr4"])
def test_reserved_bits_end_the_guest_on_qemu(deed):
    """QEMU answers reserved bits of CR3 and CR4 with an invalid exit where hardware gives #GP."""
    result = run_qemu(crashing(deed))
    assert result.summary()["bad"][0] == "faulted", result.serial
    assert re.search(r"exit INVALID .*: state that VMRUN refuses", result.serial)
    assert_neighbour_is_well(result)


def test_unowned_port_may_fault():
    result = run_qemu(crashing("port", extra='unowned-ports = "fault";'))
    assert "exit IOIO" in result.serial and "port 0x60: read of 1 byte\n" in result.serial
    assert "a port that nobody owns" in result.serial
    assert_neighbour_is_well(result)


def test_unowned_ports_are_counted():
    result = run_qemu(crashing("ports"))
    assert re.search(r"^shikiri: \S+ +ended( +\d+){3} +7$", result.serial, re.MULTILINE)


@pytest.mark.parametrize("at", ["resume", "trap_interrupt", "vcpu_load", "loop_run"])
def test_breakpoint_in_the_hypervisor(at):
    """Hardware breakpoints of a guest would stay armed in QEMU: on the hypervisor's code, or on the neighbour's."""
    neighbour = symbol("print", GUESTS / "counter64.elf")
    result = run_qemu(crashing("breakpoint", f"at={symbol(at):#x} also={neighbour:#x}"))
    assert result.of("bad")[-1] == "crash: breakpoint ok", result.serial
    assert_neighbour_is_well(result)


def test_window_rights():
    """A read-only window reads and does not take writes; a no-execute one does not run."""
    more = """memory@800000 { device_type = "memory"; reg = <0 0x800000 0 0x1000>; read-only; };
    memory@900000 { device_type = "memory"; reg = <0 0x900000 0 0x1000>; no-execute; };"""
    for deed, at, seen in (("write", "0x800000", "0x800000: write, the page is read-only, supervisor"),
                           ("execute", "0x900000", "0x900000: instruction fetch, the page is no-execute, supervisor")):
        text = system(Partition("bad", "crash.elf", f"do={deed} at={at}", devices=CONSOLE + more),
                      Partition("good", "counter64.elf", "seed=5 rounds=30 uart=0x3f8"))
        result = run_qemu(text)
        assert f"guest-physical address {seen}" in result.serial, result.serial
        assert_neighbour_is_well(result)
    text = system(Partition("bad", "crash.elf", "do=read at=0x800000", devices=CONSOLE + more))
    assert run_qemu(text).of("bad")[-1] == "crash: read ok"


def test_halt_for_ever():
    result = run_qemu(crashing("halt"))
    assert "partition bad halted for ever: HLT with interrupts off at rip 0x" in result.serial
    assert result.summary()["bad"][0] == "halted"
    assert_neighbour_is_well(result)


def test_shutdown_status():
    assert "partition bad ended with status 7" in run_qemu(crashing("wbinvd", "status=7")).serial


def test_console_is_robust():
    """Long lines are broken, control characters replaced; the neighbour's lines stay whole."""
    result = run_qemu(crashing("flood"))
    lines = result.of("bad")
    assert lines[:3] == ["x" * 120, "x" * 120, "x" * 60]
    assert lines[3] == "?[2J\tend"
    assert_neighbour_is_well(result)
    assert all(re.match(r"(bad |good) \||shikiri: |Shikiri |$", line) for line in result.lines)
