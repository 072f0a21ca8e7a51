"""One outcome over one number of the scenario."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.marks import BASE, SCENARIO_COLOURS
from sim.figures.style.sheet import Sheet

LEFT, RIGHT, TOP, FOOT = 14.0, 4.0, 17.0, 15.0


@in_house_style
def response_curve(rows: pd.DataFrame, about: dict[str, str], figure: Figure | None = None) -> Figure:
    """How does an outcome respond to one number, under the same luck at every point?

    Parameters
    ----------
    rows : other, value, mean, low_run, high_run (replicates), difference, low, high (95% paired), in spoken units
    about : "key", "key_unit", "outcome", "unit", "change_unit", "reference" and "footer", in words
    """
    names = list(dict.fromkeys(rows["other"]))
    colours = {name: SCENARIO_COLOURS[place % len(SCENARIO_COLOURS)] for place, name in enumerate(names)}
    sheet = Sheet(72.0, f"How does the {about['outcome']} respond?", figure, foot=about["footer"])
    sheet.names(colours)
    level, difference = sheet.row(2, TOP, sheet.height - TOP - FOOT, LEFT, RIGHT)
    draw_response(level, rows, ("mean", "low_run", "high_run"), colours)
    level.set(title="Level: mean, band 10-90% of the replicates", ylabel=about["unit"])
    draw_response(difference, rows, ("difference", "low", "high"), colours)
    difference.set(title=f"Paired difference from {about['reference']}, 95%", ylabel=about["change_unit"])
    difference.axhline(0.0, color=BASE, linewidth=0.8)
    for axes in (level, difference):
        axes.margins(x=0.03)
        axes.set_xlabel(f"{about['key']} [{about['key_unit']}]")
    return sheet.figure


def draw_response(axes: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], colours: dict[str, str]) -> None:
    """A line with its band for every scenario; ``columns`` hold the line and both ends of the band."""
    middle, low, high = columns
    for name, colour in colours.items():
        points = rows[rows["other"] == name]
        axes.fill_between(points["value"], points[low], points[high], color=colour, alpha=0.2, linewidth=0)
        axes.plot(points["value"], points[middle], color=colour, marker="o", markersize=3)
