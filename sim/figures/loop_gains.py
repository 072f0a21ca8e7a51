"""Gains of the loops against the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style import in_house_style
from sim.figures.style.axes import as_rows
from sim.figures.style.loops import MINUS, loop_name, loop_sheet
from sim.figures.style.marks import BASE, LETTER
from sim.figures.style.sheet import WIDTH, Sheet
from sim.model.loops import LOOPS

BOUND = "#882255"
HORIZON_LOOKS: tuple[dict[str, Any], ...] = (
    {"marker": "s", "color": "#9DB6CE"},
    {"marker": "D", "color": "#5585B5"},
    {"marker": "o", "color": "#0B3C6F"},
)
AMPLIFIED: dict[str, Any] = {"marker": "^", "color": MINUS}
ROW, TOP, LEFT, WIDE = 6.2, 17.0, 44.0, 58.0

Looks = Mapping[int, Mapping[str, Any]]
"""Horizon -> marker and colour."""


@in_house_style
def loop_gains(
    gains: pd.DataFrame, bound: pd.DataFrame, about: Mapping[str, str], figure: Figure | None = None
) -> Figure:
    """Does any loop, or all of them together, return more than was put in?

    Parameters
    ----------
    gains : loop, sector, horizon, estimator, gain, low, high
    bound : sector, type, bound
    about : "footer"
    """
    horizons = sorted(set(gains["horizon"]))
    looks = dict(zip(horizons, HORIZON_LOOKS[-len(horizons) :], strict=True))
    isolated = gains[gains["estimator"] == "cut and inject, isolated"]
    in_place = gains[gains["estimator"] == "cut and inject, in place"]
    amplified = gains[(gains["estimator"] == "amplification") & (gains["horizon"] == horizons[-1])]
    loops = [loop for loop in LOOPS if loop in set(gains["loop"])]
    sectors = [sector for sector in dict.fromkeys(isolated["sector"]) if sector != "all"]
    notes = [
        "Bars: 95% intervals by the jackknife over replicates. Filled: all loops cut, so that gains add up (E2); "
        "hollow: only this loop cut; triangle: by amplification (E3), last horizon. Right: the gain of all loops "
        "together, and of the data loops the bound that no scale of deployment can lift (V8). Above 1 a lead feeds "
        "itself.",
        about["footer"],
    ]
    lines = max(len(loops), len(sectors) + 2)
    sheet = loop_sheet(TOP + ROW * lines + 10.0, "Does any loop return more than was put in?", notes, figure)
    for place, (horizon, look) in enumerate(looks.items()):
        _key(sheet, 1.5 + 27 * place, f"after {horizon} months", **look, markersize=4)
    x = 1.5 + 27 * len(looks)
    _key(sheet, x, f"amplification, {horizons[-1]} months", **AMPLIFIED, markersize=5, markeredgewidth=0)
    words = "bound on the sector's data loop (V8)"
    _key(sheet, x + 38, words, marker="|", color=BOUND, markersize=5, markeredgewidth=1.5)
    draw_loops(sheet.panel(LEFT, TOP, WIDE, ROW * lines), loops, lines, isolated, in_place, amplified, looks)
    axes = sheet.panel(LEFT + WIDE + 27.0, TOP, WIDTH - LEFT - WIDE - 31.0, ROW * lines)
    draw_totals(axes, sectors, isolated, amplified, bound, looks)
    return sheet.figure


def _key(sheet: Sheet, x: float, words: str, **look: float | str) -> None:
    """A mark, and what it means."""
    axes = sheet.panel(x, 7.0, 3.0, 3.0)
    axes.plot([0], [0], **look)  # type: ignore[arg-type]
    axes.axis("off")
    sheet.text(x + 3.5, 8.5, words, va="center")


def draw_loops(
    axes: Axes,
    loops: Sequence[str],
    lines: int,
    isolated: pd.DataFrame,
    in_place: pd.DataFrame,
    amplified: pd.DataFrame,
    looks: Looks,
) -> None:
    """Each loop over all sectors, by three estimators, with room for so many lines."""
    _draw_gains(axes, loops, isolated[isolated["sector"] == "all"], looks)
    _draw_gains(axes, loops, in_place[in_place["sector"] == "all"], looks, filled=False)
    _draw_gains(axes, loops, amplified, {max(looks): AMPLIFIED}, shift=0.36)
    as_rows(axes, [loop_name(loop)[:34] for loop in loops], lines)
    axes.set(title="Each loop", xlabel="utils returned per util put in (1 lies far to the right)")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.axvline(0.0, color=BASE, linewidth=0.7)


def draw_totals(
    axes: Axes,
    sectors: Sequence[str],
    isolated: pd.DataFrame,
    amplified: pd.DataFrame,
    bound: pd.DataFrame,
    looks: Looks,
) -> None:
    """All loops together, by sector, with the bound on data loops, against the threshold."""
    names = ["all", *sectors]
    _draw_gains(axes, names, isolated[isolated["loop"] == "total"], looks, by="sector")
    total = amplified[amplified["loop"] == "total"]
    _draw_gains(axes, names, total, {max(looks): AMPLIFIED}, shift=0.36, by="sector")
    for row in bound[bound["sector"].isin(names)].itertuples():
        y = names.index(row.sector) + 0.36
        axes.plot(row.bound, y, marker="|", markersize=7, color=BOUND, markeredgewidth=1.8, zorder=4)
    axes.axvline(1.0, color=MINUS, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.axvline(0.0, color=BASE, linewidth=0.7)
    as_rows(axes, ["all sectors", *sectors])
    axes.grid(visible=False)
    axes.set(
        title="All together, by sector",
        xlabel="utils returned per util put in",
        xlim=(min(-0.1, axes.get_xlim()[0]), max(1.35, axes.get_xlim()[1])),
        ylim=(len(names) + 0.5, -0.6),
    )
    axes.text(
        1.0,
        len(names) - 0.35,
        "threshold 1",
        color=MINUS,
        fontsize=LETTER,
        ha="center",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )


def _draw_gains(
    axes: Axes,
    names: Sequence[str],
    rows: pd.DataFrame,
    looks: Looks,
    *,
    filled: bool = True,
    shift: float | None = None,
    by: str = "loop",
) -> None:
    """Points with their intervals, one line a name, horizons a little apart."""
    for place, (horizon, look) in enumerate(looks.items()):
        step = (place - (len(looks) - 1) / 2) * 0.24 if shift is None else shift
        for row in rows[(rows["horizon"] == horizon) & rows[by].isin(names)].itertuples():
            y = list(names).index(getattr(row, by)) + step + (0.0 if filled else 0.1)
            axes.plot([row.low, row.high], [y, y], color=look["color"], linewidth=0.9, solid_capstyle="butt", zorder=2)
            axes.plot(
                row.gain,
                y,
                **look,
                markersize=3.2,
                markeredgewidth=0.7,
                markerfacecolor=look["color"] if filled else "white",
                zorder=3,
            )
    axes.margins(x=0.06)
