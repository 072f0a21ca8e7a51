"""Colours, names and sheets that the figures of sensitivity share."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style.marks import INK, LETTER, MILLIMETRE, QUIET
from sim.figures.style.page import WIDTH

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
STACK = ("#332288", "#0072B2", "#44AA99", "#117733", "#B8860B", "#CC6677", "#882255", "#AA4499")
"""Colours of a stack, told apart by readers of all kinds of sight."""
LUCK_GREY = "#9a9a9a"
MOST_STACKED = 7
LEFT, TOP, FOOT = 56.0, 15.0, 13.0
NAME = 42


def block_colour(block: str) -> str:
    """Colour of a block of assumptions; one blue for what belongs to none."""
    return BLOCK_COLOURS.get(block, PLAIN)


def short(name: str) -> str:
    """A name that fits beside an axis."""
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"


def factor_sheet(heading: str, footer: str, height: float, figure: Figure | None) -> Figure:
    figure = figure or Figure()
    figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
    figure.text(1.5 / WIDTH, 1 - 4.3 / height, heading, fontsize=8.5, fontweight="bold", color=INK)
    figure.text(1.5 / WIDTH, 1.5 / height, footer, fontsize=LETTER, color=QUIET, va="bottom")
    return figure


def factor_panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes by millimetres from the upper left."""
    whole = figure.get_size_inches()[1] / MILLIMETRE
    return figure.add_axes((left / WIDTH, 1 - (top + height) / whole, width / WIDTH, height / whole))


def block_key(figure: Figure, blocks: Sequence[str], top: float = 9.2) -> None:
    """Blocks of assumptions and their colours, in a line."""
    whole, x = figure.get_size_inches()[1] / MILLIMETRE, 1.5
    for block in blocks:
        colour = block_colour(block)
        figure.text(x / WIDTH, 1 - top / whole, block, fontsize=LETTER, color=colour, fontweight="bold")
        x += 5.0 + 1.7 * len(block)


def blocks_of(table: pd.DataFrame) -> list[str]:
    found = set(table["block"])
    return [block for block in BLOCK_COLOURS if block in found and block != "dummy"]


def name_factors(axes: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    for label, colour in zip(axes.get_yticklabels(), colours, strict=True):
        label.set_color(colour)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.grid(axis="y", visible=False)


def label_right_ends(axes: Axes, x: float, labels: Sequence[tuple[float, str, str]]) -> None:
    """Words at the right end, pushed apart so that none lies on another."""
    low, high = axes.get_ylim() if not labels else (min(0.0, axes.get_ylim()[0]), axes.get_ylim()[1])
    if all(0 <= height <= 1 for height, _, _ in labels):
        high = max(high, 1.0) if high > 0.9 else high
    gap, ordered = (high - low) / 17, sorted(labels)
    heights = [height for height, _, _ in ordered]
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + gap)
    above = high  # what was pushed out at the top comes down again
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], above)
        above = heights[place] - gap
    for height, (_, text, colour) in zip(heights, ordered, strict=True):
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
