#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs that take too long for `make test`: slots that have to start at their offsets for 100,000 frames, on one processor
and on four, counters that have to stay exact for minutes while four processors really run at once, and Linux under load
beside control loops. Prints the rows of the tables in docs/timing.md. What the runs print on COM1 is left in
build/long-runs/ while they run."""
import argparse
import re
import signal
import sys
import time

from counter_model import checksum
from harness import (BUILD, Partition, Slot, compile_text, frame, images_of, in_turn, processors, run_bochs, run_qemu,
                     system)
from linux_guest import linux, write_archive

FOLDER = BUILD / "long-runs"
FRAME_US = 1000
MORE_MS = 2  # from the start to the first frame, and a frame more
# In ticks under icount, by the hypervisor's own count: how late a slot may start; the same where QEMU gives each of four
# processors a turn of a microsecond; and from there to the guest's first instructions.
LATE, PARALLEL_LATE, FIRST = 12, 5000, 100
HOURS_MOST = 8  # of a run
SPIN = 256  # length of the counters' rounds


def beat(number, frames, more=""):
    return Partition(f"beat{number}", "beat.elf", f"work=500 {more or f'report={max(1, frames // 100)}'}")


def storm(number):
    return Partition(f"storm{number}", "bench.elf", "role=storm rounds=0")


def hog(number):
    return Partition(f"hog{number}", "hog.elf")


def counter(number, report=0, more=""):
    bits = 32 if number % 2 else 64
    return Partition(f"count{number}", f"counter{bits}.elf", f"seed={number} spin={SPIN} report={report} {more}")


def one_processor(frames):
    """Four slots: a control loop, a storm of exits, a hog, one that prints."""
    return system(beat(0, frames), storm(1), hog(2), counter(3, report=10),
                  schedule=frame(FRAME_US, [Slot(0, 150, 0), Slot(150, 30, 1), Slot(200, 400, 2), Slot(600, 150, 3)]))


def four_processors(frames):
    """Four schedules, each with a control loop of its own beside a hog, a storm of exits, or one that computes."""
    partitions = [beat(0, frames), hog(1), beat(2, frames), storm(3),
                  beat(4, frames), counter(5), beat(6, frames), counter(7, report=50)]
    schedules = {0: frame(FRAME_US, [Slot(0, 200, 0), Slot(200, 800, 1)]),
                 1: frame(FRAME_US, [Slot(100, 200, 2), Slot(400, 50, 3)]),
                 2: frame(FRAME_US, [Slot(200, 300, 4, background=5), Slot(500, 500, 5)]),
                 3: frame(FRAME_US, [Slot(0, 250, 7), Slot(300, 100, 6), Slot(500, 250, 7)])}
    return system(*partitions, schedule=processors(schedules))


def beats_and_counters(frames):
    """Four schedules without what Bochs does not preempt, which has to end by itself there."""
    partitions = [partition for number in range(0, 8, 2) for partition in
                  (beat(number, frames, f"slots={frames}"), counter(number + 1, more=f"switches={frames // 2}"))]
    schedules = {0: frame(FRAME_US, [Slot(0, 200, 0), Slot(200, 800, 1)]),
                 1: frame(FRAME_US, [Slot(100, 200, 2), Slot(400, 300, 3)]),
                 2: frame(FRAME_US, [Slot(200, 300, 4, background=5), Slot(500, 500, 5)]),
                 3: frame(FRAME_US, [Slot(0, 250, 7), Slot(300, 100, 6), Slot(500, 250, 7)])}
    return system(*partitions, schedule=processors(schedules))


def at_once():
    """Eight counters on four processors, two by round robin and two in frames."""
    schedules = {0: in_turn(0, 1), 1: frame(FRAME_US, [Slot(0, 500, 2), Slot(500, 500, 3)]),
                 2: in_turn(4, 5, slot_us=500), 3: frame(FRAME_US, [Slot(100, 300, 6, background=7), Slot(400, 600, 7)])}
    return system(*[counter(number) for number in range(8)], schedule=processors(schedules))


# What Linux does instead of giving a shell: on each processor something that computes and something that wakes a
# thousand times a second, for a while.
LOAD = """
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t devtmpfs devtmpfs /dev
for i in $(seq $(nproc)); do
    while :; do :; done &
    while :; do usleep 1000; done &
done
sleep {seconds}
grep LOC /proc/interrupts
dmesg -r | grep "^<[0-3]>"
dmesg | grep -E "stall|lockup|unstable|skew|hung"
echo load of {seconds} s on $(nproc) over, $(grep -c processor /proc/cpuinfo) processors
poweroff -f
"""
LOAD_ARGS = "console=ttyS0 quiet rdinit=/bin/busybox -- sh /load"
LINUX_STARTS_S = 6  # at most, until the load begins


def beside_linux(cpus, seconds):
    """On each processor a control loop with 30 % of each frame, and Linux, which has a vCPU there, with the rest."""
    frames = (seconds + LINUX_STARTS_S) * 1000
    loops = [beat(number, frames, f"slots={frames}") for number in range(cpus)]
    kernel = linux(bootargs=LOAD_ARGS, modules='"initramfs.gz", "load.gz"', extra=f"vcpus = <{cpus}>;")
    return system(*loops, kernel, schedule=processors(
        {number: frame(FRAME_US, [Slot(0, 300, number), Slot(300, 700, cpus)]) for number in range(cpus)}))


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def print_table(head, rows):
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in row)} |")
    print(flush=True)


def show_slots(result):
    """Prints the slots of each processor and of each control loop, and returns both tables."""
    rows = [numbers(line) for line in result.lines if line.startswith("shikiri: processor ") and " slots started, " in line]
    print_table(["processor", "frames", "slots started", "missed", "spent on output", "late by at most", "on average"], rows)
    loops = [(label, *numbers(result.of(label)[-1])) for label in result.summary() if label.startswith("beat")]
    print_table(["control loop", "slots", "first RDTSC from", "to", "period", "irregular"], loops)
    return rows, loops


def judge_slots(result, frames, late_most, first_most, state="runs"):
    """What is wrong with the slots, and with the counters."""
    rows, loops = show_slots(result)
    wrong = [f"processor {row[0]}: {row}" for row in rows if row[1] < frames or row[3] != 0 or row[5] > late_most]
    return wrong + judge_loops(loops, frames, first_most, late_most) + judge_partitions(result, state)


def judge_loops(loops, frames, first_most, spread_most):
    return [f"{loop[0]}: {loop}" for loop in loops
            if loop[1] < frames or loop[3] > first_most or loop[3] - loop[2] > spread_most or loop[5] != 0]


def judge_partitions(result, state):
    """All are in that state, and every counter's last line is what arithmetic says, which has all its rounds in it."""
    rows, wrong = [], [f"{label}: {row[0]}" for label, row in result.summary().items() if row[0] != state]
    for label in sorted(label for label in result.summary() if label.startswith("count")):
        seed = int(label.removeprefix("count"))
        last = next((line for line in reversed(result.of(label)) if f"seed {seed} round" in line), "")
        match = re.search(r"rounds? (\d+) (?:switches \d+ )?checksum ([0-9a-f]+)(?: ok)?$", last)
        is_exact = match and int(match[2], 16) == checksum(seed, int(match[1]), SPIN, 32 if seed % 2 else 64)
        rows.append((label, int(match[1]) if match else 0, match[2] if match else "none", "yes" if is_exact else "NO"))
    print_table(["counter", "rounds", "checksum", "exact"], rows)
    wrong += [f"{row[0]}: {row}" for row in rows if row[-1] != "yes"]
    return wrong + [line for line in result.lines if "WRONG" in line]


def run(text, ms, name=None, **machine):
    """A system that ends after that time; its COM1 is left under a name."""
    log = name and FOLDER / f"{name}.log"
    return run_qemu(text, options=f"end-after-ms={ms}", log=log, timeout=HOURS_MOST * 3600, **machine)


def run_frames(arguments):
    """Four slots of a frame of 1 ms on one processor, under icount."""
    result = run(one_processor(arguments.frames), arguments.frames + MORE_MS, "frames", icount=True)
    return judge_slots(result, arguments.frames, LATE, FIRST)


def run_processors(arguments):
    """Four processors with schedules of their own, under icount."""
    result = run(four_processors(arguments.frames), arguments.frames + MORE_MS, "processors", icount=True)
    return judge_slots(result, arguments.frames, PARALLEL_LATE, PARALLEL_LATE + FIRST)


def run_bochs_too(arguments):
    """Four processors on Bochs, which runs 16 instructions of each in turn."""
    # Lines take their time there, and the slot of one whose line is still being sent starts late; a guest with interrupts
    # off is not preempted. So the control loops' slots count, which print nothing until the end.
    result = run_bochs(beats_and_counters(arguments.frames), "ryzen", timeout=HOURS_MOST * 3600)
    rows, loops = show_slots(result)
    wrong = [f"processor {row[0]}: {row}" for row in rows if row[1] < arguments.frames or row[3] != 0]
    return wrong + judge_loops(loops, arguments.frames, FIRST, LATE) + judge_partitions(result, "ended")


def run_threads(arguments):
    """Four processors at once, each a thread of the build machine."""
    result = run(at_once(), round(arguments.minutes * 60000), "threads", more=("-accel", "tcg,thread=multi"))
    return judge_partitions(result, "runs") + [line for line in result.lines if not re.match(r"count\d +\| |shikiri: |Shikiri |$", line)]


def run_linux(cpus, seconds, late_most):
    """What is wrong with a Linux under load for so long, or with the control loops beside it."""
    archive = write_archive(FOLDER / "load.gz", "load", LOAD.format(seconds=seconds).encode())
    dtb = compile_text(beside_linux(cpus, seconds), FOLDER)
    images = [path for path in images_of(dtb) if path.exists()]
    result = run_qemu(dtb=dtb, modules=[dtb, *images, archive], log=FOLDER / f"linux{cpus}.log",
                      timeout=HOURS_MOST * 3600, icount=True, memory=512)
    said = result.of("linux")
    print("\n".join(said[-8:]), flush=True)
    over = f"load of {seconds} s on {cpus} over, {cpus} processors"
    wrong = [f"linux: {line}" for line in said if re.search("<[0-3]>|stall|lockup|unstable|skew|hung", line)]
    wrong += [] if over in said else [f"linux: it never said: {over}"]
    lines = result.serial.split(" slots ")[0]  # until the first control loop has ended
    wrong += [] if over in lines else ["a control loop ended before the load"]
    return wrong + judge_slots(result, (seconds + LINUX_STARTS_S) * 1000, late_most, late_most + FIRST, "ended")


def run_linux_load(arguments):
    """Linux under load, beside a control loop, on one processor, under icount."""
    return run_linux(1, arguments.seconds // 2, LATE)


def run_linux_processors(arguments):
    """Linux under load on two processors, each with a control loop, under icount."""
    return run_linux(2, arguments.seconds, PARALLEL_LATE)


RUNS = {"frames": run_frames, "processors": run_processors, "bochs": run_bochs_too, "threads": run_threads,
        "linux": run_linux_load, "linux2": run_linux_processors}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", default=list(RUNS), help=f"which: {', '.join(RUNS)} (default: all)")
    parser.add_argument("--frames", type=int, default=100000, help="length of the first three, in frames of 1 ms")
    parser.add_argument("--minutes", type=float, default=5, help="length of the one with threads")
    parser.add_argument("--seconds", type=int, default=60, help="length of the load on two processors; half on one")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the emulator does not outlive this program
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in arguments.runs:
        started = time.monotonic()
        print(f"long run {name}: {RUNS[name].__doc__}", flush=True)
        wrong = RUNS[name](arguments)
        failed |= bool(wrong)
        print("\n".join([*[f"WRONG: {text}" for text in wrong],
                         f"long run {name}: {'FAILED' if wrong else 'passed'} in {time.monotonic() - started:.0f} s"]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
