# SPDX-License-Identifier: BSD-2-Clause
"""Lets the scenarios import the harness."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
