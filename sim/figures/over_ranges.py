"""Outcomes at points over the ranges of what is not known, beside the default."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.analysis.ranges import SIGN_WORDS
from sim.figures.style import in_house_style
from sim.figures.style.marks import BASE, INK, LETTER, QUIET, SIGN_COLOURS
from sim.figures.style.sheet import WIDTH, Sheet

LEFT, RIGHT, TOP, FOOT, ROW, GAP = 62.0, 45.0, 16.0, 7.0, 5.4, 5.2
MOST_ROWS = 13
MOST_LETTERS = 44
GOLDEN = 0.6180339887
"""Fractional parts of its multiples lie evenly, so neighbouring points do not hide each other."""


@in_house_style
def over_ranges(
    points: pd.DataFrame, rows: pd.DataFrame, about: dict[str, str], figure: Figure | None = None
) -> Figure:
    """Does each outcome keep its sign, or its level, over the ranges of what is not known?

    Parameters
    ----------
    points : outcome, value, of every point, in the unit in which it is told
    rows : one row an outcome, in the order in which they stand: outcome, label, unit, default, default_low,
        default_high, ticks (a function that writes a value), and said, which is written beside it; `MOST_ROWS` of them
        are drawn
    about : "title", "subtitle" and "footer"; "signs" where values are differences, whose sign has a colour
    """
    shown = rows.head(MOST_ROWS)
    signs = "signs" in about
    height = TOP + len(shown) * (ROW + GAP) + FOOT
    sheet = Sheet(height, about["title"], figure, foot=about["footer"])
    sheet.text(1.5, 8.6, about["subtitle"], color=QUIET)
    sheet.key(_key(signs), 9.4, 4)
    for place, row in enumerate(shown.itertuples()):
        top = TOP + place * (ROW + GAP)
        axes = sheet.panel(LEFT, top, WIDTH - LEFT - RIGHT, ROW)
        draw_points(axes, points.loc[points["outcome"] == row.outcome, "value"].to_numpy(dtype=float), row, signs)
        label = "\n".join(textwrap.wrap(f"{row.label} [{row.unit}]" if row.unit else row.label, MOST_LETTERS)[:3])
        sheet.text(LEFT - 2, top + ROW / 2, label, ha="right", va="center", linespacing=1.05)
        sheet.text(WIDTH - RIGHT + 2, top + ROW / 2, row.said, va="center", linespacing=1.05)
    return sheet.figure


def draw_points(axes: Axes, values: np.ndarray, row: Any, signs: bool) -> None:
    """One outcome: a dot a point, in the colour of its sign, and the default with its interval."""
    known = np.sort(values[np.isfinite(values)])
    heights = (np.arange(len(known)) * GOLDEN) % 1 * 0.7 + 0.15
    for sign, colour in SIGN_COLOURS.items():
        mine = np.sign(known) == sign if signs else np.full(len(known), sign == 0)
        axes.plot(
            known[mine],
            heights[mine],
            "o",
            markersize=2.2,
            color=colour if signs else BASE,
            alpha=0.75,
            markeredgewidth=0,
            linestyle="none",
        )
    if signs:
        axes.axvline(0, color=BASE, linewidth=0.8, zorder=0)
    if np.isfinite(row.default):
        if np.isfinite(row.default_low):
            axes.plot([row.default_low, row.default_high], [0.5, 0.5], color=INK, linewidth=1.0, solid_capstyle="butt")
        axes.plot(row.default, 0.5, "D", markersize=4.2, color=INK, markeredgecolor="white", markeredgewidth=0.6)
    ends = np.array([*known, row.default, row.default_low, row.default_high, *([0.0] if signs else [])])
    ends = ends[np.isfinite(ends)]
    if not ends.size or not np.ptp(ends) > 0:
        middle = float(ends[0]) if ends.size else 0.0
        ends = np.array([middle - 1, middle + 1])
    pad = 0.04 * np.ptp(ends)
    axes.set(xlim=(ends.min() - pad, ends.max() + pad), ylim=(0, 1), yticks=[])
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: row.ticks(value)))
    axes.tick_params(axis="x", labelsize=LETTER, pad=1.0, length=2)
    axes.grid(visible=False)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _key(signs: bool) -> list[Line2D]:
    names = {SIGN_COLOURS[sign]: f"a point: {SIGN_WORDS[sign]}" for sign in (1, -1, 0)} if signs else {BASE: "a point"}
    dots = [_mark("o", 3.4, colour, name) for colour, name in names.items()]
    return [*dots, _mark("D", 4.2, INK, "at the defaults, 95% interval" if signs else "at the defaults")]


def _mark(marker: str, size: float, colour: str, name: str) -> Line2D:
    return Line2D([], [], marker=marker, markersize=size, color=colour, label=name, linestyle="none", markeredgewidth=0)
