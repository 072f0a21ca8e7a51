"""Scenarios side by side under the same luck: levels, paired differences, and the response to one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.basics.quantity import walk
from sim.figures.style.marks import BASE, curve, runs_of, scenario_colours
from sim.figures.style.page import Bar, Page, as_logarithm, as_percent
from sim.figures.style.registry import house_style
from sim.figures.style.sheet import shortened
from sim.model.loops import LOOPS
from sim.scenario import Scenario

COLUMNS = 3
MOST_LANES, MOST_NUMBERS = 12, 3
TITLE_ROOM = 4.4
"""Millimetres by which a lower panel moves up to the level it belongs to."""


@dataclass(frozen=True)
class Panel:
    """One outcome of the overview: how its level and its difference are drawn."""

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


def comparison(curves: xr.Dataset, scenarios: Sequence[Scenario], figure: Figure | None = None) -> Figure:
    """What does each scenario change, when does it begin, and is it more than luck?

    Parameters
    ----------
    curves : from `sim.experiments.compare.folder.curves_of`: levels (scenario, run, month) and, under
        ``<name>_difference``, their paired differences (other, bound, month), with bound mean, low and high
    scenarios : the base first
    """
    looks = scenario_colours([each.name for each in scenarios])
    several = curves.sizes["run"] > 1
    band = "mean of the replicates, band 10-90% of them" if several else "the one replicate"
    note = (
        f"upper rows: {band}. Lower rows: paired difference from {scenarios[0].name}"
        f"{', mean and its 95% interval' * several}. Upright lines: announced (dotted), begins (dashed)"
    )
    note += "".join(f". {other.name}: {said}" for other in scenarios[1:] if (said := assumptions(scenarios[0], other)))
    several_others = len(scenarios) > 2
    what = "each scenario" if several_others else shortened(scenarios[-1].name)
    with house_style():
        page = Page(
            curves,
            scenarios[0],
            f"What does {what} change, and is it more than luck?",
            rows=4,
            columns=COLUMNS,
            height=29,
            left=16,
            right=2,
            note=note,
            figure=figure,
            bars=[
                bar
                for other in scenarios[1:]
                for bar in changes(scenarios[0], other, looks[other.name], curves, f"{other.name}: " * several_others)
            ],
            key=looks,
            most_lanes=MOST_LANES,
        )
        for number, panel in enumerate(PANELS):
            above = 2 * COLUMNS * (number // COLUMNS) + number % COLUMNS
            upper, lower = page.panels[above], page.panels[above + COLUMNS]
            upper.set_title(panel.title)
            upper.set_xticklabels([])
            upper.set_xlabel("")
            closer(lower, TITLE_ROOM / page.size[1])
            draw_levels(upper, page.month, curves, panel, looks)
            draw_differences(lower, page.month, curves, panel, looks)
            for axes in (upper, lower):
                mark_dates(axes, scenarios, looks, page.last)
    return page.figure


def closer(axes: Axes, step: float) -> None:
    """Move a panel up, into the room of the title it does not have."""
    box = axes.get_position()
    axes.set_position((box.x0, box.y0 + step, box.width, box.height))


def draw_levels(axes: Axes, month: np.ndarray, curves: xr.Dataset, panel: Panel, looks: dict[str, str]) -> Axes:
    """Mean and replicate band of every scenario."""
    values = {name: runs_of(curves[panel.outcome].sel(scenario=name)) for name in looks}
    if panel.how == "logarithm":
        values = {name: np.exp(each) for name, each in values.items()}
        as_logarithm(axes, panel.level, "H100e", list(values.values()))
    scale = 100.0 if panel.how == "share" else 1.0
    for place, (name, each) in enumerate(values.items()):
        # the base is widest and below, so that it shows where nothing has changed
        curve(
            axes, month, each, scale=scale, color=looks[name], linewidth=max(2.2 - 0.5 * place, 0.8), zorder=2 + place
        )
    if panel.how == "share":
        highest = float(axes.dataLim.y1)
        as_percent(axes, panel.level, top=min(1.02 * highest, max(highest, 100.0)))
    elif panel.how == "number":
        axes.set_ylabel(panel.level)
        axes.yaxis.set_major_locator(MaxNLocator(5))
    return axes


def draw_differences(axes: Axes, month: np.ndarray, curves: xr.Dataset, panel: Panel, looks: dict[str, str]) -> Axes:
    """Paired difference of every other scenario, with the 95% interval of its mean."""
    axes.axhline(0.0, color=BASE, linewidth=0.8, zorder=2)
    for name, colour in list(looks.items())[1:]:
        found = curves[f"{panel.outcome}_difference"].sel(other=name)
        mean, low, high = (found.sel(bound=bound).values for bound in ("mean", "low", "high"))
        if panel.how == "logarithm":
            mean, low, high = (100 * np.expm1(each) for each in (mean, low, high))
        elif panel.how == "share":
            mean, low, high = 100 * mean, 100 * low, 100 * high
        axes.fill_between(month, low, high, color=colour, alpha=0.22, linewidth=0, zorder=3)
        axes.plot(month, mean, color=colour, zorder=4)
    axes.set_ylabel(panel.change)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    # a panel in which next to nothing happens must not magnify it
    bottom, top = axes.get_ylim()
    if top - bottom < panel.least:
        middle = min(max((top + bottom) / 2, -0.4 * panel.least), 0.4 * panel.least)
        axes.set_ylim(middle - panel.least / 2, middle + panel.least / 2)
    return axes


def mark_dates(axes: Axes, scenarios: Sequence[Scenario], looks: dict[str, str], last: float) -> Axes:
    """Upright lines where policies that tell a scenario from the base are announced and begin."""
    for other in scenarios[1:]:
        found = [each for each, _ in different(scenarios[0], other)]
        announced = {each.announce for each in found if getattr(each, "announce", None) is not None}
        begun = {each.start for each in found}
        # many dates are a calendar rather than marks, and must not hide what is drawn
        alpha = min(0.7, 3.0 / max(len(begun | announced), 1))
        for style, months in (("--", begun), (":", announced)):
            for month in months:
                if 0 < month < last:
                    axes.axvline(
                        month, color=looks[other.name], linestyle=style, linewidth=0.6, alpha=alpha, zorder=1.2
                    )
    return axes


def different(base: Scenario, other: Scenario) -> list[tuple[Any, str]]:
    """Policies, events and reaction rules that only one of two scenarios has, or that act otherwise in it, each with a
    word on it."""
    act = lambda each: each.model_dump(exclude={"source", "note"})
    found: list[tuple[Any, str]] = []
    for name in ("policies", "events", "reactions"):
        before = {each.id: each for each in getattr(base, name) if each.active}
        after = {each.id: each for each in getattr(other, name) if each.active}
        found += [(each, "without ") for key, each in before.items() if key not in after]
        found += [(each, "") for key, each in after.items() if key not in before]
        found += [(each, "changed ") for key, each in after.items() if key in before and act(before[key]) != act(each)]
    return found


def assumptions(base: Scenario, other: Scenario) -> str:
    """What of the assumptions differs, in a few words: ``startup.cost_weight 0.7 to 0.1; loops R1 off``."""
    rows = [row for row in walk(other.parameters, base.parameters) if row.value != row.default]
    shown = rows if len(rows) <= MOST_NUMBERS + 1 else rows[:MOST_NUMBERS]
    told = [f"{row.key} {row.default:g} to {row.value:g}" for row in shown]
    more = f" and {len(rows) - len(shown)} more numbers" * (len(rows) > len(shown))
    parts = [f"{', '.join(told)}{more}"] if rows else []
    cut = [
        f"{key} {getattr(other.loops, key)}" for key in LOOPS if getattr(other.loops, key) != getattr(base.loops, key)
    ]
    return "; ".join([*parts, *([f"loops {', '.join(cut)}"] if cut else [])])


def _what(each: Any) -> str:
    """``US scrutiny`` of a policy, ``US scrutiny by rule`` of a reaction, ``incident (lines of CN)`` of an event."""
    if hasattr(each, "watch"):
        return f"{each.actor} {each.action.kind.replace('_', ' ')} by rule"
    kind = each.kind.replace("_", " ")
    return f"{each.actor} {kind}" if hasattr(each, "actor") else f"{kind} ({each.about})"


def changes(base: Scenario, other: Scenario, colour: str, curves: xr.Dataset, prefix: str = "") -> list[Bar]:
    """The policy strip of another scenario: only what differs from the base."""
    last = float(curves["month"][-1])
    bars: dict[str, Bar] = {}
    for each, word in sorted(different(base, other), key=lambda pair: pair[0].start):
        start, end = float(each.start), getattr(each, "end", None)
        if start >= last:
            continue
        event = not hasattr(each, "actor")
        text = f"{prefix}{word}{_what(each)}"
        bar = bars.setdefault(text, Bar(text, colour, [], event))
        bar.spans.append((start, start if event else float(min(last if end is None else end, last))))
    return list(bars.values())
