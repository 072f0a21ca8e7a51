"""The page that every figure is drawn on: heading, policy strip, panels on a calendar axis, footer.

Sizes are millimetres at print size. Nothing is laid out by trial, so a page costs no time and nothing moves between
two runs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from sim.basics.axes import RECORD_ENDS, START_YEAR, month_label
from sim.figures.style.marks import (
    INK,
    LETTER,
    MILLIMETRE,
    QUIET,
    REACTIONS_NOTE,
    REGION_COLOURS,
    Acting,
    lighter,
    mark_reactions,
    reactions_of,
)
from sim.scenario import Scenario

"""Months after this one are projection."""

PROJECTED = "#f3f3f0"
WIDTH = 180.0
LETTER_WIDTH = 1.36
"""Mean width of a letter of the smallest type."""

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

LANE = 3.6
MOST_LANES = 5
HEADING, KEY, FOOTER_LINE, YEARS, PANEL_TITLE = 6.5, 4.6, 3.0, 3.4, 4.4
LETTERS_A_ROW = 134


@dataclass
class Bar:
    """One lane entry of the policy strip: the spans of one kind of policy of one actor, or one event."""

    text: str
    colour: str
    spans: list[tuple[float, float]]
    event: bool = False


class Page:
    """A figure with room made for everything.

    Parameters
    ----------
    heading : the question that the figure answers
    rows, columns, height : of the panels; the height is one panel's
    left, right : room beside each panel, for tick labels and for direct labels
    title_lines : lines of the longest panel title; 0: the heading says it all
    note : what lines and bands mean, where it is more than mean and replicate band
    figure : draw here instead of on a new figure
    bars : what the policy strip shows, in place of all policies and events of the scenario
    key : names to be explained below the heading, with their colours
    most_lanes : lanes of the policy strip; what does not fit is counted
    """

    def __init__(
        self,
        dataset: xr.Dataset,
        scenario: Scenario,
        heading: str,
        *,
        rows: int = 1,
        columns: int = 1,
        height: float = 55.0,
        left: float = 13.0,
        right: float = 18.0,
        title_lines: int = 1,
        note: str = "",
        figure: Figure | None = None,
        bars: Sequence[Bar] | None = None,
        key: Mapping[str, str] | None = None,
        most_lanes: int = MOST_LANES,
    ):
        self.month = dataset["month"].values.astype(float)
        self.first, self.last = float(self.month[0]), float(max(self.month[-1], self.month[0] + 1))
        across = (WIDTH - columns * (left + right)) / columns
        reactions = reactions_of(dataset) if bars is None else []
        shown = [*_bars(scenario, self.last), *map(_reaction_bar, reactions)] if bars is None else list(bars)
        lanes = _lanes(shown, self.first, self.last, WIDTH - left - right, most_lanes)
        self.aligned = columns == 1
        strip = (LANE * len(lanes) + 1.5 + (0 if self.aligned else YEARS)) if lanes else 0.0
        self.heading = HEADING + (KEY if key else 0.0)
        title = PANEL_TITLE + 3.0 * (title_lines - 1) if title_lines else 1.5
        row = title + height + 4.5
        words = "; ".join([note or usual_note(dataset), *([REACTIONS_NOTE] if reactions else [])])
        notes = textwrap.wrap(words, LETTERS_A_ROW, break_on_hyphens=False)
        self.size = (WIDTH, self.heading + strip + rows * row + 4.0 + FOOTER_LINE * (len(notes) + 1) + 1.5)

        self.figure = figure or Figure()
        self.figure.set_size_inches(self.size[0] * MILLIMETRE, self.size[1] * MILLIMETRE)
        self.figure.text(*self._at(1.5, 4.3), heading, fontsize=8.5, fontweight="bold", color=INK, va="baseline")
        if key:
            self._explain(key)
        if self.last > RECORD_ENDS:
            self._explain_projection(scenario, bars)
        if lanes:
            self._draw_strip(lanes, left, WIDTH - left - right)
        self.panels: list[Axes] = []
        for number in range(rows * columns):
            down, along = divmod(number, columns)
            top = self.heading + strip + down * row + title
            axes = self._axes(along * (left + across + right) + left, top, across, height)
            self._calendar(axes, across, bottom=down == rows - 1)
            # a fixed place, so that no label is cut off and none has to be measured
            axes.yaxis.set_label_coords((3.9 - left) / across, 0.5)
            mark_reactions(axes, reactions)
            self.panels.append(axes)
        self._foot(dataset, notes)

    def _at(self, x: float, y_from_top: float) -> tuple[float, float]:
        return x / self.size[0], 1 - y_from_top / self.size[1]

    def _axes(self, x: float, top: float, width: float, height: float) -> Axes:
        left, bottom = self._at(x, top + height)
        return self.figure.add_axes((left, bottom, width / self.size[0], height / self.size[1]))

    def _calendar(self, axes: Axes, width: float, bottom: bool) -> None:
        self.show_months(axes, self.first, self.last, width)
        if not bottom:
            axes.set_xlabel("")
        if self.last > RECORD_ENDS:
            axes.axvspan(RECORD_ENDS + 0.5, self.last, color=PROJECTED, linewidth=0, zorder=0, gid="projection")

    def show_months(self, axes: Axes, first: float, last: float, width: float | None = None) -> None:
        """Let a panel show the months ``first..last``, with ticks that its width has room for."""
        if width is None:
            width = axes.get_position().width * self.size[0]
        ticks, labels = _calendar_ticks(first, last, width)
        axes.set_xlim(first, last)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.set_xticklabels(labels)
        axes.set_xlabel("year" if all(len(text) == 4 for text in labels) else "month")

    def _explain(self, key: Mapping[str, str]) -> None:
        handles = [Line2D([], [], color=colour, linewidth=2.2, label=name) for name, colour in key.items()]
        self.figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=self._at(0.6, HEADING - 1.6),
            ncols=len(handles),
            fontsize=LETTER,
            labelcolor=list(key.values()),
            handlelength=1.4,
            columnspacing=1.6,
            borderaxespad=0.2,
        )

    def _explain_projection(self, scenario: Scenario, bars: Sequence[Bar] | None) -> None:
        moves = [month for each in scenario.policies if each.active for month in (each.start, each.end) if month]
        moves += [start for bar in bars or () for start, _ in bar.spans]
        policies = "policies as dated" if any(month > RECORD_ENDS for month in moves) else "constant policy"
        if any(rule.active for rule in scenario.reactions):
            policies = "governments react"
        text = f"grey: projection after {month_label(RECORD_ENDS)}, {policies}"
        self.figure.text(*self._at(WIDTH - 1.5, 4.3), text, fontsize=LETTER, color=QUIET, ha="right", va="baseline")

    def _draw_strip(self, lanes: list[list[Bar]], left: float, width: float) -> None:
        height = LANE * len(lanes)
        axes = self._axes(left, self.heading, width, height)
        axes.set_gid("policies")
        axes.set_xlim(self.first, self.last)
        axes.set_ylim(len(lanes), 0)
        axes.spines[:].set_visible(False)
        axes.grid(False)
        axes.yaxis.set_major_locator(NullLocator())
        boxes, colours = [], []
        for lane, bars in enumerate(lanes):
            for bar in bars:
                for start, end in bar.spans:
                    if bar.event:
                        axes.plot([start], [lane + 0.5], marker="v", markersize=3.5, color=bar.colour, clip_on=False)
                    elif end > start:
                        boxes.append(Rectangle((start, lane + 0.08), end - start, 0.84))
                        colours.append(lighter(bar.colour, 0.72))
                x, anchor, _ = _words(bar, self.first, self.last, width)
                axes.text(x, lane + 0.54, bar.text, fontsize=LETTER, color=INK, va="center_baseline", ha=anchor)
        if boxes:
            collection = PatchCollection(boxes, facecolors=colours, edgecolors="white", linewidths=0.8)
            collection.set_gid("policy spans")
            axes.add_collection(collection)
        if self.aligned:
            axes.xaxis.set_major_locator(NullLocator())
        else:
            ticks, labels = _calendar_ticks(self.first, self.last, width)
            axes.xaxis.set_major_locator(FixedLocator(ticks))
            axes.set_xticklabels(labels)
            axes.tick_params(length=0, pad=1, labelcolor=QUIET)
        axes.text(
            -1.0 / width,
            1 - 0.54 / len(lanes),
            "events" if lanes[0][0].event else "policies",
            transform=axes.transAxes,
            fontsize=LETTER,
            color=QUIET,
            ha="right",
            va="center_baseline",
        )

    def _foot(self, dataset: xr.Dataset, notes: list[str]) -> None:
        attributes = dataset.attrs
        replicates = dataset.sizes["run"]
        name = str(attributes.get("scenario_name", ""))
        who = (
            f"{name if len(name) <= 60 else name[:57] + '...'}  ·  run {attributes.get('hash', '?')}  ·  "
            f"{replicates} replicate{'s' * (replicates > 1)}  ·  seed {attributes.get('seed', '?')}"
        )
        self.figure.text(
            1.5 / self.size[0],
            1.2 / self.size[1],
            "\n".join([who, *notes]),
            fontsize=LETTER,
            color=QUIET,
            va="bottom",
            linespacing=1.15,
            gid="footer",
        )


def usual_note(dataset: xr.Dataset) -> str:
    """What lines and bands mean unless a figure says otherwise."""
    return "lines: mean of the replicates" + ("; bands: 10-90% of the replicates" if dataset.sizes["run"] > 1 else "")


def as_percent(axes: Axes, label: str, top: float | None = None) -> None:
    """A vertical axis of percent, from zero to a round number above ``top``."""
    axes.set_ylim(0, _round_up(top) if top is not None else 100)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.set_ylabel(f"{label} [%]")


def as_logarithm(axes: Axes, label: str, unit: str, values: Sequence[np.ndarray]) -> None:
    """A logarithmic vertical axis around the positive values, with plain numbers at its ticks."""
    positive = [each[np.isfinite(each) & (each > 0)] for each in values]
    found = np.concatenate(positive) if positive else np.empty(0)
    low, high = (float(found.min()), float(found.max())) if found.size else (0.1, 1.0)
    axes.set_yscale("log")
    axes.set_ylim(low / 1.25, high * 1.25 if high / low > 3 else low * 4)
    decades = np.log10(high / low)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2.2 else (1.0, 2.0, 5.0), numticks=8))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axes.set_ylabel(f"{label} [{unit}]")


def plain_number(value: float) -> str:
    """``2500000`` -> ``2.5M``, ``0.05`` -> ``0.05``, ``0.00002`` -> ``2·10⁻⁵``."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    if value == 0 or abs(value) >= 0.99e-3:
        return f"{value:.3g}"
    power = int(np.floor(np.log10(abs(value)) + 1e-9))
    digits = f"10{str(power).translate(SUPERSCRIPT)}"
    head = f"{value / 10.0**power:.3g}"
    return digits if head == "1" else f"{head}·{digits}"


def _round_up(top: float) -> float:
    """The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten; 1 when there is nothing to show."""
    if not np.isfinite(top) or top <= 0:
        return 1.0
    power = 10 ** np.floor(np.log10(top))
    return float(next(step * power for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12) if step * power >= top))


def _calendar_ticks(first: float, last: float, width: float) -> tuple[list[float], list[str]]:
    """January ticks as years, thinned to the width; months when there are fewer than two Januaries to show."""
    if last - first < 24:
        room = max(1, int(width / 14))
        step = next(step for step in (1, 2, 3, 6, 12, 24) if (last - first) / step <= room)
        months = range(int(first), int(last) + 1, step)
        return [float(month) for month in months], [month_label(month) for month in months]
    years = (last - first) / 12
    room = max(2, int(width / 9.5))
    step = next(step for step in (1, 2, 3, 4, 5, 10, 20, 50, 100) if years / step <= room)
    januaries = [month for month in range(int(np.ceil(first / 12)) * 12, int(last) + 1, 12) if month // 12 % step == 0]
    return [float(month) for month in januaries], [str(START_YEAR + month // 12) for month in januaries]


def _bars(scenario: Scenario, last: float) -> list[Bar]:
    """Policies by kind and actor, then events, in the order in which they begin."""
    found: dict[tuple[str, str], Bar] = {}
    for policy in sorted((each for each in scenario.policies if each.active), key=lambda each: each.start):
        if policy.start >= last:
            continue
        key = (policy.kind, policy.actor)
        words = f"{policy.actor} {policy.kind.replace('_', ' ')}"
        bar = found.setdefault(key, Bar(words, REGION_COLOURS[policy.actor], []))
        bar.spans.append((float(policy.start), float(min(policy.end if policy.end is not None else last, last))))
    events = [
        Bar(f"{event.kind.replace('_', ' ')}: {event.about}", INK, [(float(event.start), float(event.start))], True)
        for event in sorted((each for each in scenario.events if each.active), key=lambda each: each.start)
        if event.start <= last
    ]
    return [*found.values(), *events]


def _reaction_bar(acting: Acting) -> Bar:
    """When a reaction is in force in most of the runs in which it acts, and in how many runs it acts."""
    part = "" if acting.runs == acting.of_runs else f" in {acting.runs} of {acting.of_runs} runs"
    words = f"{acting.actor} {acting.action.replace('_', ' ')}, reacting{part}"
    first = acting.first[1]
    return Bar(words, REGION_COLOURS[acting.actor], acting.spans or [(first, first)])


def _words(bar: Bar, first: float, last: float, width: float) -> tuple[float, str, tuple[float, float]]:
    """Where the words of a bar stand, how they are anchored, and the months that bar and words take together.

    Words that would leave the strip end where the bar ends (an event's: where the event stands) instead.
    """
    month = (last - first) / width  # months in a millimetre
    start, end = max(bar.spans[0][0], first), max(stop for _, stop in bar.spans)
    indent, length = (2.0 if bar.event else 0.8) * month, len(bar.text) * LETTER_WIDTH * month
    x = (end if bar.event else start) + indent  # the words of several events stand after the last of them
    if x + length <= last:
        return x, "left", (start - indent, max(end, x + indent + length))
    x = (start if bar.event else last) - indent
    return x, "right", (min(start - indent, x - length - indent), end + indent)


def _lanes(bars: list[Bar], first: float, last: float, width: float, most: int = MOST_LANES) -> list[list[Bar]]:
    """Bars packed into lanes so that neither spans nor words overlap; what does not fit is counted in the last lane."""
    lanes: list[list[Bar]] = []
    taken: list[list[tuple[float, float]]] = []
    left_out = 0
    for bar in bars:
        _, _, reach = _words(bar, first, last, width)
        lane = next(
            (number for number, spans in enumerate(taken) if all(reach[0] >= b or reach[1] <= a for a, b in spans)),
            len(lanes),
        )
        if lane == most:
            left_out += 1
            continue
        if lane == len(lanes):
            lanes.append([])
            taken.append([])
        lanes[lane].append(bar)
        taken[lane].append(reach)
    if left_out:
        lanes.append([Bar(f"and {left_out} more: see the scenario", QUIET, [(first, first)])])
    return lanes
