# SPDX-License-Identifier: BSD-2-Clause
"""A bug of the hypervisor's ends in a panic that says where. As it has none that could be asked for, a debugger
stops it and sends it where it should not go: W^X, page 0 and the guard pages hold, in its own accesses too."""
import re

import pytest
from debugger import run_meddled
from harness import DONE, PANIC, REFUSED, Partition, run_bochs, symbol, system

COUNTER = Partition("a", "counter32.elf", "seed=1 rounds=20")
STACK_GUARD = symbol("cpu_stacks")     # the boot processor's, hv/cpu/cpu.h
FAULT_GUARD = STACK_GUARD + 0x4000
TEXT, RODATA, DATA = symbol("text_start"), symbol("rodata_start"), symbol("trap_nmi_count")
MEMSET = symbol("memset")
BYTES = 16
MESSAGE_ADDRESS, MESSAGE_NMI = 0xfee00000, 0x400  # MSI to APIC id 0 (APM vol. 2, "Interrupt Delivery Mode")
AFTER_PROTECTION = "system_check"  # called by start_check_system(), when the page tables are our own

# What is done at the entry of AFTER_PROTECTION; vector, error code and CR2 (APM vol. 2, "#PF", "#DF"); the name of
# the function that did it, where it was one.
# Error code of a page fault: bit 0 present, 1 write, 4 fetch.
FAULTS = {
    "write to code": (lambda d: d.divert(MEMSET, TEXT, 0, BYTES), 14, 0x3, TEXT, ["memset"]),
    "write to read-only data": (lambda d: d.divert(MEMSET, RODATA, 0, BYTES), 14, 0x3, RODATA, ["memset"]),
    "execute data": (lambda d: d.divert(DATA), 14, 0x11, DATA, []),
    "execute read-only data": (lambda d: d.divert(RODATA), 14, 0x11, RODATA, []),
    "execute the stack": (lambda d: d.divert(d.registers()["rsp"]), 14, 0x11, None, []),
    "read page 0": (lambda d: d.divert(symbol("strlen"), 0x10), 14, 0x0, 0x10, ["strlen"]),
    "write page 0": (lambda d: d.divert(MEMSET, 0, 0, BYTES), 14, 0x2, 0, ["memset"]),
    "call page 0": (lambda d: d.divert(0), 14, 0x10, 0, []),
    "write the stack's guard": (lambda d: d.divert(MEMSET, STACK_GUARD + 0xff0, 0, BYTES), 14, 0x2,
                                STACK_GUARD + 0xff0, ["memset"]),
    "write the fault stack's guard": (lambda d: d.divert(MEMSET, FAULT_GUARD, 0, BYTES), 14, 0x2, FAULT_GUARD,
                                      ["memset"]),
    "absent memory": (lambda d: d.divert(MEMSET, 0xf0000000, 0, BYTES), 14, 0x2, 0xf0000000, ["memset"]),
    "overflow the stack": (lambda d: d.set(rsp=STACK_GUARD + 0x1000), 8, 0x0, STACK_GUARD + 0xff8, [AFTER_PROTECTION]),
}


def backtrace(result):
    """The names in the backtrace, innermost first."""
    lines = result.lines[result.lines.index("shikiri: backtrace of processor 0:") + 1:]
    return [match[1] for line in lines if (match := re.match(r"shikiri:   [0-9a-f]{16} (\w+)\+0x[0-9a-f]+$", line))]


def assert_panic(result, vector, code, cr2):
    panics = [line for line in result.lines if line.startswith("shikiri: panic: ")]
    address = f"{cr2:x}" if cr2 is not None else "[0-9a-f]+"
    assert len(panics) == 1 and re.fullmatch(
        f"shikiri: panic: exception {vector}, error code 0x{code:x}, cr2 0x{address}", panics[0]), result.serial


@pytest.mark.parametrize("fault", FAULTS)
def test_protection(fault, tmp_path):
    act, vector, code, cr2, innermost = FAULTS[fault]

    def meddle(debugger):
        debugger.run_to(AFTER_PROTECTION)
        act(debugger)

    result = run_meddled(meddle, tmp_path, text=system(COUNTER), statuses=(PANIC,))
    assert_panic(result, vector, code, cr2)
    assert not any(" | " in line for line in result.lines), "a partition ran"
    assert backtrace(result) == [*innermost, "boot_main", "long_mode"], result.serial


def test_after_guests_have_run(tmp_path):
    """TR is a guest's by then; the report is as good."""
    def meddle(debugger):
        debugger.run_to("xstate_save")
        debugger.divert(MEMSET, TEXT, 0, BYTES)

    result = run_meddled(meddle, tmp_path, text=system(COUNTER, Partition("b", "hog.elf")), statuses=(PANIC,))
    assert_panic(result, 14, 0x3, TEXT)
    assert backtrace(result) == ["memset", "loop_run", "boot_main", "long_mode"], result.serial


def test_smashed_stack(tmp_path):
    """The compiler's check ends in panic() itself."""
    def meddle(debugger):
        debugger.run_to(AFTER_PROTECTION)
        debugger.divert(symbol("__stack_chk_fail"))

    result = run_meddled(meddle, tmp_path, text=system(COUNTER), statuses=(PANIC,))
    assert "shikiri: panic: a function wrote past its stack frame" in result.lines
    assert backtrace(result)[0] == "__stack_chk_fail" and backtrace(result)[-1] == "long_mode", result.serial


def test_while_sending(tmp_path):
    """What the processor was doing with COM1 when it went wrong keeps no panic back: the send flag and the lock are
    held."""
    def meddle(debugger):
        debugger.run_to(AFTER_PROTECTION)
        debugger.write(symbol("sending"), b"\1")
        debugger.write(symbol("tickets"), b"\1\0\0\0")
        debugger.divert(symbol("__stack_chk_fail"))

    result = run_meddled(meddle, tmp_path, text=system(COUNTER), statuses=(PANIC,))
    assert "shikiri: panic: a function wrote past its stack frame" in result.lines


@pytest.mark.parametrize("vector", [0x20, 0x27, 0x2f, 0x30, 0x80, 0xdf, 0xe1, 0xfe, 0xff])
def test_stray_interrupt(vector, tmp_path):
    """A message-signalled interrupt that nobody has asked for, while the hypervisor works and then in a guest."""
    def meddle(debugger):
        for _ in range(3):
            debugger.run_to("interrupt_arm")
            debugger.write_bus(MESSAGE_ADDRESS, vector)

    result = run_meddled(meddle, tmp_path, text=system(COUNTER))
    assert result.status == DONE and result.of("a")[-1].endswith("ok"), result.serial


def test_nmi(tmp_path):
    """Two NMIs, each taken at an exit, are counted."""
    def meddle(debugger):
        for _ in range(2):
            debugger.run_to("interrupt_arm")
            debugger.write_bus(MESSAGE_ADDRESS, MESSAGE_NMI)
            debugger.run_to("interrupt_arm")

    result = run_meddled(meddle, tmp_path, text=system(COUNTER))
    assert result.of("a")[-1].endswith("ok") and result.summary()["a"][3]["NMI"] == 2, result.serial
    at = result.lines.index("shikiri: 2 NMIs came, which nobody asked for")
    assert result.lines[at + 1].startswith("shikiri: partition "), "it is not in the table"


@pytest.mark.parametrize("cpu", ["ryzen", "phenom_8650_toliman"])
def test_bochs(cpu):
    """The same on the other emulator, by its own debugger."""
    commands = [f"lb {symbol(AFTER_PROTECTION):#x}", "c", f"set rdi = {TEXT:#x}", "set rdx = 1", f"set rip = {MEMSET:#x}"]
    result = run_bochs(system(COUNTER), cpu, statuses=(PANIC,), commands=commands)
    assert_panic(result, 14, 0x3, TEXT)
    assert backtrace(result) == ["memset", "boot_main", "long_mode"], result.serial


def test_bochs_refuses():
    result = run_bochs(system(COUNTER, COUNTER), "ryzen", statuses=(REFUSED,))
    assert result.errors()[-1] == "1 error, no partition is started"
