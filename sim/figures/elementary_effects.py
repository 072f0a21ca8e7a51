"""Mean and spread of elementary effects."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style import in_house_style
from sim.figures.style.factors import FLOOR, FOOT, TOP, block_colour, block_key, short_name
from sim.figures.style.marks import LETTER, QUIET, lighter
from sim.figures.style.sheet import WIDTH, Sheet

MOST_LABELS = 14


@in_house_style
def elementary_effects(table: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Which factors move the outcome, do they do it straight, and which lie at the floor?

    Parameters
    ----------
    table : factor, block, mu_star, mu_star_low, mu_star_high, sigma, floor, standing
    about : "title", "unit" and "footer"
    """
    rows = table[table["factor"] != "dummy"]
    sheet = Sheet(104, about["title"], figure, foot=about["footer"])
    block_key(sheet, rows)
    draw_effects(sheet.panel(15, TOP, WIDTH - 15 - 40, sheet.height - TOP - FOOT), rows, about["unit"])
    rows = rows[rows["factor"] != "luck"]
    influential = int((rows["standing"] == "influential").sum())
    note = (
        f"{influential} of {len(rows)} factors are influential (full marks). On the broken line an effect changes "
        "as much as it is large: a factor above it is curved or interacts. Bars: 95% interval of mu*. Dotted: "
        "2% of the largest effect, or what nothing reaches."
    )
    sheet.text(WIDTH - 37, 0.22 * sheet.height, textwrap.fill(note, 27), color=QUIET, va="top")
    return sheet.figure


def draw_effects(axes: Axes, rows: pd.DataFrame, unit: str) -> None:
    """mu* against sigma, one mark a factor."""
    top = float(max(rows["mu_star_high"].max(), 1e-12))
    for row in rows.to_dict("records"):
        colour = block_colour(row["block"])
        axes.plot(
            [row["mu_star_low"], row["mu_star_high"]], [row["sigma"]] * 2, color=lighter(colour, 0.6), linewidth=1
        )
        axes.plot(
            row["mu_star"],
            row["sigma"],
            marker="D" if row["factor"] == "luck" else "o",
            markersize=4,
            color=colour,
            markerfacecolor=colour if row["standing"] == "influential" else "white",
        )
    axes.plot([0, top], [0, top], color=QUIET, linewidth=0.6, linestyle="--", zorder=1)
    axes.axvline(
        max(float(rows["floor"].max()), 0.02 * float(rows["mu_star"].max())), color=FLOOR, linewidth=0.8, linestyle=":"
    )
    axes.set(
        xlim=(0, top * 1.05),
        ylim=(0, max(float(rows["sigma"].max()) * 1.08, 1e-12)),
        xlabel=f"mu*: mean size of the change over a factor's whole range [{unit}]",
        ylabel=f"sigma: spread of that change [{unit}]",
    )
    _label_points(axes, rows.nlargest(MOST_LABELS, "mu_star"))
    axes.grid(axis="both")


def _label_points(axes: Axes, rows: pd.DataFrame) -> None:
    """Names beside marks; one that would lie on another moves up or down, and one that has no room is left out."""
    taken: list[tuple[float, float]] = []
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    for row in rows.to_dict("records"):
        x, y = row["mu_star"] / right, row["sigma"] / top
        free = [
            y + shift
            for shift in (0.0, 0.035, -0.035, 0.07, -0.07)
            if all(abs(y + shift - other_y) > 0.03 or abs(x - other_x) > 0.3 for other_x, other_y in taken)
        ]
        if not free:
            continue
        taken.append((x, free[0]))
        axes.annotate(
            short_name(row["factor"]),
            (row["mu_star"], free[0] * top),
            xytext=(4 if x < 0.7 else -4, 4),
            textcoords="offset points",
            fontsize=LETTER,
            color=block_colour(row["block"]),
            ha="left" if x < 0.7 else "right",
            va="center",
        )
