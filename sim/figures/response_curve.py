"""One outcome over one number of the scenario."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from sim.figures.style.marks import BASE, INK, LETTER, MILLIMETRE, QUIET, SCENARIO_COLOURS
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style


def response_curve(rows: pd.DataFrame, about: dict[str, str], figure: Figure | None = None) -> Figure:
    """How does an outcome respond to one number, under the same luck at every point?

    Parameters
    ----------
    rows : other, value, mean, low_run, high_run (replicates), difference, low, high (95% paired), in spoken units
    about : "key", "key_unit", "outcome", "unit", "change_unit", "reference" and "footer", in words
    """
    names = list(dict.fromkeys(rows["other"]))
    height, left, right, top, foot = 72.0, 14.0, 4.0, 17.0, 15.0
    with house_style():
        figure = figure or Figure()
        figure.set_size_inches(WIDTH * MILLIMETRE, height * MILLIMETRE)
        heading = f"How does the {about['outcome']} respond?"
        figure.text(1.5 / WIDTH, 1 - 4.3 / height, heading, fontsize=8.5, fontweight="bold", color=INK)
        for number, name in enumerate(names):
            figure.text(
                (1.5 + 44 * number) / WIDTH,
                1 - 8.8 / height,
                name[:30],
                fontsize=LETTER,
                color=SCENARIO_COLOURS[number % len(SCENARIO_COLOURS)],
                fontweight="bold",
            )
        figure.text(1.5 / WIDTH, 1.5 / height, about["footer"], fontsize=LETTER, color=QUIET, va="bottom")
        width = (WIDTH - 2 * (left + right)) / 2
        for number, (middle, low, high, title, unit) in enumerate(
            (
                ("mean", "low_run", "high_run", "Level: mean, band 10-90% of the replicates", about["unit"]),
                (
                    "difference",
                    "low",
                    "high",
                    f"Paired difference from {about['reference']}, 95%",
                    about["change_unit"],
                ),
            )
        ):
            x = left + number * (width + left + right)
            axes = figure.add_axes((x / WIDTH, foot / height, width / WIDTH, (height - top - foot) / height))
            for place, name in enumerate(names):
                each, colour = rows[rows["other"] == name], SCENARIO_COLOURS[place % len(SCENARIO_COLOURS)]
                axes.fill_between(each["value"], each[low], each[high], color=colour, alpha=0.2, linewidth=0)
                axes.plot(each["value"], each[middle], color=colour, marker="o", markersize=3)
            axes.set_title(title)
            axes.margins(x=0.03)
            axes.set_xlabel(f"{about['key']} [{about['key_unit']}]")
            axes.set_ylabel(unit)
        figure.axes[1].axhline(0.0, color=BASE, linewidth=0.8)
    return figure
