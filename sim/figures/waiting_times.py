"""How long a level takes to be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.figures.style import in_house_style
from sim.figures.style.factors import FOOT, short_name
from sim.figures.style.marks import LETTER
from sim.figures.style.sheet import WIDTH, Sheet

LOWER, UPPER = "#0072B2", "#D55E00"
LEFT, TOP, GAP = 15.0, 17.0, 9.0


@in_house_style
def waiting_times(
    halves: Sequence[Mapping[str, Any]], about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """When is the level reached, in the lower and in the upper half of a factor?

    Parameters
    ----------
    halves : one entry a factor: "factor", "low" and "high", each (dates, part not yet there), "note"
    about : "title" and "footer"
    """
    sheet = Sheet(66, about["title"], figure, foot=about["footer"])
    width = (WIDTH - LEFT - 4 - GAP * (len(halves) - 1)) / len(halves)
    for number, factor in enumerate(halves):
        axes = sheet.panel(LEFT + number * (width + GAP), TOP, width, sheet.height - TOP - FOOT)
        for half, colour in (("low", LOWER), ("high", UPPER)):
            dates, part = factor[half]
            axes.step(dates, 1 - np.asarray(part), where="post", color=colour)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_title(f"{short_name(factor['factor'])}\n{factor['note']}", fontsize=LETTER)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        if number == 0:
            axes.set_ylabel("runs that are there (Kaplan-Meier)")
    sheet.text(1.5, 9.2, "lower half of the factor's range", color=LOWER, fontweight="bold")
    sheet.text(50, 9.2, "upper half", color=UPPER, fontweight="bold")
    return sheet.figure
