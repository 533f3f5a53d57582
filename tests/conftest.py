# SPDX-License-Identifier: BSD-2-Clause
"""Lets the scenarios import the harness and the tools."""
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]
