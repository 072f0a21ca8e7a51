"""How the spreads of an ensemble settle, and how narrow its intervals are, as replicates are added."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sim.figures.style import in_house_style
from sim.figures.style.marks import BASE, SCENARIO_COLOURS
from sim.figures.style.sheet import Sheet

FIRST = 3
"""Replicates from which on a spread is worth drawing."""

LEFT, RIGHT, TOP, FOOT = 14.0, 5.0, 25.0, 16.0
COUNTS = (3, 4, 5, 7, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


@in_house_style
def replicate_convergence(rows: pd.DataFrame, about: dict[str, str], figure: Figure | None = None) -> Figure:
    """Are these replicates enough?

    Parameters
    ----------
    rows : outcome, count, spread (over that of all replicates), low and high (95% of normal values), width (of the 95%
        interval of the mean over what is narrow enough) and foreseen (the same, beyond the replicates that were run)
    about : "verdict", "footer", in words
    """
    names = list(dict.fromkeys(rows["outcome"]))
    colours = {name: SCENARIO_COLOURS[place % len(SCENARIO_COLOURS)] for place, name in enumerate(names)}
    rows = rows[rows["count"] >= FIRST]
    sheet = Sheet(84.0, "Are these replicates enough?", figure, foot=about["footer"])
    sheet.text(1.5, 8.8, about["verdict"])
    for place, (name, colour) in enumerate(colours.items()):
        down, along = divmod(place, 3)
        sheet.text(1.5 + 59 * along, 12.6 + 3.6 * down, name, color=colour, fontweight="bold")
    spreads, widths = sheet.row(2, TOP, sheet.height - TOP - FOOT, LEFT, RIGHT)
    draw_spreads(spreads, rows, colours)
    draw_widths(widths, rows, colours)
    return sheet.figure


def draw_spreads(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    """Standard deviation of the first n replicates over that of all, and where it lies for normal values."""
    band = rows.drop_duplicates("count").dropna(subset=["low"]).sort_values("count")
    axes.fill_between(band["count"], band["low"], band["high"], color=BASE, alpha=0.12, linewidth=0)
    for name, colour in colours.items():
        mine = rows[rows["outcome"] == name]
        axes.plot(mine["count"], mine["spread"], color=colour)
    axes.axhline(1.0, color=BASE, linewidth=0.8)
    axes.set(
        title="Spread over luck: the first n replicates against all", ylabel="ratio of standard deviations", ylim=(0, 2)
    )
    _count_axis(axes, rows.dropna(subset=["spread"])["count"].max())


def draw_widths(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> None:
    """Width of the interval of the mean over the goal; dotted beyond the replicates that were run."""
    for name, colour in colours.items():
        mine = rows[rows["outcome"] == name]
        axes.plot(mine["count"], mine["width"], color=colour)
        axes.plot(mine["count"], mine["foreseen"], color=colour, linestyle=":")
    axes.axhline(1.0, color=BASE, linewidth=0.8)
    axes.set(title="Interval of the mean against the goal", ylabel="95% width over goal", yscale="log")
    _count_axis(axes, rows["count"].max())
    low, high = axes.get_ylim()
    ratios = [ratio for ratio in RATIOS if low <= ratio <= high]
    axes.set_yticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.yaxis.set_minor_locator(NullLocator())


def _count_axis(axes: Axes, last: float) -> None:
    """A logarithmic horizontal axis of numbers of replicates."""
    counts = [count for count in COUNTS if count <= max(last, 5)]
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(FIRST, max(last, FIRST + 1)), xlabel="replicates")
