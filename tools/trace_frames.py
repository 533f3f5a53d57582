# SPDX-License-Identifier: BSD-2-Clause
"""The frames in a trace, and which stretch of it says most."""
from statistics import median

FRAMES_SHOWN, TURNS_SHOWN = 4, 10


class Frames:
    """They are the same on all processors. `ticks` is None where there are none, or too few to know."""

    def __init__(self, trace, system, story):
        of_one = next((processor.frames for processor in story.values() if processor.frames), [])
        lengths_us = [system.frame_us(cpu) for cpu in story if system.frame_us(cpu)]
        gaps = [after.tsc - before.tsc for before, after in zip(of_one, of_one[1:])]
        self.trace, self.system, self.epoch = trace, system, trace.epoch_tsc
        self.ticks = self.ticks_of(lengths_us[0]) if lengths_us else round(median(gaps)) if gaps else None
        self.plans = {self.number(record.tsc): record.ticks for record in of_one} if self.ticks else {}

    def ticks_of(self, us):
        """As the hypervisor counts them."""
        return us * self.trace.tsc_khz // 1000

    def number(self, tsc):
        """Of the frame whose start is nearest: it is noticed a little before, or after; the first long before."""
        return max(round((tsc - self.epoch) / self.ticks), 0)

    def start(self, number):
        return self.epoch + number * self.ticks

    def has_slot(self, cpu, tsc):
        """Whether a slot is due then; without a configuration, every turn in a frame is taken for one that is."""
        if not self.ticks:
            return False
        number, since = divmod(tsc - self.epoch, self.ticks)
        slots = self.system.slots(cpu, self.plans.get(number))
        return slots is None or since in [self.ticks_of(slot["offset_us"]) + self.ticks_of(slot["pad_us"]) for slot in slots]

    def last_change(self, first, last):
        """The latest frame with another plan than the one before, with frames on both sides to look at; or None."""
        half = FRAMES_SHOWN // 2
        return max((number for number, plan in self.plans.items()
                    if self.plans.get(number - 1, plan) != plan
                    and self.start(number - half) >= first and self.start(number + half) <= last), default=None)


def choose_range(frames, story):
    """What is shown unless the user says: a few frames around a change of the plan, else the last of what all processors
    have recorded."""
    first = max(processor.first for processor in story.values())
    last = min(processor.last for processor in story.values())
    if not frames.ticks:
        lengths = [turn.end - turn.start for processor in story.values() for turn in processor.turns]
        return (max(first, last - TURNS_SHOWN * round(median(lengths))) if lengths else first), last
    change = frames.last_change(first, last)
    until = (last - frames.epoch) // frames.ticks if change is None else change + FRAMES_SHOWN // 2
    return max(frames.start(until - FRAMES_SHOWN), first), max(frames.start(until), first + 1)
