"""Indices of the factors, largest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.factors import FLOOR, FOOT, LEFT, TOP, block_colour, block_key, name_factors
from sim.figures.style.marks import INK, LETTER, QUIET, lighter
from sim.figures.style.sheet import WIDTH, Sheet

MOST_ROWS = 24
ROW = 4.4
"""Height of a factor's line [mm]."""


@in_house_style
def sensitivity_indices(
    table: pd.DataFrame, measures: Sequence[tuple[str, str]], about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """How large is each index, how sure, and is it above what nothing reaches?

    Parameters
    ----------
    table : factor, block, standing, floor, and each measure with ``_low`` and ``_high``
    measures : column and words of each measure, the main one first
    about : "title" and "footer"
    """
    main = measures[0][0]
    rows = table[table["factor"] != "dummy"].sort_values(main, ascending=False, kind="stable")
    left_out = max(0, len(rows) - MOST_ROWS)
    rows = rows.head(MOST_ROWS)
    sheet = Sheet(TOP + ROW * len(rows) + FOOT + 3, about["title"], figure, foot=about["footer"])
    block_key(sheet, rows)
    more = f"; {left_out} smaller ones are not shown" if left_out else ""
    sheet.text(WIDTH - 6, 9.2, f"hollow: negligible, or not told from nothing{more}", color=QUIET, ha="right")
    draw_bars(sheet.panel(LEFT, TOP, WIDTH - LEFT - 6, ROW * len(rows)), rows, measures)
    return sheet.figure


def draw_bars(axes: Axes, rows: pd.DataFrame, measures: Sequence[tuple[str, str]]) -> None:
    """One line a factor: the main measure in full colour, a second one light below it."""
    several = len(measures) > 1
    colours = [block_colour(block) for block in rows["block"]]
    for place, (row, colour) in enumerate(zip(rows.to_dict("records"), colours, strict=True)):
        for number, (measure, _) in enumerate(measures):
            y = place + (0.18 if number else -0.18 * several)
            shade = lighter(colour, 0.55 if number else 0.0)
            axes.barh(
                y,
                row[measure],
                0.34 if several else 0.6,
                color=shade if row["standing"] == "influential" else "white",
                edgecolor=shade,
                linewidth=0.7,
                zorder=2,
            )
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
    words = f"{measures[0][1]} (full), {measures[1][1]} (light)" if several else measures[0][1]
    axes.set_xlabel(f"{words}; lines: 95% intervals")
    axes.spines["left"].set_visible(False)
