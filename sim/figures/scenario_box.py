"""A box of assumptions that leads to an outcome."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.factors import FLOOR, FOOT, LEFT, TOP, block_colour, name_factors
from sim.figures.style.marks import INK, LETTER, QUIET
from sim.figures.style.sheet import WIDTH, Sheet

ROW = 9.0
"""Height of a factor's line [mm]."""


@in_house_style
def scenario_box(
    limits: pd.DataFrame, trade_off: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Which region of assumptions leads to the outcome, and what does a tighter box cost?

    Parameters
    ----------
    limits : factor, block, low, high (quantiles of the factor's range), low_text, high_text
    trade_off : coverage, density, restricted, chosen
    about : "title", "words" and "footer"
    """
    sheet = Sheet(max(64.0, TOP + ROW * len(limits) + FOOT), about["title"], figure, foot=about["footer"])
    sheet.text(1.5, 9.2, about["words"], color=QUIET)
    draw_limits(sheet.panel(LEFT, TOP, 60, ROW * len(limits)), limits)
    draw_trade_off(sheet.panel(WIDTH - 48, TOP, 44, sheet.height - TOP - FOOT), trade_off)
    return sheet.figure


def draw_limits(axes: Axes, limits: pd.DataFrame) -> None:
    """The part of each factor's range that lies in the box."""
    colours = [block_colour(block) for block in limits["block"]]
    for place, (row, colour) in enumerate(zip(limits.to_dict("records"), colours, strict=True)):
        axes.barh(place, 1, 0.34, color="#eeeeee", zorder=1)
        axes.barh(place, row["high"] - row["low"], 0.34, left=row["low"], color=colour, zorder=2)
        axes.text(row["low"] + 0.01, place - 0.3, row["low_text"], fontsize=LETTER, color=INK, va="bottom")
        axes.text(row["high"], place - 0.3, row["high_text"], fontsize=LETTER, color=INK, va="bottom", ha="right")
    name_factors(axes, limits["factor"].tolist(), colours)
    axes.set(
        xlim=(0, 1),
        ylim=(len(limits) - 0.4, -0.85),
        xticks=[0, 0.5, 1],
        xlabel="quantile of the factor's range (grey: all of it)",
    )


def draw_trade_off(axes: Axes, trade_off: pd.DataFrame) -> None:
    """Density against coverage of every box on the way; a ring around the one that was chosen."""
    axes.scatter(
        trade_off["coverage"], trade_off["density"], c=trade_off["restricted"], s=9, cmap="viridis_r", zorder=2
    )
    chosen = trade_off[trade_off["chosen"]]
    axes.scatter(
        chosen["coverage"], chosen["density"], s=46, facecolor="none", edgecolor=FLOOR, linewidth=1.2, zorder=3
    )
    axes.set(
        title="Trade-off; darker: more limits", xlim=(0, 1.03), ylim=(0, 1.03), xlabel="coverage", ylabel="density"
    )
    axes.grid(axis="both")
