"""Many scenarios against one base on a single page: a row for each scenario, a column for each outcome."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.scale import SymmetricalLogTransform
from matplotlib.ticker import FuncFormatter, NullLocator

from sim.figures.style import in_house_style
from sim.figures.style.marks import BASE, INK, LETTER, QUIET
from sim.figures.style.sheet import WIDTH, Sheet, shortened

SURE = "#332288"
STRIPE = "#f3f3f0"
ROW, NAMES, TOP, FOOT, NUMBERS = 4.3, 37.0, 18.5, 19.0, 9.6
"""Height of a line, room of the names, above, below, and of the numbers of a column [mm]."""

MOST_LETTERS = 26
MARGIN = 0.09
"""Part of an axis that is kept free at either end."""


@dataclass(frozen=True)
class Column:
    """One outcome of the overview; its axis is linear up to ``linear`` and logarithmic beyond."""

    outcome: str
    title: str
    unit: str
    linear: float


COLUMNS = (
    Column("L3_CN_open_US", "Chinese use,\nUS startups", "points", 1.0),
    Column("focus_share", "usage share\nin focus", "points", 1.0),
    Column("adoption_all", "adoption\nworldwide", "points", 1.0),
    Column("SX_US", "US security\nexposure", "points", 1.0),
    Column("capability_gap", "Chinese lead\nin capability", "nats", 0.1),
    Column("log_compute_CN", "compute\nof China", "%", 10.0),
)


@in_house_style
def overview(table: pd.DataFrame, about: dict[str, str], figure: Figure | None = None) -> Figure:
    """What does every scenario change, beside all the others?

    Parameters
    ----------
    table : rows with columns other, outcome, difference, low, high, distinguishable, identical, in spoken units; the
        scenarios stand from top to bottom in the order in which they first appear
    about : "base", "when" levels are read and "footer" of the figure
    """
    names = list(dict.fromkeys(table["other"]))
    tall = ROW * len(names)
    heading = f"What does each scenario change? Difference from {about['base']} {about['when']}"
    sheet = Sheet(TOP + tall + FOOT, heading, figure)
    stripes = sheet.panel(1.0, TOP, WIDTH - 2.0, tall)
    stripes.set_axis_off()
    stripes.set_ylim(len(names) - 0.5, -0.5)
    for place, name in enumerate(names):
        if place % 2 == 0:
            stripes.axhspan(place - 0.5, place + 0.5, color=STRIPE, linewidth=0)
        sheet.text(2.0, TOP + ROW * (place + 0.5), shortened(name, MOST_LETTERS), va="center_baseline")
    across = (WIDTH - NAMES - 1.0) / len(COLUMNS)
    for number, column in enumerate(COLUMNS):
        x = NAMES + across * number
        axes = sheet.panel(x, TOP, across - NUMBERS - 1.5, tall)
        sheet.text(x, 8.6, column.title, fontweight="bold", va="top", linespacing=1.15)
        sheet.text(x + across - 2.0, TOP - 3.3, f"[{column.unit}]", color=QUIET, ha="right", va="top")
        draw_column(axes, table[table["outcome"] == column.outcome], names, column, NUMBERS / across)
    notes = (
        "dot: mean paired difference, bar: its 95% interval (luck only), number: the mean; hollow: not told from zero; "
        "=: same",
        "horizontal axes are linear between the two inner ticks and logarithmic beyond them",
        about["footer"],
    )
    for line, note in enumerate(notes):
        sheet.text(1.5, sheet.height - 7.6 + 3.0 * line, note, color=QUIET)
    return sheet.figure


def draw_column(axes: Axes, rows: pd.DataFrame, names: list[str], column: Column, numbers: float) -> None:
    """One outcome of all scenarios; the mean stands beside each interval.

    Parameters
    ----------
    numbers : part of the column's width that the numbers take
    """
    axes.patch.set_alpha(0.0)
    ends = pd.concat([rows["low"], rows["high"], rows["difference"], pd.Series([0.0])]).dropna()
    axes.set_xscale("symlog", linthresh=column.linear, linscale=1.0)
    low, high = min(ends.min(), -column.linear), max(ends.max(), column.linear)
    drawn = SymmetricalLogTransform(10, column.linear, 1.0)
    left, right = drawn.transform([low, high])
    spare = MARGIN * (right - left)
    axes.set(
        xlim=map(float, drawn.inverted().transform([left - spare, right + spare])),
        ylim=(len(names) - 0.5, -0.5),
        yticks=[],
    )
    axes.axvline(0.0, color=BASE, linewidth=0.8)
    for row in rows.itertuples():
        y = names.index(row.other)
        sure = bool(row.distinguishable)
        colour = SURE if sure else QUIET
        if not row.identical:
            if pd.notna(row.low):
                axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.3, solid_capstyle="butt")
            axes.plot(
                row.difference,
                y,
                marker="o",
                markersize=3.2,
                color=colour,
                markeredgewidth=0.8,
                markerfacecolor=colour if sure else "white",
            )
        axes.text(
            1.0 + 0.94 * numbers / (1 - numbers),
            y,
            "=" if row.identical else _number(row.difference, column),
            transform=axes.get_yaxis_transform(),
            fontsize=LETTER,
            color=INK if sure else QUIET,
            ha="right",
            va="center_baseline",
            clip_on=False,
        )
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    axes.grid(axis="x")
    axes.set_xticks(_ticks(low, high, column.linear))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes.tick_params(axis="x", labelrotation=90)


def _ticks(low: float, high: float, linear: float) -> list[float]:
    """Zero, the ends of the linear part, and the decades within the limits."""
    ticks, decade = {-linear, 0.0, linear}, 10 * linear
    while decade <= max(-low, high):
        ticks |= {value for value in (-decade, decade) if low <= value <= high}
        decade *= 10
    return sorted(ticks)


def _number(value: float, column: Column) -> str:
    """A mean with the digits that its column has room for."""
    places = 0 if abs(value) >= 99.5 else 1 if column.linear > 0.1 and abs(value) >= 0.95 else 2
    text = f"{value:+.{places}f}"
    if not text.strip("+-0."):
        text = f"{value:+.3f}" if abs(value) >= 0.0005 else "0"
    return text.replace("-", "−")
