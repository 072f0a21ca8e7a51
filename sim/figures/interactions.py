"""Pairs of factors that act together."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.figures.style import in_house_style
from sim.figures.style.factors import LEFT, PLAIN, TOP, short_name
from sim.figures.style.marks import INK, LETTER, QUIET
from sim.figures.style.sheet import Sheet

MOST_FACTORS = 10
WIDE, TALL = 9.5, 8.0
"""Size of a pair's cell [mm]."""


@in_house_style
def interactions(pairs: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Which factors act together, beyond what each does alone?

    Parameters
    ----------
    pairs : first, second, value, low, high; a pair whose interval holds zero is shown hollow
    about : "title" and "footer"
    """
    strength = pd.concat([pairs.groupby("first")["value"].max(), pairs.groupby("second")["value"].max()])
    names = strength.groupby(level=0).max().nlargest(MOST_FACTORS).index.tolist()
    sheet = Sheet(TOP + TALL * len(names) + 36, about["title"], figure, foot=about["footer"])
    draw_pairs(sheet.panel(LEFT, TOP, WIDE * len(names), TALL * len(names)), pairs, names)
    note = "Area: part of the variance that a pair holds beyond both alone (S2). Hollow: its 95% interval holds zero."
    sheet.text(LEFT + WIDE * len(names) * 0.52, TOP + 3, textwrap.fill(note, 36), color=QUIET, va="top")
    return sheet.figure


def draw_pairs(axes: Axes, pairs: pd.DataFrame, names: list[str]) -> None:
    """A square for each pair below the diagonal, its area in proportion to the value."""
    most = max(float(pairs["value"].max()), 1e-9)
    for row in pairs.to_dict("records"):
        if row["first"] not in names or row["second"] not in names:
            continue
        x, y = sorted((names.index(row["first"]), names.index(row["second"])))
        sure = row["low"] > 0
        if row["value"] > 0:
            edge = 0.94 * np.sqrt(min(row["value"] / most, 1))
            axes.add_patch(
                Rectangle(
                    (x - edge / 2, y - edge / 2),
                    edge,
                    edge,
                    linewidth=0.8,
                    facecolor=PLAIN if sure else "white",
                    edgecolor=PLAIN,
                )
            )
        if sure:
            axes.text(
                x,
                y,
                f"{row['value']:.2f}",
                ha="center",
                va="center",
                fontsize=LETTER - 1,
                color="white" if row["value"] > most / 3 else INK,
            )
    labels = [short_name(name) for name in names]
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
    axes.set_xticks(range(len(names)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), labels)
    axes.grid(False)
    axes.tick_params(length=0)
