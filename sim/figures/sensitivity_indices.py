"""Indices of the factors, largest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style.factors import (
    FLOOR,
    FOOT,
    LEFT,
    TOP,
    block_colour,
    block_key,
    blocks_of,
    factor_panel,
    factor_sheet,
    name_factors,
)
from sim.figures.style.marks import INK, LETTER, QUIET, lighter
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

MOST_ROWS = 24


def sensitivity_indices(
    table: pd.DataFrame, measures: Sequence[tuple[str, str]], about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """How large is each index, how sure, and is it above what nothing reaches?

    Parameters
    ----------
    table : factor, block, standing, floor, and each measure with ``_low`` and ``_high``
    measures : column and words of each measure, the main one first
    about : "title", "axis" and "footer"
    """
    main = measures[0][0]
    rows = table[~table["factor"].str.startswith("dummy")].sort_values(main, ascending=False, kind="stable")
    left_out = max(0, len(rows) - MOST_ROWS)
    rows = rows.head(MOST_ROWS)
    with house_style():
        height = TOP + 4.4 * len(rows) + FOOT + 3
        more = f"; {left_out} smaller ones are not shown" if left_out else ""
        figure = factor_sheet(about["title"], about["footer"], height, figure)
        block_key(figure, blocks_of(rows))
        note = f"hollow: negligible, or not told from nothing{more}"
        figure.text(1 - 6 / WIDTH, 1 - 9.2 / height, note, fontsize=LETTER, color=QUIET, ha="right")
        axes = factor_panel(figure, LEFT, TOP, WIDTH - LEFT - 6, 4.4 * len(rows))
        draw_bars(axes, rows, measures, about)
    return figure


def draw_bars(axes: Axes, rows: pd.DataFrame, measures: Sequence[tuple[str, str]], about: Mapping[str, str]) -> Axes:
    """One line a factor: the main measure filled, a second one as a hollow bar within."""
    colours = [block_colour(block) for block in rows["block"]]
    for place, (row, colour) in enumerate(zip(rows.to_dict("records"), colours, strict=True)):
        for number, (measure, _) in enumerate(measures):
            y, deep = place + (0.18 if number else -0.18 * (len(measures) > 1)), 0.34 if len(measures) > 1 else 0.6
            good = row["standing"] == "influential"
            shade = lighter(colour, 0.0 if number == 0 else 0.55)
            axes.barh(y, row[measure], deep, color=shade if good else "white", edgecolor=shade, linewidth=0.7, zorder=2)
            axes.plot([row[f"{measure}_low"], row[f"{measure}_high"]], [y, y], color=INK, linewidth=0.9, zorder=3)
    floor = float(rows["floor"].iloc[0])
    if floor > 0:
        axes.axvline(floor, color=FLOOR, linewidth=0.9, linestyle=":", zorder=4)
        axes.annotate(
            "what nothing reaches",
            (floor, len(rows) - 0.75),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=LETTER,
            color=FLOOR,
            va="center",
        )
    name_factors(axes, rows["factor"].tolist(), colours)
    axes.axvline(0, color=INK, linewidth=0.6)
    words = f"{measures[0][1]} (full), {measures[1][1]} (light)" if len(measures) > 1 else measures[0][1]
    axes.set_xlabel(f"{words}; lines: 95% intervals")
    axes.spines["left"].set_visible(False)
    return axes
