"""Differences of many outcomes, with their intervals."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_rows
from sim.figures.style.marks import BASE, scenario_colours
from sim.figures.style.sheet import WIDTH, Sheet

LEFT, RIGHT, TOP, FOOT, GAP = 84.0, 4.0, 13.0, 5.0, 10.0
MOST_LETTERS = 60


@in_house_style
def forest_plot(
    table: pd.DataFrame, names: Sequence[str], about: dict[str, str], figure: Figure | None = None
) -> Figure:
    """Which outcomes does each scenario move, by how much, and which cannot be told from luck?

    Parameters
    ----------
    table : rows to show, with columns other, long_name, unit, month, difference, low, high, distinguishable, in spoken
        units; from `sim.experiments.compare.folder.forest_rows`
    names : scenarios, the base first
    about : "when" levels are read and "footer" of the figure
    """
    base, *others = names
    colours = scenario_colours(names)
    units = list(dict.fromkeys(table["unit"]))
    counts = [table.loc[table["unit"] == unit, "long_name"].nunique() for unit in units]
    row = 2.4 + 1.7 * len(others)
    height = TOP + sum(row * count + GAP for count in counts) + FOOT
    heading = f"Difference from {base}: levels {about['when']}, mean and 95% paired interval (luck only)"
    sheet = Sheet(height, heading, figure, foot=about["footer"])
    sheet.names({name: colours[name] for name in others})
    top = TOP
    for unit, count in zip(units, counts, strict=True):
        axes = sheet.panel(LEFT, top, WIDTH - LEFT - RIGHT, row * count)
        draw_differences(axes, table[table["unit"] == unit], others, colours)
        axes.set_xlabel(f"difference [{unit}]")
        top += row * count + GAP
    return sheet.figure


def draw_differences(axes: Axes, rows: pd.DataFrame, others: Sequence[str], colours: dict[str, str]) -> None:
    """Outcomes of one unit, one line each; hollow marks cannot be told from zero."""
    labels = list(dict.fromkeys(rows["long_name"]))
    axes.axvline(0.0, color=BASE, linewidth=0.8)
    for row in rows.itertuples():
        shift = (others.index(row.other) - (len(others) - 1) / 2) * 0.62 / max(len(others), 1)
        y, colour = labels.index(row.long_name) + shift, colours[row.other]
        axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        axes.plot(
            row.difference,
            y,
            marker="o",
            markersize=3.4,
            color=colour,
            markeredgewidth=0.9,
            markerfacecolor=colour if row.distinguishable else "white",
        )
    as_rows(axes, [textwrap.fill(label, MOST_LETTERS) for label in labels])
    axes.grid(visible=True, axis="y")
    axes.margins(x=0.06)
    axes.xaxis.set_major_locator(MaxNLocator(7))
