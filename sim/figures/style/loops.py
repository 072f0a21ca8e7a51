"""Colours, names and sheets that the figures of the loops share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.basics.axes import RECORD_ENDS, START_YEAR
from sim.figures.style.marks import INK, LETTER, MILLIMETRE, QUIET
from sim.figures.style.page import PROJECTED, WIDTH
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
PLUS, MINUS = "#0072B2", "#D55E00"
HEADING_SIZE = 8.5
WORDS_A_LINE = 136
SHORT = {
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


def loop_sheet(figure: Figure | None, height: float, heading: str, notes: Sequence[str]) -> Figure:
    """A page with its heading and its notes; sizes in millimetres."""
    figure = figure or Figure()
    figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
    figure.text(1.5 / WIDTH, 1 - 4.6 / height, heading, fontsize=HEADING_SIZE, fontweight="bold", color=INK)
    lines = [line for note in notes for line in textwrap.wrap(note, WORDS_A_LINE, break_on_hyphens=False)]
    figure.text(1.5 / WIDTH, 1.4 / height, "\n".join(lines), fontsize=LETTER, color=QUIET, va="bottom", linespacing=1.2)
    return figure


def notes_height(notes: Sequence[str]) -> float:
    """Room that notes need [mm]."""
    return 3.1 * sum(len(textwrap.wrap(note, WORDS_A_LINE, break_on_hyphens=False)) for note in notes) + 2.0


def loop_panel(figure: Figure, height: float, x: float, top: float, size: tuple[float, float]) -> Axes:
    return figure.add_axes((x / WIDTH, 1 - (top + size[1]) / height, size[0] / WIDTH, size[1] / height))


def year_axis(axes: Axes, months: np.ndarray, label: bool = True, few: bool = False) -> None:
    first, last = float(months[0]), float(months[-1])
    axes.set_xlim(first, last)
    if last > RECORD_ENDS:
        axes.axvspan(max(RECORD_ENDS + 0.5, first), last, color=PROJECTED, linewidth=0, zorder=0)
    span = last - first
    step = 12 * max(1, round(span / 12 / (2.5 if few else 6)))
    begin = 12 * (step // 24) if few else 0  # labels at the very edge would touch the neighbour's
    ticks = [month for month in range(begin, int(last) + 1, step) if month >= first]
    axes.set_xticks(ticks, [str(START_YEAR + month // 12) for month in ticks] if label else [""] * len(ticks))


def loop_name(loop: str) -> str:
    """``R1 lab-captured data``."""
    return f"{loop} {LOOPS[loop].name}" if loop in LOOPS else {"total": "all together"}.get(loop, loop)


def footer(scenario: str, hash_: str, seeds: int, seed: int) -> str:
    """``baseline  ·  loops 1a2b3c4d  ·  20 replicates  ·  seed 1``."""
    shown = scenario if len(scenario) <= 60 else scenario[:57] + "..."
    return f"{shown}  ·  loops {hash_}  ·  {seeds} replicates  ·  seed {seed}"
