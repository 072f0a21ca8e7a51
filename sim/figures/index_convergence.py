"""Indices at growing parts of the same runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.figures.style import in_house_style
from sim.figures.style.axes import plain_number
from sim.figures.style.factors import (
    FACTOR_COLOURS,
    FLOOR,
    FOOT,
    LUCK_GREY,
    MOST_FACTORS,
    name_curves,
    short_name,
)
from sim.figures.style.marks import LETTER
from sim.figures.style.sheet import WIDTH, Sheet

CRITERIA = (
    ("width", "values", 0.05, "#0072B2"),
    ("disorder", "ranking", 1.0, "#882255"),
    ("screening", "screening", 0.05, "#117733"),
)
"""Column, words, limit and colour of what must settle."""


@in_house_style
def index_convergence(
    trace: pd.DataFrame, runs_a_part: float, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Have the indices settled, and their order?

    Parameters
    ----------
    trace : parts, factor, value, low, high, width, disorder, screening; from `sim.analysis.sensitivity.convergence`
    runs_a_part : to turn parts into runs
    about : "title" and "footer"
    """
    sheet = Sheet(92, about["title"], figure, foot=about["footer"])
    sizes = np.sort(trace["parts"].unique()) * runs_a_part
    for x, width, draw in ((15, 74, draw_indices), (WIDTH - 45, 41, draw_criteria)):
        axes = sheet.panel(x, 14, width, sheet.height - 14 - FOOT)
        draw(axes, trace, runs_a_part)
        axes.set_xlabel("runs")
        axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
        axes.minorticks_off()
    return sheet.figure


def draw_indices(axes: Axes, trace: pd.DataFrame, runs_a_part: float) -> None:
    """The largest indices and their intervals over the number of runs."""
    whole = float(trace["parts"].max())
    last = trace[trace["parts"] == whole]
    largest = last[last["factor"] != "dummy"].nlargest(MOST_FACTORS, "value")
    labels = []
    for number, (name, value) in enumerate(zip(largest["factor"], largest["value"], strict=True)):
        rows = trace[trace["factor"] == name].sort_values("parts")
        colour = LUCK_GREY if name == "luck" else FACTOR_COLOURS[number % len(FACTOR_COLOURS)]
        runs = rows["parts"] * runs_a_part
        axes.fill_between(runs, rows["low"], rows["high"], color=colour, alpha=0.12, linewidth=0)
        axes.plot(runs, rows["value"], color=colour, marker="o", markersize=2.5)
        labels.append((float(value), short_name(name)[:28], colour))
    axes.set_xscale("log", base=2)
    axes.set(title="The largest indices at parts of the same runs, 95% intervals", ylim=(0, None))
    name_curves(axes, whole * runs_a_part, labels)


def draw_criteria(axes: Axes, trace: pd.DataFrame, runs_a_part: float) -> None:
    """The three criteria, each over its limit: settled below 1."""
    once = trace.drop_duplicates("parts").sort_values("parts")
    for column, _, limit, colour in CRITERIA:
        height = np.maximum(once[column] / limit, 0.05)
        axes.plot(once["parts"] * runs_a_part, height, color=colour, marker="o", markersize=2.5)
    axes.axhline(1, color=FLOOR, linewidth=0.9, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set(yscale="log", ylim=(0.04, None))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axes.set_title("Settled below the line\n", fontsize=LETTER)
    for place, (_, words, _, colour) in enumerate(CRITERIA):
        axes.text(0.32 * place, 1.02, words, transform=axes.transAxes, fontsize=LETTER, color=colour)
