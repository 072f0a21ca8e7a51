"""Mean and spread of elementary effects."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.figures.style.factors import (
    FLOOR,
    FOOT,
    TOP,
    block_colour,
    block_key,
    blocks_of,
    factor_panel,
    factor_sheet,
    short,
)
from sim.figures.style.marks import LETTER, QUIET, lighter
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style

MOST_LABELS = 14


def elementary_effects(table: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None) -> Figure:
    """Which factors move the outcome, do they do it straight, and which lie at the floor?

    Parameters
    ----------
    table : factor, block, mu_star, mu_star_low, mu_star_high, sigma, floor, standing
    about : "title", "unit" and "footer"
    """
    with house_style():
        rows = table[~table["factor"].str.startswith("dummy")]
        figure = factor_sheet(about["title"], about["footer"], 104, figure)
        block_key(figure, blocks_of(rows))
        axes = factor_panel(figure, 15, TOP, WIDTH - 15 - 40, 104 - TOP - FOOT)
        draw_elementary(axes, rows, about["unit"])
        rows = rows[rows["factor"] != "luck"]
        matter = int((rows["standing"] == "influential").sum())
        figure.text(
            (WIDTH - 37) / WIDTH,
            0.78,
            textwrap.fill(
                f"{matter} of {len(rows)} factors are influential (full marks). On the broken line an effect changes "
                "as much as it is large: a factor above it is curved or interacts. Bars: 95% interval of mu*. Dotted: "
                "2% of the largest effect, or what nothing reaches.",
                27,
            ),
            fontsize=LETTER,
            color=QUIET,
            va="top",
        )
    return figure


def draw_elementary(axes: Axes, rows: pd.DataFrame, unit: str) -> Axes:
    """mu* against sigma, one mark a factor."""
    top = float(max(rows["mu_star_high"].max(), 1e-12))
    for row in rows.to_dict("records"):
        colour, good = block_colour(row["block"]), row["standing"] == "influential"
        axes.plot(
            [row["mu_star_low"], row["mu_star_high"]], [row["sigma"]] * 2, color=lighter(colour, 0.6), linewidth=1
        )
        axes.plot(
            row["mu_star"],
            row["sigma"],
            marker="D" if row["factor"] == "luck" else "o",
            markersize=4,
            color=colour,
            markerfacecolor=colour if good else "white",
        )
    axes.plot([0, top], [0, top], color=QUIET, linewidth=0.6, linestyle="--", zorder=1)
    axes.axvline(
        max(float(rows["floor"].max()), 0.02 * float(rows["mu_star"].max())), color=FLOOR, linewidth=0.8, linestyle=":"
    )
    axes.set_xlim(0, top * 1.05)
    axes.set_ylim(0, max(float(rows["sigma"].max()) * 1.08, 1e-12))
    _label_points(axes, rows.nlargest(MOST_LABELS, "mu_star"))
    axes.set_xlabel(f"mu*: mean size of the change over a factor's whole range [{unit}]")
    axes.set_ylabel(f"sigma: spread of that change [{unit}]")
    axes.grid(axis="both")
    return axes


def _label_points(axes: Axes, rows: pd.DataFrame) -> None:
    """Names beside marks; one that would lie on another moves up, and one that has no room goes."""
    taken: list[tuple[float, float]] = []
    (_, right), (_, top) = axes.get_xlim(), axes.get_ylim()
    for row in rows.to_dict("records"):
        x, y = row["mu_star"] / right, row["sigma"] / top
        at = next(
            (
                y + shift
                for shift in (0.0, 0.035, -0.035, 0.07, -0.07)
                if all(abs(y + shift - b) > 0.03 or abs(x - a) > 0.3 for a, b in taken)
            ),
            None,
        )
        if at is None:
            continue
        taken.append((x, at))
        side = "left" if x < 0.7 else "right"
        axes.annotate(
            short(row["factor"]),
            (row["mu_star"], at * top),
            xytext=(4 if side == "left" else -4, 4),
            textcoords="offset points",
            fontsize=LETTER,
            color=block_colour(row["block"]),
            ha=side,
            va="center",
        )
