# SPDX-License-Identifier: BSD-2-Clause
"""Guests' ACPI tables, read by ACPICA's disassembler, whose parser Linux has, too."""
import struct
import subprocess

import pytest
from harness import ROOT

VCPUS = 3
BYTES = 0x400
GPA = 0x8000
SOURCE = f"""
#include <stdio.h>
#include "partitions/acpi.h"
int main(void) {{
    static uint8_t tables[{BYTES:#x}];
    acpi_write(tables, {GPA}, {VCPUS});
    return fwrite(tables, sizeof(tables), 1, stdout) != 1;
}}
"""


@pytest.fixture(scope="module", name="disassembled")
def fixture_disassembled(tmp_path_factory):
    """The text of each table by its signature."""
    folder = tmp_path_factory.mktemp("acpi")
    subprocess.run(["cc", "-I.", "-x", "c", "-", "-x", "c", "partitions/acpi.c", "-o", folder / "write"],
                   input=SOURCE.encode(), cwd=ROOT, check=True)
    data = subprocess.run([folder / "write"], stdout=subprocess.PIPE, check=True).stdout
    texts = {}
    for signature in ("XSDT", "FACP", "APIC", "DSDT"):
        at = data.index(signature.encode())
        length = struct.unpack_from("<I", data, at + 4)[0]
        path = folder / f"{signature}.aml"
        path.write_bytes(data[at:at + length])
        run = subprocess.run(["iasl", "-d", path.name], cwd=folder, capture_output=True, text=True, check=True)
        texts[signature] = path.with_suffix(".dsl").read_text()
        said = run.stdout + run.stderr + texts[signature]
        for complaint in ("rror", "arning", "nvalid", "ncorrect", "nknown"):
            assert complaint not in said.replace("Reserved", ""), said
    return texts


def test_dsdt(disassembled):
    """What the bytes of the definition block compile to."""
    text = " ".join(disassembled["DSDT"].split())
    assert "Name (_S5, Package (0x02) // _S5_: S5 System State { 0x05, Zero })" in text
    assert "Device (_SB.COM1)" in text  # from the root, as all is that is outside of a scope
    assert 'EisaId ("PNP0501")' in text
    assert "IO (Decode16, 0x03F8, // Range Minimum 0x03F8, // Range Maximum 0x01, // Alignment 0x08, // Length )" in text
    assert "IRQNoFlags () {4}" in text


def test_compiles(disassembled, tmp_path):
    """The definition block is one that a compiler would have written: it takes its own text back."""
    (tmp_path / "again.dsl").write_text(disassembled["DSDT"])
    subprocess.run(["iasl", "again.dsl"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)


def test_madt(disassembled):
    """A local APIC for each vCPU, and one I/O APIC."""
    text = disassembled["APIC"]
    assert text.count("[Processor Local APIC]") == VCPUS
    assert text.count("[I/O APIC]") == 1
    assert "FEC00000" in text


def test_fadt(disassembled):
    """Hardware-reduced, with the registers for sleep and reset."""
    text = disassembled["FACP"]
    for line in ("Hardware Reduced (V5) : 1", "Reset Register Supported (V2) : 1", "VGA Not Present (V4) : 1",
                 "CMOS RTC Not Present (V5) : 1", "Value to cause reset : 06"):
        assert line in text
    for port in ("0000000000000600", "0000000000000601", "0000000000000602"):
        assert f"Address : {port}" in text
