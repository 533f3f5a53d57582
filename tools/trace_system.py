# SPDX-License-Identifier: BSD-2-Clause
"""What the numbers in a trace mean: labels and schedules, as shikiri-check --json has them, or nothing but numbers."""
import json
import subprocess
from pathlib import Path

from emulate import Problem


class System:
    """`described` is the checker's object, None without a configuration."""

    def __init__(self, described=None):
        described = described or {"model": "", "partitions": [], "processors": []}
        self.model = described["model"]
        self.labels = {one["number"]: one["label"] for one in described["partitions"]}
        self.processors = {one["number"]: one for one in described["processors"]}

    def label(self, subject):
        """A partition's name, with the number of the vCPU but for the first."""
        partition, vcpu = subject & 0xff, subject >> 8
        label = self.labels.get(partition, f"partition {partition}")
        return f"{label}/{vcpu}" if vcpu else label

    def frame_us(self, cpu):
        """The length of a processor's frame, None without one."""
        return self.processors.get(cpu, {}).get("frame_us")

    def slots(self, cpu, plan):
        """The slots of a processor's plan, None where that is not known."""
        plans = self.processors.get(cpu, {}).get("plans", [])
        return plans[plan] if plan is not None and plan < len(plans) else None


def read_system(checker, config, *options):
    """The system of a .dts or .dtb."""
    done = subprocess.run([Path(checker), "--json", *options, config], capture_output=True, text=True)
    described = json.loads(done.stdout)["system"] if done.returncode in (0, 1) else None
    if described is None:
        raise Problem(f"{config}: refused by {checker}, want a configuration without errors\n{done.stderr}".rstrip())
    return System(described)
