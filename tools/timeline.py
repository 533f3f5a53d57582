#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows who ran when. `make timeline` is this program: it boots a system, lets it run for a time of its own, reads its trace
out, and leaves a picture, two formats for other programs, and statistics. It also reads traces of other machines, and shows
traces that were kept."""
import argparse
import sys
from pathlib import Path

import emulate
import qmp
import trace_file
import trace_machine
from emulate import Problem, check_config, collect_modules, count, whole_number
from trace_ctf import write_ctf
from trace_json import write_json
from trace_svg import draw_timeline
from trace_system import System, read_system
from trace_text import records_text, statistics_text

FOR_MS = 250  # what runs repeats itself in less
SECONDS = 240


def system_of(arguments):
    """The names of a configuration, or numbers."""
    if not arguments.config:
        return System()
    check_config(arguments.config)
    return read_system(Path(arguments.build) / "shikiri-check", arguments.config, "--no-images", "--ignore", "unused-ram")


def kept(path):
    """A trace that was kept in a file."""
    if not Path(path).is_file():
        raise Problem(f"{path}: found no such file, want a trace, which make timeline leaves in build/timeline/NAME.trace")
    return trace_file.parse(Path(path).read_bytes())


def leave(trace, system, arguments, base):
    """Writes everything there is to write, and says where."""
    paths = [Path(f"{base}.{suffix}") for suffix in ("svg", "json", "ctf")]
    paths[0].write_text(draw_timeline(trace, system, arguments.from_us, arguments.for_us))
    write_json(trace, system, paths[1])
    write_ctf(trace, system, paths[2])
    print(statistics_text(trace, system))
    for path, what in zip(paths, ("the timeline, for a browser", "for ui.perfetto.dev", "for babeltrace2")):
        tell(path, what)


def tell(path, what):
    print(f"{str(path):<32}  {what}")


def run(arguments):
    """Boots a configuration and shows its trace."""
    dtb, *images = collect_modules(arguments)
    directory, seconds = Path(arguments.build) / "timeline", arguments.seconds or SECONDS
    directory.mkdir(parents=True, exist_ok=True)
    kept_trace, com1 = directory / f"{dtb.stem}.trace", directory / f"{dtb.stem}.com1.log"
    data, end = trace_machine.record(arguments.build, [dtb, *images], com1, arguments.for_ms, seconds, more=arguments.qemu,
                                     options=arguments.options, cpu=arguments.cpu, memory=arguments.memory)
    kept_trace.write_bytes(data)
    trace = trace_file.parse(data)
    leave(trace_file.drop_edges(trace) if end == trace_machine.RUNS else trace, system_of(arguments), arguments, directory / dtb.stem)
    tell(kept_trace, "as it was read, for tools/timeline.py")
    tell(com1, "what was printed on COM1")
    if end == trace_machine.PANICKED:
        print(f"the hypervisor panicked:\n{trace_machine.last_lines(com1)}")
    if end == trace_machine.RUNS:
        print(f"ended after {count(seconds, 'second')}, before {arguments.for_ms} ms of the system's own time: SECONDS gives it "
              "more, FOR_MS wants less")
    return 0


def show(arguments):
    """Shows a trace that was kept."""
    leave(kept(arguments.trace), system_of(arguments), arguments, arguments.trace.removesuffix(".trace"))
    return 0


def records(arguments):
    """Prints all records of a trace that was kept, one a line."""
    print(records_text(kept(arguments.trace), system_of(arguments)), end="")
    return 0


def read(arguments):
    """Reads the trace of a machine that runs in QEMU with -qmp unix:SOCKET,server=on,wait=off, and lets it run on."""
    with qmp.Monitor(arguments.socket) as monitor:
        data = trace_machine.read_trace(monitor, arguments.build)
    trace = trace_file.drop_edges(trace_file.parse(data))
    Path(arguments.trace).write_bytes(trace_file.pack(trace))
    return 0


def console(arguments):
    """Reads a trace that a machine has shown on its console."""
    Path(arguments.trace).write_bytes(trace_file.read_console(Path(arguments.log).read_text(errors="replace")))
    return 0


def number(variable):
    """A reader of a time in microseconds."""
    def read_number(text):
        try:
            return float(text)
        except ValueError:
            raise Problem(f"{variable}: found {text}, want a number of microseconds") from None
    return read_number


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    emulate.add_machine(parser)
    parser.add_argument("--for-ms", type=whole_number("FOR_MS", "milliseconds", 1), default=FOR_MS,
                        help="how long the system runs, by its own clock")
    parser.add_argument("--from", dest="from_us", type=number("FROM"), help="what the picture shows, in µs")
    parser.add_argument("--for", dest="for_us", type=number("FOR"), help="how much of it, in µs")
    commands = parser.add_subparsers(required=True)
    for function, *words in ((run, "config"), (show, "trace", "config?"), (records, "trace", "config?"),
                             (read, "socket", "trace"), (console, "log", "trace")):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        for word in words:
            command.add_argument(word.rstrip("?"), nargs="?" if word.endswith("?") else None)
        command.set_defaults(function=function)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(emulate.call(read_arguments))
