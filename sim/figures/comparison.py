"""Scenarios side by side under the same luck: levels and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.basics.quantity import walk
from sim.figures.style import in_house_style
from sim.figures.style.axes import as_logarithm, as_percent
from sim.figures.style.marks import BASE, curve, runs_of, scenario_colours
from sim.figures.style.page import Page
from sim.figures.style.policy_strip import Bar
from sim.figures.style.sheet import shortened
from sim.model.loops import LOOPS
from sim.scenario import Scenario
from sim.scenario.changes import what_it_does

COLUMNS = 3
SPOKEN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "share": (lambda share: 100 * share, lambda change: 100 * change),
    "number": (lambda number: number, lambda change: change),
    "logarithm": (np.exp, lambda change: 100 * np.expm1(change)),
}
"""How levels and differences of each kind of outcome become what an axis shows."""

MOST_LANES, MOST_NUMBERS = 12, 3
TITLE_ROOM = 4.4
"""Millimetres by which a lower panel moves up to the level it belongs to."""


@dataclass(frozen=True)
class Panel:
    """One outcome: how its level and its difference are drawn."""

    outcome: str
    title: str
    level: str
    change: str
    how: str = "share"
    least: float = 0.1
    """Smallest span of the axis of differences, in its unit."""


PANELS = (
    Panel("L3_CN_open_US", "Chinese use, US startups", "startups (L3)", "change [points]"),
    Panel("focus_share", "Usage share in focus", "usage", "change [points]"),
    Panel("adoption_all", "Adoption", "adopters", "change [points]"),
    Panel("SX_US", "Security exposure of the US", "exposure (SX)", "change [points]"),
    Panel("capability_gap", "Chinese lead in capability", "lead [nats]", "change [nats]", "number", 0.02),
    Panel("log_compute_CN", "Usable compute of China", "compute", "change [%]", "logarithm"),
)


@in_house_style
def comparison(curves: xr.Dataset, scenarios: Sequence[Scenario], figure: Figure | None = None) -> Figure:
    """What does each scenario change, when does it begin, and is it more than luck?

    Parameters
    ----------
    curves : from `sim.experiments.compare.folder.curves_of`: levels (scenario, run, month) and, under
        ``<name>_difference``, their paired differences (other, bound, month), with bound mean, low and high
    scenarios : the base first
    """
    base, *others = scenarios
    colours = scenario_colours([scenario.name for scenario in scenarios])
    several = len(others) > 1
    what = "each scenario" if several else shortened(others[-1].name)
    page = Page(
        curves,
        base,
        f"What does {what} change, and is it more than luck?",
        rows=4,
        columns=COLUMNS,
        height=29,
        left=16,
        right=2,
        note=_note(base, others, replicates=curves.sizes["run"]),
        figure=figure,
        bars=[
            bar
            for other in others
            for bar in changes(base, other, colours[other.name], curves, f"{other.name}: " * several)
        ],
        key=colours,
        most_lanes=MOST_LANES,
    )
    for number, panel in enumerate(PANELS):
        above = 2 * COLUMNS * (number // COLUMNS) + number % COLUMNS
        upper, lower = page.panels[above], page.panels[above + COLUMNS]
        upper.set(title=panel.title, xticklabels=[], xlabel="")
        _move_up(lower, TITLE_ROOM / page.height)
        draw_levels(upper, page.month, curves, panel, colours)
        draw_differences(lower, page.month, curves, panel, colours)
        for axes in (upper, lower):
            mark_dates(axes, scenarios, colours, page.last)
    return page.figure


def _note(base: Scenario, others: Sequence[Scenario], replicates: int) -> str:
    """What lines and bands mean, and what of the assumptions differs."""
    several = replicates > 1
    band = "mean of the replicates, band 10-90% of them" if several else "the one replicate"
    note = (
        f"upper rows: {band}. Lower rows: paired difference from {base.name}"
        f"{', mean and its 95% interval (luck only)' * several}. Upright lines: announced (dotted), begins (dashed)"
    )
    return note + "".join(f". {other.name}: {words}" for other in others if (words := assumptions(base, other)))


def _move_up(axes: Axes, step: float) -> None:
    """Move a panel up, into the room of the title it does not have."""
    box = axes.get_position()
    axes.set_position((box.x0, box.y0 + step, box.width, box.height))


def draw_levels(axes: Axes, month: np.ndarray, curves: xr.Dataset, panel: Panel, colours: dict[str, str]) -> None:
    """Mean and replicate band of every scenario."""
    levels = SPOKEN[panel.how][0](curves[panel.outcome])
    for place, (name, colour) in enumerate(colours.items()):
        # the base is widest and below, so that it shows where nothing has changed
        width = max(2.2 - 0.5 * place, 0.8)
        curve(axes, month, runs_of(levels.sel(scenario=name)), color=colour, linewidth=width, zorder=2 + place)
    if panel.how == "share":
        highest = float(axes.dataLim.y1)
        as_percent(axes, panel.level, top=min(1.02 * highest, max(highest, 100.0)))
    elif panel.how == "logarithm":
        as_logarithm(axes, panel.level, "H100e", levels.values)
    else:
        axes.set_ylabel(panel.level)
        axes.yaxis.set_major_locator(MaxNLocator(5))


def draw_differences(axes: Axes, month: np.ndarray, curves: xr.Dataset, panel: Panel, colours: dict[str, str]) -> None:
    """Paired difference of every other scenario, with the 95% interval of its mean."""
    axes.axhline(0.0, color=BASE, linewidth=0.8, zorder=2)
    differences = SPOKEN[panel.how][1](curves[f"{panel.outcome}_difference"])
    for name, colour in list(colours.items())[1:]:
        mean, low, high = (differences.sel(other=name, bound=bound).values for bound in ("mean", "low", "high"))
        axes.fill_between(month, low, high, color=colour, alpha=0.22, linewidth=0, zorder=3)
        axes.plot(month, mean, color=colour, zorder=4)
    axes.set_ylabel(panel.change)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    # a panel in which next to nothing happens must not magnify it
    bottom, top = axes.get_ylim()
    if top - bottom < panel.least:
        middle = min(max((top + bottom) / 2, -0.4 * panel.least), 0.4 * panel.least)
        axes.set_ylim(middle - panel.least / 2, middle + panel.least / 2)


def mark_dates(axes: Axes, scenarios: Sequence[Scenario], colours: dict[str, str], last: float) -> None:
    """Upright lines where policies that tell a scenario from the base are announced and begin."""
    base, *others = scenarios
    for other in others:
        entries = [entry for entry, _ in different(base, other)]
        announced = {entry.announce for entry in entries if getattr(entry, "announce", None) is not None}
        begun = {entry.start for entry in entries}
        # many dates are a calendar rather than marks, and must not hide what is drawn
        alpha = min(0.7, 3.0 / max(len(begun | announced), 1))
        for style, months in (("--", begun), (":", announced)):
            for month in months:
                if 0 < month < last:
                    axes.axvline(
                        month, color=colours[other.name], linestyle=style, linewidth=0.6, alpha=alpha, zorder=1.2
                    )


def different(base: Scenario, other: Scenario) -> list[tuple[Any, str]]:
    """Policies, events and reaction rules in which two scenarios differ, each with a word on how.

    Returns
    -------
    list of (entry, word)
        ``"without "``: only the base has it; ``""``: only the other one has it; ``"changed "``: it acts otherwise.
    """
    differences: list[tuple[Any, str]] = []
    for name in ("policies", "events", "reactions"):
        before = {entry.id: entry for entry in getattr(base, name) if entry.active}
        after = {entry.id: entry for entry in getattr(other, name) if entry.active}
        differences += [(entry, "without ") for key, entry in before.items() if key not in after]
        differences += [(entry, "") for key, entry in after.items() if key not in before]
        differences += [
            (entry, "changed ")
            for key, entry in after.items()
            if key in before and what_it_does(before[key]) != what_it_does(entry)
        ]
    return differences


def assumptions(base: Scenario, other: Scenario) -> str:
    """What of the assumptions differs, in a few words: ``startup.cost_weight 0.7 to 0.1; loops R1 off``."""
    rows = [row for row in walk(other.parameters, base.parameters) if row.value != row.default]
    shown = rows if len(rows) <= MOST_NUMBERS + 1 else rows[:MOST_NUMBERS]
    numbers = ", ".join(f"{row.key} {row.default:g} to {row.value:g}" for row in shown)
    more = f" and {len(rows) - len(shown)} more numbers" * (len(rows) > len(shown))
    cut = [
        f"{key} {getattr(other.loops, key)}" for key in LOOPS if getattr(other.loops, key) != getattr(base.loops, key)
    ]
    return "; ".join([*([numbers + more] if rows else []), *([f"loops {', '.join(cut)}"] if cut else [])])


def changes(base: Scenario, other: Scenario, colour: str, curves: xr.Dataset, prefix: str = "") -> list[Bar]:
    """The policy strip of another scenario: only what differs from the base."""
    last = float(curves["month"][-1])
    bars: dict[str, Bar] = {}
    begun = [(entry, word) for entry, word in different(base, other) if entry.start < last]
    for entry, word in sorted(begun, key=lambda difference: difference[0].start):
        event = not hasattr(entry, "actor")
        text = f"{prefix}{word}{_in_words(entry)}"
        end = entry.start if event else getattr(entry, "end", None)
        bar = bars.setdefault(text, Bar(text, colour, [], event))
        bar.spans.append((float(entry.start), float(min(last if end is None else end, last))))
    return list(bars.values())


def _in_words(entry: Any) -> str:
    """``US scrutiny`` of a policy, ``US scrutiny by rule`` of a reaction, ``incident (lines of CN)`` of an event."""
    if hasattr(entry, "watch"):
        return f"{entry.actor} {entry.action.kind.replace('_', ' ')} by rule"
    kind = entry.kind.replace("_", " ")
    return f"{entry.actor} {kind}" if hasattr(entry, "actor") else f"{kind} ({entry.about})"
