"""Colours, names and sheets that the figures of the loops share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.basics.axes import RECORD_ENDS, START_YEAR
from sim.figures.style.marks import PROJECTED
from sim.figures.style.sheet import Sheet
from sim.model.loops import LOOPS

# told apart by readers of all kinds of sight: ten loops get ten of Tol's muted and bright colours
LOOP_COLOURS = {
    "R1": "#332288",
    "R1p": "#88CCEE",
    "R2": "#CC6677",
    "R3": "#117733",
    "R4": "#DDAA33",
    "R5": "#882255",
    "R6": "#44AA99",
    "R7": "#999933",
    "R8": "#AA4499",
    "B1": "#666666",
    "B2": "#994F00",
    "B3": "#999999",
    "B4": "#BBBBBB",
    "B5": "#1A1A1A",
}
SHORT_NAMES = {
    "R1": "R1 captured data",
    "R1p": "R1p partner data",
    "R2": "R2 revenue",
    "R3": "R3 ecosystem",
    "R4": "R4 awareness",
    "R5": "R5 peers",
    "R6": "R6 experience",
    "R7": "R7 own learning",
    "R8": "R8 chip learning",
    "B1": "B1 congestion",
    "B2": "B2 spillover",
    "B3": "B3 power limit",
    "B4": "B4 data returns",
    "B5": "B5 reactions",
    "R1+R1p": "R1 and R1p",
    "all R": "all R loops",
}
"""Names that fit over a small panel."""

PLUS, MINUS = "#0072B2", "#D55E00"
LETTERS_A_ROW = 136


def loop_name(loop: str) -> str:
    """``R1 lab-captured data``."""
    return f"{loop} {LOOPS[loop].name}" if loop in LOOPS else {"total": "all together"}.get(loop, loop)


def loop_sheet(height: float, heading: str, notes: Sequence[str], figure: Figure | None) -> Sheet:
    """A sheet with a heading, and with notes at its foot, below ``height`` millimetres for what is drawn."""
    rows = [row for note in notes for row in textwrap.wrap(note, LETTERS_A_ROW, break_on_hyphens=False)]
    sheet = Sheet(height + 3.1 * len(rows) + 2.0, heading, figure, heading_at=4.6)
    sheet.foot("\n".join(rows), 1.4, linespacing=1.2)
    return sheet


def year_axis(axes: Axes, months: np.ndarray, *, few: bool = False) -> None:
    """A horizontal axis of months with years at its ticks, and the projection in grey."""
    first, last = float(months[0]), float(months[-1])
    axes.set_xlim(first, last)
    if last > RECORD_ENDS:
        axes.axvspan(max(RECORD_ENDS + 0.5, first), last, color=PROJECTED, linewidth=0, zorder=0)
    step = 12 * max(1, round((last - first) / 12 / (2.5 if few else 6)))
    begin = 12 * (step // 24) if few else 0  # labels at the very edge would touch the neighbour's
    ticks = [month for month in range(begin, int(last) + 1, step) if month >= first]
    axes.set_xticks(ticks, [str(START_YEAR + month // 12) for month in ticks])
