"""What each loop contributes over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style.loops import LOOP_COLOURS, SHORT, loop_panel, loop_sheet, notes_height, year_axis
from sim.figures.style.marks import INK, LETTER
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style
from sim.model.loops import LOOPS


def loop_ledger(
    shapley: pd.DataFrame, dominance: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Which loop does the work, for whom, and when does another one take over?

    Parameters
    ----------
    shapley : outcome, loop, month, share
    dominance : graph, month, loop, steady
    about : "footer", "seeds", "hands": sentences on who leads when
    """
    notes = [
        "Above: Shapley's share of each loop in the difference that all reinforcing loops make together (line), from "
        f"runs of every coalition of loops under the same luck, mean of {about['seeds']} seeds. Below: Loops That "
        "Matter, parts of what moves the share of the lines in focus through each loop; + the way it is going, − "
        "against it.",
        about["footer"],
    ]
    there = {*shapley["loop"], *dominance["loop"]}
    loops = [loop for loop in LOOPS if loop in there]
    left, gap, top, tall = 13.0, 15.0, 21.0, 50.0
    wide = (WIDTH - 2 * left - gap + 9) / 2
    foot = notes_height(notes) + 7.0
    height = top + 2 * tall + 9.0 + foot
    with house_style():
        figure = loop_sheet(figure, height, "Loop ledger: which loop does the work, for whom, and when?", notes)
        for number, loop in enumerate(loops):
            x, y = 1.5 + (number % 6) * 29.5, 8.0 + 3.6 * (number // 6)
            figure.text(x / WIDTH, 1 - y / height, "■", color=LOOP_COLOURS[loop], fontsize=8, va="center")
            figure.text((x + 3) / WIDTH, 1 - y / height, SHORT[loop], color=INK, fontsize=LETTER, va="center")
        for place, (outcome, title, unit, scale) in enumerate(
            (
                ("focus_share", "Usage share of the lines in focus", "difference made by the loops [points]", 100.0),
                ("capability_gap", "Chinese lead in capability", "difference made by the loops [nats]", 1.0),
            )
        ):
            axes = loop_panel(figure, height, left + place * (wide + gap), top, (wide, tall))
            rows = shapley[shapley["outcome"] == outcome].pivot(index="loop", columns="month", values="share")
            _stack(axes, rows.loc[[loop for loop in loops if loop in rows.index]] * scale, title, unit, total=True)
        for place, graph in enumerate(dict.fromkeys(dominance["graph"])):
            axes = loop_panel(figure, height, left + place * (wide + gap), top + tall + 9.0, (wide, tall))
            rows = dominance[dominance["graph"] == graph].pivot(index="loop", columns="month", values="steady")
            _stack(
                axes,
                rows.loc[[loop for loop in loops if loop in rows.index]] * 100,
                f"Loops That Matter: {graph}",
                "part of all loops [%]",
                total=False,
            )
            axes.set_ylim(-100, 100)
    return figure


def _stack(axes: Axes, rows: pd.DataFrame, title: str, unit: str, *, total: bool) -> None:
    """Signed areas, what is positive above the line and what is negative below it."""
    months, values = rows.columns.to_numpy(dtype=float), rows.to_numpy()
    for side in (1.0, -1.0):
        floor = np.zeros(len(months))
        for loop, row in zip(rows.index, values, strict=True):
            part = np.where(side * row > 0, row, 0.0)
            axes.fill_between(
                months, floor, floor + part, color=LOOP_COLOURS[loop], linewidth=0.25, edgecolor="white", zorder=2
            )
            floor = floor + part
    if total:
        axes.plot(months, values.sum(axis=0), color="white", linewidth=2.6, zorder=3)
        axes.plot(months, values.sum(axis=0), color=INK, linewidth=1.3, zorder=4)
    axes.axhline(0.0, color="#404040", linewidth=0.7, zorder=5)
    axes.set_title(title)
    axes.set_ylabel(unit)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    year_axis(axes, months)
