"""Differences of many outcomes, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style.marks import BASE, INK, LETTER, MILLIMETRE, QUIET, scenario_colours
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

MOST_LETTERS = 60


def forest_plot(
    table: pd.DataFrame, names: Sequence[str], about: dict[str, str], figure: Figure | None = None
) -> Figure:
    """Which outcomes does each scenario move, by how much, and which cannot be told from luck?

    Parameters
    ----------
    table : rows to show, with columns other, long_name, unit, month, difference, low, high, distinguishable, in spoken
        units; from `sim.experiments.compare.folder.forest_rows`
    names : scenarios, the base first
    about : "date" of the levels and "footer" of the figure
    """
    looks = scenario_colours(names)
    units = list(dict.fromkeys(table["unit"]))
    counts = [table.loc[table["unit"] == unit, "long_name"].nunique() for unit in units]
    row, gap, left, right, top, foot = 2.4 + 1.7 * (len(names) - 1), 10.0, 84.0, 4.0, 13.0, 5.0
    height = top + sum(row * count + gap for count in counts) + foot
    with house_style():
        figure = figure or Figure()
        figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
        place = lambda x, y: (x / WIDTH, 1 - y / height)
        heading = f"Difference from {names[0]}: levels in {about['date']}, mean and 95% paired interval"
        figure.text(*place(1.5, 4.3), heading, fontsize=8.5, fontweight="bold", color=INK)
        for number, name in enumerate(names[1:]):
            figure.text(
                *place(1.5 + 44 * number, 8.8), name[:30], fontsize=LETTER, color=looks[name], fontweight="bold"
            )
        figure.text(1.5 / WIDTH, 1.5 / height, about["footer"], fontsize=LETTER, color=QUIET, va="bottom")
        y = top
        for unit, count in zip(units, counts, strict=True):
            size = (WIDTH - left - right) / WIDTH, row * count / height
            axes = figure.add_axes((left / WIDTH, place(0, y + row * count)[1], *size))
            draw_differences(axes, table[table["unit"] == unit], unit, looks)
            y += row * count + gap
    return figure


def draw_differences(axes: Axes, rows: pd.DataFrame, unit: str, looks: dict[str, str]) -> Axes:
    """Outcomes of one unit, one line each; hollow marks cannot be told from zero."""
    labels = list(dict.fromkeys(rows["long_name"]))
    others = list(looks)[1:]
    axes.axvline(0.0, color=BASE, linewidth=0.8)
    for each in rows.itertuples():
        shift = (others.index(each.other) - (len(others) - 1) / 2) * 0.62 / max(len(others), 1)
        y, colour = labels.index(each.long_name) + shift, looks[each.other]
        axes.plot([each.low, each.high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        axes.plot(
            each.difference,
            y,
            marker="o",
            markersize=3.4,
            color=colour,
            markeredgewidth=0.9,
            markerfacecolor=colour if each.distinguishable else "white",
        )
    axes.set_yticks(range(len(labels)), [label[:MOST_LETTERS] for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.margins(x=0.06)
    axes.set_xlabel(f"difference [{unit}]")
    axes.xaxis.set_major_locator(MaxNLocator(7))
    return axes
