"""How long a level takes to be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.figures.style.factors import FOOT, factor_panel, factor_sheet, short
from sim.figures.style.marks import LETTER
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style


def waiting_times(
    halves: Sequence[Mapping[str, Any]], about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """When is the level reached, in the lower and in the upper half of a factor?

    Parameters
    ----------
    halves : one entry a factor: "factor", "low" and "high", each (dates, part not yet there), "note"
    """
    with house_style():
        height, count = 66.0, len(halves)
        figure = factor_sheet(about["title"], about["footer"], height, figure)
        width = (WIDTH - 15 - 4 - 9 * (count - 1)) / count
        for number, each in enumerate(halves):
            axes = factor_panel(figure, 15 + number * (width + 9), 17, width, height - 17 - FOOT)
            for side, colour in (("low", "#0072B2"), ("high", "#D55E00")):
                dates, part = each[side]
                axes.step(dates, 1 - np.asarray(part), where="post", color=colour)
            axes.set_ylim(0, 1)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.set_title(f"{short(each['factor'])}\n{each['note']}", fontsize=LETTER)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            if number == 0:
                axes.set_ylabel("runs that are there (Kaplan-Meier)")
        figure.text(
            1.5 / WIDTH,
            1 - 9.2 / height,
            "lower half of the factor's range",
            fontsize=LETTER,
            color="#0072B2",
            fontweight="bold",
        )
        figure.text(50 / WIDTH, 1 - 9.2 / height, "upper half", fontsize=LETTER, color="#D55E00", fontweight="bold")
    return figure
