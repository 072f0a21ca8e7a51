"""Gains of the loops against the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.figures.style.loops import MINUS, loop_name, loop_panel, loop_sheet, notes_height
from sim.figures.style.marks import INK, LETTER
from sim.figures.style.page import WIDTH
from sim.figures.style.registry import house_style
from sim.model.loops import LOOPS

BOUND = "#882255"


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
    looks = dict(zip(horizons, (("s", "#9DB6CE"), ("D", "#5585B5"), ("o", "#0B3C6F"))[-len(horizons) :], strict=True))
    isolated = gains[gains["estimator"] == "cut and inject, isolated"]
    inside = gains[gains["estimator"] == "cut and inject, in place"]
    amplified = gains[gains["estimator"] == "amplification"]
    loops = [loop for loop in LOOPS if loop in set(gains["loop"])]
    sectors = [sector for sector in dict.fromkeys(isolated["sector"]) if sector != "all"]
    notes = [
        "Bars: 95% intervals by the jackknife over replicates. Filled: all loops cut, so that gains add up (E2); "
        "hollow: only this loop cut; triangle: by amplification (E3), last horizon. Right: the gain of all loops "
        "together, and of the data loops the bound that no scale of deployment can lift (V8). Above 1 a lead feeds "
        "itself.",
        about["footer"],
    ]
    row, top, left = 6.2, 17.0, 44.0
    count = max(len(loops), len(sectors) + 2)
    tall, foot = row * count, notes_height(notes) + 10.0
    height = top + tall + foot
    with house_style():
        figure = loop_sheet(figure, height, "Does any loop return more than was put in?", notes)
        x = 1.5
        for horizon, (marker, colour) in looks.items():
            axes = loop_panel(figure, height, x, 7.0, (3.0, 3.0))
            axes.plot([0], [0], marker=marker, color=colour, markersize=4)
            axes.axis("off")
            figure.text(
                (x + 3.5) / WIDTH, 1 - 8.5 / height, f"after {horizon} months", fontsize=LETTER, va="center", color=INK
            )
            x += 27
        for at, marker, colour, words in (
            (x, "^", MINUS, f"amplification, {horizons[-1]} months"),
            (x + 38, "|", BOUND, "bound on the sector's data loop (V8)"),
        ):
            axes = loop_panel(figure, height, at, 7.0, (3.0, 3.0))
            axes.plot([0], [0], marker=marker, color=colour, markersize=5, markeredgewidth=1.5 if marker == "|" else 0)
            axes.axis("off")
            figure.text((at + 3.5) / WIDTH, 1 - 8.5 / height, words, fontsize=LETTER, va="center", color=INK)
        wide = 58.0
        axes = loop_panel(figure, height, left, top, (wide, tall))
        _forest(axes, loops, looks, isolated[isolated["sector"] == "all"], filled=True)
        _forest(axes, loops, looks, inside[inside["sector"] == "all"], filled=False)
        last = amplified[amplified["horizon"] == horizons[-1]]
        _forest(axes, loops, {horizons[-1]: ("^", MINUS)}, last, filled=True, shift=0.36)
        axes.set_yticks(range(len(loops)), [loop_name(loop)[:34] for loop in loops])
        axes.set_ylim(count - 0.4, -0.6)
        axes.set_title("Each loop")
        axes.set_xlabel("utils returned per util put in (1 lies far to the right)")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.axvline(0.0, color="#404040", linewidth=0.7)
        second = loop_panel(figure, height, left + wide + 27.0, top, (WIDTH - left - wide - 31.0, tall))
        _totals(second, isolated, amplified, bound, sectors, looks)
    return figure


def _forest(
    axes: Axes,
    names: Sequence[str],
    looks: Mapping[int, tuple[str, str]],
    rows: pd.DataFrame,
    *,
    filled: bool,
    shift: float | None = None,
    by: str = "loop",
) -> None:
    """Points with their intervals, one line a name, horizons a little apart."""
    for place, (horizon, (marker, colour)) in enumerate(looks.items()):
        step = (place - (len(looks) - 1) / 2) * 0.24 if shift is None else shift
        if not filled:
            step += 0.1
        for each in rows[rows["horizon"] == horizon].itertuples():
            name = getattr(each, by)
            if name not in names:
                continue
            y = list(names).index(name) + step
            axes.plot([each.low, each.high], [y, y], color=colour, linewidth=0.9, solid_capstyle="butt", zorder=2)
            axes.plot(
                each.gain,
                y,
                marker=marker,
                markersize=3.2,
                color=colour,
                markeredgewidth=0.7,
                markerfacecolor=colour if filled else "white",
                zorder=3,
            )
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.06)


def _totals(
    axes: Axes,
    isolated: pd.DataFrame,
    amplified: pd.DataFrame,
    bound: pd.DataFrame,
    sectors: Sequence[str],
    looks: Mapping[int, tuple[str, str]],
) -> None:
    """All loops together, by sector, with the bound on data loops, against the threshold."""
    names = ["all", *sectors]
    total = isolated[isolated["loop"] == "total"]
    _forest(axes, names, looks, total, filled=True, by="sector")
    last = max(looks)
    _forest(
        axes,
        names,
        {last: ("^", MINUS)},
        amplified[(amplified["loop"] == "total") & (amplified["horizon"] == last)],
        filled=True,
        shift=0.36,
        by="sector",
    )
    for each in bound[bound["sector"].isin(names)].itertuples():
        y = names.index(each.sector) + 0.36
        axes.plot(each.bound, y, marker="|", markersize=7, color=BOUND, markeredgewidth=1.8, zorder=4)
    axes.axvline(1.0, color=MINUS, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.axvline(0.0, color="#404040", linewidth=0.7)
    axes.set_yticks(range(len(names)), ["all sectors", *sectors])
    axes.set_ylim(len(names) + 0.5, -0.6)
    axes.set_xlim(min(-0.1, axes.get_xlim()[0]), max(1.35, axes.get_xlim()[1]))
    axes.set_title("All together, by sector")
    axes.set_xlabel("utils returned per util put in")
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
