"""What each loop contributes over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style import in_house_style
from sim.figures.style.loops import LOOP_COLOURS, SHORT_NAMES, loop_sheet, year_axis
from sim.figures.style.marks import BASE, INK
from sim.figures.style.sheet import WIDTH
from sim.model.loops import LOOPS

OUTCOMES = (
    ("focus_share", "Usage share of the lines in focus", "points", 100.0),
    ("capability_gap", "Chinese lead in capability", "nats", 1.0),
)
"""Name, title, unit, and the unit's size."""

LEFT, TOP, TALL, GAP, BETWEEN = 13.0, 21.0, 50.0, 15.0, 9.0


@in_house_style
def loop_ledger(
    shapley: pd.DataFrame, dominance: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Which loop does the work, for whom, and when does another one take over?

    Parameters
    ----------
    shapley : outcome, loop, month, share
    dominance : graph, month, loop, steady
    about : "footer", "seeds"
    """
    notes = [
        "Above: Shapley's share of each loop in the difference that all reinforcing loops make together (line), from "
        f"runs of every coalition of loops under the same luck, mean of {about['seeds']} seeds. Below: Loops That "
        "Matter, parts of what moves the share of the lines in focus through each loop; + the way it is going, − "
        "against it.",
        about["footer"],
    ]
    held = {*shapley["loop"], *dominance["loop"]}
    loops = [loop for loop in LOOPS if loop in held]
    wide = (WIDTH - 2 * LEFT - GAP + 9) / 2
    heading = "Loop ledger: which loop does the work, for whom, and when?"
    sheet = loop_sheet(TOP + 2 * TALL + BETWEEN + 7.0, heading, notes, figure)
    for number, loop in enumerate(loops):
        x, top = 1.5 + (number % 6) * 29.5, 8.0 + 3.6 * (number // 6)
        sheet.text(x, top, "■", color=LOOP_COLOURS[loop], fontsize=8, va="center")
        sheet.text(x + 3, top, SHORT_NAMES[loop], va="center")
    for place, (outcome, title, unit, scale) in enumerate(OUTCOMES):
        axes = sheet.panel(LEFT + place * (wide + GAP), TOP, wide, TALL)
        draw_parts(axes, shapley[shapley["outcome"] == outcome], "share", scale, total=True)
        axes.set(title=title, ylabel=f"difference made by the loops [{unit}]")
    for place, graph in enumerate(dict.fromkeys(dominance["graph"])):
        axes = sheet.panel(LEFT + place * (wide + GAP), TOP + TALL + BETWEEN, wide, TALL)
        draw_parts(axes, dominance[dominance["graph"] == graph], "steady", 100, total=False)
        axes.set(title=f"Loops That Matter: {graph}", ylabel="part of all loops [%]", ylim=(-100, 100))
    return sheet.figure


def draw_parts(axes: Axes, rows: pd.DataFrame, column: str, scale: float, *, total: bool) -> None:
    """Areas by loop and month, what is positive above the line and what is negative below it, and their sum."""
    table = scale * rows.pivot(index="loop", columns="month", values=column)
    table = table.loc[[loop for loop in LOOPS if loop in table.index]]
    months, values = table.columns.to_numpy(dtype=float), table.to_numpy()
    for side in (1.0, -1.0):
        floor = np.zeros(len(months))
        for loop, row in zip(table.index, values, strict=True):
            part = np.where(side * row > 0, row, 0.0)
            axes.fill_between(
                months, floor, floor + part, color=LOOP_COLOURS[loop], linewidth=0.25, edgecolor="white", zorder=2
            )
            floor = floor + part
    if total:
        axes.plot(months, values.sum(axis=0), color="white", linewidth=2.6, zorder=3)
        axes.plot(months, values.sum(axis=0), color=INK, linewidth=1.3, zorder=4)
    axes.axhline(0.0, color=BASE, linewidth=0.7, zorder=5)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    year_axis(axes, months)
