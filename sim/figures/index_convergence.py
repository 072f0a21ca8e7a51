"""Indices at growing parts of the same runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style.factors import (
    FLOOR,
    FOOT,
    LUCK_GREY,
    MOST_STACKED,
    STACK,
    factor_panel,
    factor_sheet,
    label_right_ends,
    short,
)
from sim.figures.style.marks import LETTER
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style


def index_convergence(
    trace: pd.DataFrame, runs_a_part: float, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Have the indices settled, and their order?

    Parameters
    ----------
    trace : parts, factor, value, low, high, width, disorder, screening; from `sim.analysis.sensitivity.convergence`
    runs_a_part : to turn parts into runs
    """
    with house_style():
        height = 92.0
        figure = factor_sheet(about["title"], about["footer"], height, figure)
        left = factor_panel(figure, 15, 14, 74, height - 14 - FOOT)
        right = factor_panel(figure, WIDTH - 45, 14, 41, height - 14 - FOOT)
        sizes = np.sort(trace["parts"].unique())
        last = trace[trace["parts"] == sizes[-1]]
        shown = last[~last["factor"].str.startswith("dummy")].nlargest(MOST_STACKED, "value")["factor"]
        for number, name in enumerate(shown):
            rows = trace[trace["factor"] == name].sort_values("parts")
            colour = LUCK_GREY if name == "luck" else STACK[number % len(STACK)]
            x = rows["parts"] * runs_a_part
            left.fill_between(x, rows["low"], rows["high"], color=colour, alpha=0.12, linewidth=0)
            left.plot(x, rows["value"], color=colour, marker="o", markersize=2.5)
        left.set_xscale("log", base=2)
        left.set_ylim(bottom=0)
        left.set_title("The largest indices at parts of the same runs, 95% intervals")
        label_right_ends(
            left,
            float(sizes[-1] * runs_a_part),
            [
                (
                    float(last.set_index("factor")["value"][name]),
                    short(name)[:28],
                    LUCK_GREY if name == "luck" else STACK[number % len(STACK)],
                )
                for number, name in enumerate(shown)
            ],
        )
        draw_criteria(right, trace, runs_a_part)
        for axes in (left, right):
            axes.set_xlabel("runs")
            axes.set_xticks(sizes * runs_a_part, [f"{size * runs_a_part:,.0f}" for size in sizes])
            axes.xaxis.set_minor_locator(MaxNLocator(1))
            axes.minorticks_off()
    return figure


def draw_criteria(axes: Axes, trace: pd.DataFrame, runs_a_part: float) -> Axes:
    """The three criteria, each over its limit: settled below 1."""
    once = trace.drop_duplicates("parts").sort_values("parts")
    x = once["parts"] * runs_a_part
    for column, limit, colour in (
        ("width", 0.05, "#0072B2"),
        ("disorder", 1.0, "#882255"),
        ("screening", 0.05, "#117733"),
    ):
        y = np.maximum(once[column] / limit, 0.05)
        axes.plot(x, y, color=colour, marker="o", markersize=2.5)
    axes.axhline(1, color=FLOOR, linewidth=0.9, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(0.04, None)
    axes.set_title("Settled below the line\n", fontsize=LETTER)
    for place, (words, colour) in enumerate((("values", "#0072B2"), ("ranking", "#882255"), ("screening", "#117733"))):
        axes.text(0.32 * place, 1.02, words, transform=axes.transAxes, fontsize=LETTER, color=colour)
    return axes
