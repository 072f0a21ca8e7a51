"""The loops as they run, link by link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from sim.basics.words import signed
from sim.figures.style import in_house_style
from sim.figures.style.loops import MINUS, PLUS, loop_name, loop_sheet
from sim.figures.style.marks import INK, LETTER, QUIET, lighter
from sim.figures.style.sheet import WIDTH

NOTHING = "#9a9a9a"

PATHS: dict[str, tuple[tuple[str, str], ...]] = {
    "R1": (("+", "usage"), ("+", "telemetry"), ("+", "skill"), ("+", "")),
    "R1p": (("+", "use at home"), ("+", "partner data"), ("+", "skill"), ("+", "")),
    "R2": (("+", "revenue"), ("+", "compute"), ("+", "capability"), ("+", "")),
    "R3": (("+", "startups"), ("+", "ecosystem"), ("+", "")),
    "R4": (("+", "word of mouth"), ("+", "awareness"), ("+", "")),
    "R5": (("+", "neighbours"), ("+", "")),
    "R6": (("+", "usage"), ("+", "experience"), ("−", "cost"), ("−", "")),
    "R7": (("+", "tenure"), ("+", "")),
    "R8": (("+", "capex at home"), ("+", "domestic chips"), ("+", "capability"), ("+", "")),
    "B1": (("+", "API usage"), ("+", "load"), ("+", "price"), ("−", "")),
    "B2": (("+", "capability"), ("−", "gap to leader"), ("+", "borrowed skill"), ("+", "")),
    "B3": (("+", "chips"), ("−", "powered part"), ("+", "capability"), ("+", "")),
    "B5": (("+", "exposure"), ("+", "friction"), ("−", "")),
}
"""Each loop from the share to worth: the sign of a link, and what it leads to. All close through choice.

The curvature of data (B4) is no path; it sits between data and skill.
"""

ROW, BOX, SIDE, GAINS_WIDE, WORD = 9.0, 5.2, 19.0, 46.0, 20.0
"""Sizes [mm]: step between loops, height of a box, widths of the boxes at both ends, of the gains and of words."""


@in_house_style
def loop_diagram(gains: pd.DataFrame, about: Mapping[str, str], horizon: int, figure: Figure | None = None) -> Figure:
    """Through which links does the share come back to what lines are worth, and how much of it?

    Parameters
    ----------
    gains : loop -> gain, low, high, one row a loop that is shown
    about : "month" at which gains are read, "footer"
    horizon : months after which gains are read
    """
    notes = [
        "Every arrow has the sign of its link: + (blue) the target follows the source, − (orange) it goes the other "
        "way. Its width is the gain of the loop; grey: not told from nought. All loops meet in what lines are worth "
        "and close through the choices of adopters. Skill and borrowing are of the lines in focus against the others.",
        about["footer"],
    ]
    shown = [loop for loop in PATHS if loop in gains.index]
    top = 17.0
    largest = max(float(np.abs(gains.loc[shown, "gain"]).max()), 1e-9)
    heading = f"The loops of the running model, and what each returns after {horizon} months ({about['month']})"
    sheet = loop_sheet(top + ROW * len(shown), heading, notes, figure)
    axes = sheet.panel(0.0, 0.0, WIDTH, sheet.height)
    axes.set(xlim=(0, WIDTH), ylim=(sheet.height, 0))
    axes.axis("off")
    left, right = 3.0, WIDTH - GAINS_WIDE - SIDE
    middle = top + ROW * len(shown) / 2
    for x, words in ((left, "share\nof the lines\nin focus"), (right, "what lines\nare worth\nto adopters")):
        _box(axes, x, top, SIDE, ROW * len(shown) - (ROW - BOX), lighter("#404040", 0.82))
        axes.text(x + SIDE / 2, middle, words, ha="center", va="center", fontsize=7.5, fontweight="bold", color=INK)
    _closing_arrow(axes, left + SIDE / 2, right + SIDE / 2, top)
    x = right + SIDE + 1.5
    words = "loop, and utils returned\nper util put in (95%)"
    axes.text(x, top - 5.0, words, fontsize=LETTER, color=QUIET, va="center", linespacing=1.1)
    for place, loop in enumerate(shown):
        y = top + ROW * place + BOX / 2
        gain = gains.loc[loop]
        sure = bool(gain["low"] > 0 or gain["high"] < 0)
        width = 0.5 + 4.5 * abs(float(gain["gain"])) / largest
        _path(axes, PATHS[loop], (left + SIDE, right), y, width, sure)
        axes.text(x, y - 1.7, loop_name(loop), fontsize=LETTER, color=INK, va="center", fontweight="bold")
        axes.text(x, y + 1.6, _gain_words(gain), fontsize=LETTER, color=INK, va="center")
    return sheet.figure


def _gain_words(row: pd.Series) -> str:
    if not np.isfinite(row["gain"]):
        return "not measured"
    if row["gain"] == 0 and row["low"] == 0 == row["high"]:
        return "exactly 0"
    return f"{_signed(row['gain'])} ({_signed(row['low'])} to {_signed(row['high'])})"


def _signed(value: float) -> str:
    return signed(value, 3).replace("-", "−")


def _box(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    style = "round,pad=0,rounding_size=1.2"
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle=style, facecolor=colour, edgecolor="#8a8a8a", linewidth=0.6, zorder=3
        )
    )


def _path(
    axes: Axes, path: Sequence[tuple[str, str]], ends: tuple[float, float], y: float, width: float, sure: bool
) -> None:
    """One loop: boxes with arrows between them, evenly along the row."""
    boxes = len(path) - 1
    room = (ends[1] - ends[0] - WORD * boxes) / (boxes + 1)
    x = ends[0]
    for place, (sign, words) in enumerate(path):
        _arrow(axes, (x, y), (x + room, y), sign, width, sure)
        x += room
        if place < boxes:
            _box(axes, x, y - BOX / 2, WORD, BOX, "white")
            axes.text(x + WORD / 2, y + 0.1, words, ha="center", va="center", fontsize=LETTER, color=INK, zorder=4)
            x += WORD


def _arrow(
    axes: Axes, begin: tuple[float, float], end: tuple[float, float], sign: str, width: float, sure: bool
) -> None:
    colour = (PLUS if sign == "+" else MINUS) if sure else NOTHING
    axes.add_patch(
        FancyArrowPatch(
            begin,
            end,
            arrowstyle="-|>",
            mutation_scale=4.0 + 1.3 * width,
            linewidth=width,
            color=colour,
            shrinkA=0.5,
            shrinkB=0.5,
            zorder=2,
        )
    )
    _sign(axes, (begin[0] + end[0]) / 2 - 0.6, begin[1], sign, colour, 0.12)


def _sign(axes: Axes, x: float, y: float, sign: str, colour: str, room: float) -> None:
    """A sign in a ring."""
    axes.text(
        x,
        y,
        sign,
        ha="center",
        va="center",
        fontsize=8,
        fontweight="bold",
        color=colour,
        zorder=5,
        bbox={"boxstyle": f"circle,pad={room}", "facecolor": "white", "edgecolor": colour, "linewidth": 0.7},
    )


def _closing_arrow(axes: Axes, x_share: float, x_worth: float, top: float) -> None:
    """From worth back to the share, above everything."""
    y = top - 5.0
    axes.plot([x_worth, x_worth, x_share], [top, y, y], color=PLUS, linewidth=2.2, solid_joinstyle="miter", zorder=1)
    axes.add_patch(
        FancyArrowPatch(
            (x_share, y),
            (x_share, top),
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=2.2,
            color=PLUS,
            shrinkA=0,
            shrinkB=0.3,
            zorder=2,
        )
    )
    middle = (x_share + x_worth) / 2
    _sign(axes, middle, y, " + ", PLUS, 0.05)
    axes.text(middle + 4, y - 1.6, "choices of those who review or arrive", fontsize=LETTER, color=QUIET, va="center")
