"""Pairs of factors that act together."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sim.figures.style.factors import LEFT, PLAIN, TOP, factor_panel, factor_sheet, short
from sim.figures.style.marks import INK, LETTER, QUIET
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

MOST_PAIRS = 10


def interactions(pairs: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Which factors act together, beyond what each does alone?

    Parameters
    ----------
    pairs : first, second, value, low, high; a pair whose interval holds zero is shown hollow
    """
    strength = pd.concat([pairs.groupby("first")["value"].max(), pairs.groupby("second")["value"].max()])
    names = strength.groupby(level=0).max().nlargest(MOST_PAIRS).index.tolist()
    size = len(names)
    with house_style():
        height = TOP + 8.0 * size + 36
        figure = factor_sheet(about["title"], about["footer"], height, figure)
        axes = factor_panel(figure, LEFT, TOP, 9.5 * size, 8.0 * size)
        most = max(float(pairs["value"].max()), 1e-9)
        for row in pairs.to_dict("records"):
            if row["first"] not in names or row["second"] not in names:
                continue
            j, i = sorted((names.index(row["first"]), names.index(row["second"])))
            sure = row["low"] > 0
            if row["value"] > 0:
                edge = 0.94 * np.sqrt(min(row["value"] / most, 1))
                axes.add_patch(
                    Rectangle(
                        (j - edge / 2, i - edge / 2),
                        edge,
                        edge,
                        linewidth=0.8,
                        facecolor=PLAIN if sure else "white",
                        edgecolor=PLAIN,
                    )
                )
            if sure:
                axes.text(
                    j,
                    i,
                    f"{row['value']:.2f}",
                    ha="center",
                    va="center",
                    fontsize=LETTER - 1,
                    color="white" if row["value"] > most / 3 else INK,
                )
        axes.set_xlim(-0.5, size - 0.5)
        axes.set_ylim(size - 0.5, -0.5)
        axes.set_xticks(range(size), [short(name) for name in names], rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), [short(name) for name in names])
        axes.grid(False)
        axes.tick_params(length=0)
        note = (
            "Area: part of the variance that a pair holds beyond both alone (S2). Hollow: its 95% interval holds zero."
        )
        figure.text(
            (LEFT + 9.5 * size * 0.52) / WIDTH,
            1 - (TOP + 3) / height,
            textwrap.fill(note, 36),
            fontsize=LETTER,
            color=QUIET,
            va="top",
        )
    return figure
