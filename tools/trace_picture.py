# SPDX-License-Identifier: BSD-2-Clause
"""What a timeline is drawn with: SVG elements, places of times, marks, and the colours of tools/checker/draw.c."""
from html import escape

import trace_events as events

WIDTH, MARGIN = 900, 20
TEXT_HEIGHT, CHAR_WIDTH = 14, 8
DUE_HEIGHT, TURN_HEIGHT, EXIT_HEIGHT = 18, 44, 12  # of a lane's parts
UPRIGHT_LEAST = 14  # width of a turn that has room for a name from below to above
WIDTH_LEAST = 0.3  # of what is drawn at all

COLOURS = ("#9fd3f5", "#f7d28b", "#8fd9bf", "#f3b79b", "#e3b8d3", "#f5ee9d",
           "#a9b8e8", "#c9e59b", "#d3b5f0", "#f29d9d", "#8fe0e6", "#d3c19c")
IDLE, LINE, RED = "#e4e4e4", "#404040", "#c00000"
EXIT_COLOURS = {"INTR": LINE, "HLT": "#0072b2", "VMMCALL": "#d55e00", "IOIO": "#009e73", "MSR": "#cc79a7",
                "CPUID": "#7a5c00", "NPF": RED}
OTHER_EXIT = "#8000c0"


def colour_of(subject):
    return COLOURS[(subject & 0xff) % len(COLOURS)]


def exit_colour(code):
    return EXIT_COLOURS.get(events.exit_name(code), OTHER_EXIT)


def us_text(us):
    """Microseconds with as many digits as say something."""
    return f"{us:.{3 if us < 10 else 1 if us < 100 else 0}f}"


class Picture:
    """Elements one above the other, of the time from one TSC to another."""

    def __init__(self, trace, start, end):
        self.trace, self.start, self.end, self.elements = trace, start, end, []

    def x(self, tsc):
        inside = min(max(tsc, self.start), self.end)
        return MARGIN + (inside - self.start) * (WIDTH - 2 * MARGIN) / (self.end - self.start)

    def shows(self, start, end):
        return start < self.end and end > self.start

    def inside(self, records):
        return [record for record in records if self.start <= record.tsc <= self.end]

    def us(self, ticks):
        return ticks * 1000 / self.trace.tsc_khz

    def interval(self, start, end):
        return f"{self.trace.us(start):.3f} to {self.trace.us(end):.3f} µs, {us_text(self.us(end - start))} µs"

    def add(self, name, attributes, title=""):
        told = f"><title>{escape(title, quote=False)}</title></{name}>" if title else "/>"
        self.elements.append(f"<{name} {attributes}{told}")

    def text(self, x, y, text, attributes=""):
        self.elements.append(f'<text x="{x:.1f}" y="{y:.1f}"{attributes and " " + attributes}>'
                             f'{escape(text, quote=False)}</text>')

    def box(self, x, y, width, height, fill, title="", stroke=LINE):
        lined = f' stroke="{stroke}"' if stroke else ""
        self.add("rect", f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"{lined}', title)

    def path(self, steps, attributes, title=""):
        self.add("path", f'd="{steps}" {attributes}', title)

    def span(self, start, end, y, height, fill, title="", stroke=LINE):
        """A box from one time to another; one that would not be seen is left out."""
        x, width = self.x(start), self.x(end) - self.x(start)
        if self.shows(start, end) and width >= WIDTH_LEAST:
            self.box(x, y, width, height, fill, title, stroke)
        return x, width

    def turn_name(self, label, x, y, width):
        """Where there is room for it, upright if need be."""
        length, middle = len(label) * CHAR_WIDTH, (x + width / 2, y + TURN_HEIGHT / 2)
        upright = f' transform="rotate(-90 {middle[0]:.1f} {middle[1]:.1f})" font-size="12"'
        is_upright = length > width
        if not is_upright or (width >= UPRIGHT_LEAST and length <= TURN_HEIGHT + CHAR_WIDTH):
            self.text(middle[0], middle[1] + 5, label, f'text-anchor="middle"{upright if is_upright else ""}')

    def due_mark(self, x, bottom, colour, title=""):
        self.path(f"M{x:.1f},{bottom:.1f}l-4,-7h8z", f'fill="{colour}"', title)

    def exit_mark(self, places, y, code, title="", width=1):
        """Strokes at several places."""
        self.path("".join(f"M{x:.1f},{y}v{EXIT_HEIGHT}" for x in places),
                  f'stroke="{exit_colour(code)}" stroke-width="{width}"', title)

    def injection_mark(self, x, y, title=""):
        self.add("circle", f'cx="{x:.1f}" cy="{y}" r="3.5" fill="white" stroke="{LINE}"', title)

    def fault_mark(self, x, y, title=""):
        self.path(f"M{x - 6:.1f},{y - 6}l12,12m0,-12l-12,12", f'stroke="{RED}" stroke-width="3"', title)

    def svg(self, height):
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" '
            'font-size="14">',
            "<style>.m { font-family: monospace; font-size: 12px } .h { fill: #606060; font-size: 12px } "
            f".l {{ fill: {RED}; font-size: 11px }}</style>",
            '<rect width="100%" height="100%" fill="white"/>', *self.elements, "</svg>", ""])
