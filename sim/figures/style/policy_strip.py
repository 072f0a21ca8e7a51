"""The strip above the panels: policies as spans, events as ticks, reactions when they are in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from sim.figures.style.axes import calendar_ticks
from sim.figures.style.marks import INK, LETTER, QUIET, REGION_COLOURS, lighter
from sim.figures.style.reactions import Acting
from sim.scenario import Scenario

LANE = 3.6
"""Height of a lane [mm]."""

MOST_LANES = 5
LETTER_WIDTH = 1.36
"""Mean width of a letter of the smallest type [mm]."""


@dataclass
class Bar:
    """One lane entry of the policy strip: the spans of one kind of policy of one actor, or one event."""

    text: str
    colour: str
    spans: list[tuple[float, float]]
    event: bool = False


def bars_of(scenario: Scenario, reactions: list[Acting], last: float) -> list[Bar]:
    """Policies by kind and actor, events, and reactions; each sort in the order in which they begin."""
    policies: dict[tuple[str, str], Bar] = {}
    begun = [policy for policy in scenario.policies if policy.active and policy.start < last]
    for policy in sorted(begun, key=lambda policy: policy.start):
        words = f"{policy.actor} {policy.kind.replace('_', ' ')}"
        bar = policies.setdefault((policy.kind, policy.actor), Bar(words, REGION_COLOURS[policy.actor], []))
        bar.spans.append((float(policy.start), float(min(policy.end if policy.end is not None else last, last))))
    events = [
        Bar(f"{event.kind.replace('_', ' ')}: {event.about}", INK, [(float(event.start), float(event.start))], True)
        for event in sorted((event for event in scenario.events if event.active), key=lambda event: event.start)
        if event.start <= last
    ]
    return [*policies.values(), *events, *map(_reaction_bar, reactions)]


def _reaction_bar(acting: Acting) -> Bar:
    """When a reaction is in force in most of the runs in which it acts, and in how many runs it acts."""
    part = "" if acting.runs == acting.of_runs else f" in {acting.runs} of {acting.of_runs} runs"
    words = f"{acting.actor} {acting.action.replace('_', ' ')}, reacting{part}"
    first = acting.first[1]
    return Bar(words, REGION_COLOURS[acting.actor], acting.spans or [(first, first)])


def pack_lanes(bars: Sequence[Bar], first: float, last: float, width: float, most: int) -> list[list[Bar]]:
    """Bars in lanes, so that neither spans nor words overlap; what does not fit is counted in one more lane."""
    lanes: list[list[tuple[Bar, float, float]]] = [[] for _ in range(most)]
    left_out = 0
    for bar in bars:
        _, _, (begin, stop) = _words(bar, first, last, width)
        free = (lane for lane in lanes if all(begin >= end or stop <= start for _, start, end in lane))
        lane = next(free, None)
        if lane is None:
            left_out += 1
        else:
            lane.append((bar, begin, stop))
    packed = [[bar for bar, _, _ in lane] for lane in lanes if lane]
    if left_out:
        packed.append([Bar(f"and {left_out} more: see the scenario", QUIET, [(first, first)])])
    return packed


def draw_strip(
    axes: Axes, lanes: list[list[Bar]], first: float, last: float, width: float, *, own_calendar: bool
) -> None:
    """Draw lanes of bars over the months ``first..last`` on axes that are ``width`` millimetres wide.

    Parameters
    ----------
    own_calendar : show years below the strip; otherwise the panel below has the same ones
    """
    axes.set(gid="policies", xlim=(first, last), ylim=(len(lanes), 0), yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(False)
    boxes, colours = [], []
    for lane, bars in enumerate(lanes):
        for bar in bars:
            for start, end in bar.spans:
                if bar.event:
                    axes.plot([start], [lane + 0.5], marker="v", markersize=3.5, color=bar.colour, clip_on=False)
                elif end > start:
                    boxes.append(Rectangle((start, lane + 0.08), end - start, 0.84))
                    colours.append(lighter(bar.colour, 0.72))
            x, anchor, _ = _words(bar, first, last, width)
            axes.text(x, lane + 0.54, bar.text, fontsize=LETTER, color=INK, va="center_baseline", ha=anchor)
    if boxes:
        collection = PatchCollection(boxes, facecolors=colours, edgecolors="white", linewidths=0.8)
        collection.set_gid("policy spans")
        axes.add_collection(collection)
    if own_calendar:
        axes.set_xticks(*calendar_ticks(first, last, width))
        axes.tick_params(length=0, pad=1, labelcolor=QUIET)
    else:
        axes.set_xticks([])
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
