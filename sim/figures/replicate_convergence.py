"""Whether an ensemble has enough replicates: how its spreads have settled, and how narrow its intervals are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from sim.figures.style.marks import BASE, INK, LETTER, MILLIMETRE, QUIET, SCENARIO_COLOURS
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

FIRST = 3
"""Replicates from which on a spread is worth drawing."""


def replicate_convergence(rows: pd.DataFrame, about: dict[str, str], figure: Figure | None = None) -> Figure:
    """Are these replicates enough?

    Parameters
    ----------
    rows : outcome, count, spread (over that of all replicates), low and high (95% of normal values), width (of the 95%
        interval of the mean over what is narrow enough) and foreseen (the same, beyond the replicates that were run)
    about : "verdict", "footer", in words
    """
    names = list(dict.fromkeys(rows["outcome"]))
    height, left, right, top, foot = 84.0, 14.0, 5.0, 25.0, 16.0
    rows = rows[rows["count"] >= FIRST]
    with house_style():
        figure = figure or Figure()
        figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
        heading = "Are these replicates enough?"
        figure.text(1.5 / WIDTH, 1 - 4.3 / height, heading, fontsize=8.5, fontweight="bold", color=INK)
        figure.text(1.5 / WIDTH, 1 - 8.8 / height, about["verdict"], fontsize=LETTER, color=INK)
        for number, name in enumerate(names):
            across, down = number % 3, number // 3
            figure.text(
                (1.5 + 59 * across) / WIDTH,
                1 - (12.6 + 3.6 * down) / height,
                name,
                fontsize=LETTER,
                color=SCENARIO_COLOURS[number % len(SCENARIO_COLOURS)],
                fontweight="bold",
            )
        figure.text(1.5 / WIDTH, 1.5 / height, about["footer"], fontsize=LETTER, color=QUIET, va="bottom")
        width = (WIDTH - 2 * (left + right)) / 2
        panels = [
            figure.add_axes(
                (
                    (left + number * (width + left + right)) / WIDTH,
                    foot / height,
                    width / WIDTH,
                    (height - top - foot) / height,
                )
            )
            for number in range(2)
        ]
        settled, narrow = panels
        band = rows.drop_duplicates("count").dropna(subset=["low"]).sort_values("count")
        settled.fill_between(band["count"], band["low"], band["high"], color=BASE, alpha=0.12, linewidth=0)
        for number, name in enumerate(names):
            each, colour = rows[rows["outcome"] == name], SCENARIO_COLOURS[number % len(SCENARIO_COLOURS)]
            settled.plot(each["count"], each["spread"], color=colour)
            narrow.plot(each["count"], each["width"], color=colour)
            narrow.plot(each["count"], each["foreseen"], color=colour, linestyle=":")
        settled.axhline(1.0, color=BASE, linewidth=0.8)
        narrow.axhline(1.0, color=BASE, linewidth=0.8)
        settled.set_title("Spread over luck: the first n replicates against all")
        settled.set_ylabel("ratio of standard deviations")
        settled.set_ylim(0, 2)
        narrow.set_title("Interval of the mean against the goal")
        narrow.set_ylabel("95% width over goal")
        narrow.set_yscale("log")
        for axes, last in ((settled, rows.dropna(subset=["spread"])["count"].max()), (narrow, rows["count"].max())):
            axes.set_xscale("log")
            axes.set_xlim(FIRST, max(last, FIRST + 1))
            ticks = [tick for tick in (3, 4, 5, 7, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if tick <= max(last, 5)]
            axes.xaxis.set_major_locator(FixedLocator(ticks))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticklabels([f"{tick:,}" for tick in ticks])
            axes.set_xlabel("replicates")
        ends = np.array(narrow.get_ylim())
        marks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if ends[0] <= tick <= ends[1]]
        narrow.yaxis.set_major_locator(FixedLocator(marks))
        narrow.yaxis.set_minor_locator(NullLocator())
        narrow.set_yticklabels([f"{tick:g}" for tick in marks])
    return figure
