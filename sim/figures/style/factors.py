"""Colours and names that the figures of sensitivity share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from sim.figures.style.axes import as_rows
from sim.figures.style.marks import LETTER
from sim.figures.style.sheet import Sheet

BLOCK_COLOURS = {
    "cost": "#B8860B",
    "data": "#882255",
    "policy": "#332288",
    "compute": "#0072B2",
    "social": "#117733",
    "luck": "#888888",
    "dummy": "#bbbbbb",
}
PLAIN = "#4477AA"
FLOOR = "#CC3311"
FACTOR_COLOURS = ("#332288", "#0072B2", "#44AA99", "#117733", "#B8860B", "#CC6677", "#882255", "#AA4499")
"""Colours of single factors, told apart by readers of all kinds of sight."""

LUCK_GREY = "#9a9a9a"
MOST_FACTORS = 7
"""Factors that get a colour of their own."""

LEFT, TOP, FOOT = 56.0, 15.0, 13.0
"""Room beside, above and below panels with the names of factors [mm]."""

LETTERS = 42
"""Letters of a name that fit beside an axis."""


def block_colour(block: str) -> str:
    """Colour of a block of assumptions; one blue for what belongs to none."""
    return BLOCK_COLOURS.get(block, PLAIN)


def short_name(name: str) -> str:
    """A name that fits beside an axis."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def block_key(sheet: Sheet, table: pd.DataFrame) -> None:
    """Name the blocks of assumptions that a table holds, each in its colour."""
    held = set(table["block"])
    x = 1.5
    for block, colour in BLOCK_COLOURS.items():
        if block in held and block != "dummy":
            sheet.text(x, 9.2, block, color=colour, fontweight="bold")
            x += 5.0 + 1.7 * len(block)


def name_factors(axes: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    """Names beside a vertical axis, one line a factor from the top, each in the colour of its block."""
    as_rows(axes, [short_name(name) for name in names])
    for label, colour in zip(axes.get_yticklabels(), colours, strict=True):
        label.set_color(colour)


def name_curves(axes: Axes, x: float, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write (height, text, colour) to the right of ``x``, pushed apart so that none lies on another."""
    low, high = axes.get_ylim()
    if labels:
        low = min(0.0, low)
    if high > 0.9 and all(0 <= height <= 1 for height, _, _ in labels):
        high = max(high, 1.0)
    ordered = sorted(labels)
    steps = (high - low) / 17 * np.arange(len(ordered))
    heights = np.maximum.accumulate(np.array([height for height, _, _ in ordered]) - steps) + steps
    heights = np.minimum(heights, high - steps[::-1])  # what was pushed out at the top comes down again
    for height, (_, text, colour) in zip(heights, ordered, strict=True):
        name_at(axes, x, height, text, colour)


def name_at(axes: Axes, x: float, height: float, text: str, colour: str) -> None:
    """Write to the right of a point, even outside the axes."""
    axes.annotate(
        text,
        (x, height),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=LETTER,
        color=colour,
        va="center",
        annotation_clip=False,
    )
