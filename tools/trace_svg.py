# SPDX-License-Identifier: BSD-2-Clause
"""A trace as a picture (SVG): a lane a processor, with who ran when in the colours of shikiri-check --svg, exits below and
the times at which slots were due above. No scripts; what is pointed at tells its numbers."""
import trace_events as events
from emulate import Problem, count
from trace_frames import Frames, choose_range
from trace_picture import (CHAR_WIDTH, DUE_HEIGHT, EXIT_HEIGHT, IDLE, LINE, MARGIN, RED, TEXT_HEIGHT, TURN_HEIGHT, WIDTH,
                           Picture, colour_of, us_text)
from trace_story import read_story

TITLE_HEIGHT = 88  # with the names of frames
LANE_TITLE, LANE_GAP = 20, 14
LANE_HEIGHT = LANE_TITLE + DUE_HEIGHT + TURN_HEIGHT + EXIT_HEIGHT + LANE_GAP
AXIS_HEIGHT, AXIS_STEPS = 56, 10
LEGEND_ROW, LEGEND_GAP = 20, 24
LATE_CHAR_WIDTH = 7
LATE_US = 0.1  # and more is told in words


def draw_turn(picture, system, turn, y):
    label = system.label(turn.subject)
    title = (f"{label}: {picture.interval(turn.start, turn.end)}; {events.ENDS.get(turn.how, 'still running')}; "
             f"{count(len(turn.exits), 'exit')}")
    x, width = picture.span(turn.start, turn.end, y, TURN_HEIGHT, colour_of(turn.subject), title)
    picture.turn_name(label, x, y, width)


def draw_due(picture, turn, bottom, free_x):
    """When a slot was due, and how late it started; returns where the next text has room."""
    x, late_us = picture.x(turn.due), picture.us(turn.late)
    is_late = late_us >= LATE_US
    picture.span(turn.due, turn.start, bottom - 7, 7, RED, stroke="")
    picture.due_mark(x, bottom, RED if is_late else LINE, f"due at {picture.trace.us(turn.due):.3f} µs, {turn.late} ticks late")
    text, text_x = f"+{late_us:.1f}", max(x, picture.x(turn.start)) + 6
    end_x = text_x + len(text) * LATE_CHAR_WIDTH
    if not is_late or x < free_x or end_x > WIDTH - MARGIN:
        return free_x
    picture.text(text_x, bottom - 2, text, 'class="l"')
    return end_x


def draw_exits(picture, exits, y):
    """Those of a kind together; the rarest are drawn last."""
    kinds = {}
    for record in exits:
        kinds.setdefault(record.event, []).append(record)
    for code, records in sorted(kinds.items(), key=lambda item: -len(item[1])):
        title = (f"{events.exit_name(code)}: {count(len(records), 'exit')}, "
                 f"at most {max(record.ticks for record in records)} ticks")
        picture.exit_mark(sorted({round(picture.x(record.tsc), 1) for record in records}), y, code, title)


def draw_others(picture, records, y):
    """An injected event is a ring at the turn's lower edge, a fault a cross over the turn."""
    for record in records:
        if record.event == events.INJECTION:
            picture.injection_mark(picture.x(record.tsc), y + TURN_HEIGHT - 6, f"vector {record.ticks} injected")
        else:
            picture.fault_mark(picture.x(record.tsc), y + TURN_HEIGHT / 2, "fault")


class Lane:
    """What is seen of a processor."""

    def __init__(self, picture, cpu, processor):
        self.cpu = cpu
        self.turns = [turn for turn in processor.turns if picture.shows(turn.start, turn.end)]
        self.due = [turn for turn in self.turns if turn.begins_slot and picture.start <= turn.due < picture.end]
        self.exits = picture.inside(record for turn in self.turns for record in turn.exits)
        self.others = picture.inside(record for turn in self.turns for record in turn.others)
        self.idles, self.switches = processor.idles, processor.switches

    def draw(self, picture, system, y):
        late = f"slots at most {us_text(picture.us(max(turn.late for turn in self.due)))} µs late, " if self.due else ""
        picture.text(MARGIN + 5, y + TEXT_HEIGHT, f"Processor {self.cpu}")
        picture.text(WIDTH - MARGIN - 5, y + TEXT_HEIGHT, late + count(len(self.exits), "exit"), 'text-anchor="end" class="h"')
        y += LANE_TITLE + DUE_HEIGHT
        picture.box(MARGIN, y, WIDTH - 2 * MARGIN, TURN_HEIGHT, "#ffffff")
        for record in self.idles:
            picture.span(record.start, record.tsc, y, TURN_HEIGHT, IDLE, f"idle: {picture.interval(record.start, record.tsc)}",
                         stroke="")
        for turn in self.turns:
            draw_turn(picture, system, turn, y)
        for record in self.switches:
            picture.span(record.start, record.tsc, y, TURN_HEIGHT, LINE, f"switch: {record.ticks} ticks", stroke="")
        draw_others(picture, self.others, y)
        draw_exits(picture, self.exits, y + TURN_HEIGHT + 2)
        free_x = 0
        for turn in self.due:
            free_x = draw_due(picture, turn, y, free_x)


def draw_title(picture, system, lanes):
    start, end = round(picture.trace.us(picture.start)), round(picture.trace.us(picture.end))
    picture.text(MARGIN, 30, system.model or "The system", 'font-size="18"')
    picture.text(MARGIN, 54, f"Who ran when on {count(len(lanes), 'processor')}, from {start} to {end} µs")


def draw_frames(picture, frames, height):
    """Where they begin, through all lanes, with their numbers and plans."""
    has_plans = len(set(frames.plans.values())) > 1
    for number, plan in sorted(frames.plans.items()):
        start = frames.start(number)
        if picture.start <= start < picture.end:
            x = picture.x(start)
            picture.path(f"M{x:.1f},{TITLE_HEIGHT - 20}v{height + 20}", 'stroke="#909090" stroke-dasharray="4 3"')
            picture.text(x + 5, TITLE_HEIGHT - 9, f"frame {number}" + (f", plan {plan}" if has_plans else ""), 'class="h"')


def axis_step(us):
    """1, 2 or 5 times a power of ten, so that there are few steps."""
    step, factors = 0.001, (2, 2.5, 2)
    for i in range(100):
        if us / step <= AXIS_STEPS:
            break
        step *= factors[i % 3]
    return step


def draw_axis(picture, y):
    first, last = picture.trace.us(picture.start), picture.trace.us(picture.end)
    step = axis_step(last - first)
    picture.path(f"M{MARGIN},{y}H{WIDTH - MARGIN}", f'stroke="{LINE}"')
    for number in range(int(-(-first // step)), int(last // step) + 1):
        x = picture.x(picture.trace.tsc(number * step))
        anchor = "start" if x < 2 * MARGIN else "end" if x > WIDTH - 2 * MARGIN else "middle"
        picture.path(f"M{x:.1f},{y}v6", f'stroke="{LINE}"')
        picture.text(x, y + 20, f"{number * step:g}" if step < 1 else f"{number * step:.0f}",
                     f'text-anchor="{anchor}" class="m"')
    picture.text(WIDTH / 2, y + 38, "µs since the schedules began", 'text-anchor="middle" class="h"')


def legend_of(picture, system, lanes):
    """What occurs: words, and the mark beside them as a function of its middle."""
    def box(fill):
        return lambda x, y: picture.box(x - 7, y - 7, TEXT_HEIGHT, TEXT_HEIGHT, fill)

    def due(colour):
        return lambda x, y: picture.due_mark(x, y + 4, colour)

    def stroke(code):
        return lambda x, y: picture.exit_mark([x], y - EXIT_HEIGHT / 2, code, width=2)

    subjects = sorted({turn.subject for lane in lanes for turn in lane.turns})
    codes = sorted({record.event for lane in lanes for record in lane.exits})
    others = {record.event for lane in lanes for record in lane.others}
    items = [(system.label(subject), box(colour_of(subject))) for subject in subjects] + [("idle", box(IDLE))]
    if any(lane.due for lane in lanes):
        items += [("a slot starts as due", due(LINE)), ("a slot starts late, by µs", due(RED))]
    items += [(f"exit: {events.exit_name(code)}", stroke(code)) for code in codes]
    items += [("event injected", picture.injection_mark)] if events.INJECTION in others else []
    items += [("fault", picture.fault_mark)] if events.FAULT in others else []
    return items


def draw_legend(picture, items, y):
    """In as many columns as the longest words let; returns where it ends."""
    column = (max(len(words) for words, _ in items) + 4) * CHAR_WIDTH
    columns = max((WIDTH - 2 * MARGIN) // column, 1)
    for i, (words, mark) in enumerate(items):
        x, middle = MARGIN + i % columns * column, y + i // columns * LEGEND_ROW
        mark(x + 7, middle)
        picture.text(x + 20, middle + 5, words)
    return y + -(-len(items) // columns) * LEGEND_ROW


def range_of(trace, frames, story, start_us, length_us):
    """What the user asked for, or else what says most."""
    start, end = choose_range(frames, story)
    length = end - start if length_us is None else round(length_us * trace.tsc_khz / 1000)
    if start_us is None and length_us is None:
        return start, end
    return (start, start + length) if start_us is None else (trace.tsc(start_us), trace.tsc(start_us) + length)


def lanes_of(picture, story):
    lanes = [Lane(picture, cpu, processor) for cpu, processor in story.items()]
    if not any(lane.turns or picture.inside(lane.idles) for lane in lanes):
        first, last = min(one.first for one in story.values()), max(one.last for one in story.values())
        start, end, first, last = [round(picture.trace.us(tsc)) for tsc in (picture.start, picture.end, first, last)]
        raise Problem(f"timeline: found nothing from {start} to {end} µs, want a time between {first} and {last} µs; what was "
                      "before has been overwritten, and FOR_MS lets the system run longer")
    return lanes


def draw_timeline(trace, system, start_us=None, length_us=None):
    """The picture as text, of all processors; from a time on and for a time where these are given."""
    story = read_story(trace, system)
    if not story:
        raise Problem("trace: found no records, want a machine that has run partitions")
    frames = Frames(trace, system, story)
    picture = Picture(trace, *range_of(trace, frames, story, start_us, length_us))
    lanes = lanes_of(picture, story)
    bottom = TITLE_HEIGHT + len(lanes) * LANE_HEIGHT
    draw_title(picture, system, lanes)
    draw_frames(picture, frames, bottom - TITLE_HEIGHT)
    for i, lane in enumerate(lanes):
        lane.draw(picture, system, TITLE_HEIGHT + i * LANE_HEIGHT)
    draw_axis(picture, bottom)
    return picture.svg(draw_legend(picture, legend_of(picture, system, lanes), bottom + AXIS_HEIGHT + LEGEND_GAP) + MARGIN)
