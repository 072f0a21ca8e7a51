"""A box of assumptions that leads to an outcome."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from sim.figures.style.factors import FLOOR, FOOT, LEFT, TOP, block_colour, factor_panel, factor_sheet, name_factors
from sim.figures.style.marks import INK, LETTER, QUIET
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style


def scenario_box(
    limits: pd.DataFrame, trade_off: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Which region of assumptions leads to the outcome, and what does a tighter box cost?

    Parameters
    ----------
    limits : factor, block, low, high (coordinates), low_text, high_text, quasi_p
    trade_off : coverage, density, restricted, chosen
    """
    with house_style():
        height = max(64.0, TOP + 9.0 * len(limits) + FOOT)
        figure = factor_sheet(about["title"], about["footer"], height, figure)
        figure.text(1.5 / WIDTH, 1 - 9.2 / height, about["words"], fontsize=LETTER, color=QUIET)
        left = factor_panel(figure, LEFT, TOP, 60, 9.0 * len(limits))
        colours = [block_colour(block) for block in limits["block"]]
        for place, (row, colour) in enumerate(zip(limits.to_dict("records"), colours, strict=True)):
            left.barh(place, 1, 0.34, color="#eeeeee", zorder=1)
            left.barh(place, row["high"] - row["low"], 0.34, left=row["low"], color=colour, zorder=2)
            left.text(row["low"] + 0.01, place - 0.3, row["low_text"], fontsize=LETTER, color=INK, va="bottom")
            left.text(row["high"], place - 0.3, row["high_text"], fontsize=LETTER, color=INK, va="bottom", ha="right")
        name_factors(left, limits["factor"].tolist(), colours)
        left.set_ylim(len(limits) - 0.4, -0.85)
        left.set_xlim(0, 1)
        left.set_xlabel("quantile of the factor's range (grey: all of it)")
        left.set_xticks([0, 0.5, 1])
        right = factor_panel(figure, WIDTH - 48, TOP, 44, height - TOP - FOOT)
        right.scatter(
            trade_off["coverage"], trade_off["density"], c=trade_off["restricted"], s=9, cmap="viridis_r", zorder=2
        )
        chosen = trade_off[trade_off["chosen"]]
        right.scatter(
            chosen["coverage"], chosen["density"], s=46, facecolor="none", edgecolor=FLOOR, linewidth=1.2, zorder=3
        )
        right.set_xlabel("coverage")
        right.set_ylabel("density")
        right.set_xlim(0, 1.03)
        right.set_ylim(0, 1.03)
        right.grid(axis="both")
        right.set_title("Trade-off; darker: more limits")
    return figure
